"""Logging in: by a link in a mail, by a password; and being logged in."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from broadsheet import rights
from broadsheet.errors import InputError, NotFound
from broadsheet.library.accounts import checked_email
from broadsheet.library.acts import Acts
from broadsheet.records import Reader, Session
from broadsheet.store import Link
from broadsheet.store.freshness import stamp

SESSION = timedelta(days=30)  # how long a session lasts without a visit
ROTATION = timedelta(days=1)  # how long it keeps its token
LOGIN_LINK, INVITATION = timedelta(hours=1), timedelta(days=7)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1_000
_AGENT = 200  # characters kept of what a browser calls itself
_WRONG = "Address and password do not belong together."

_hasher = PasswordHasher()  # RFC 9106's second recommendation: 64 MiB, 3 passes
# What a password is compared with where there is none, so that the time taken does not tell.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$0HwUTTWhRkt9H2CuAttQwQ$iWHVYcVlwX5Ad84rucyVGRYboxrKhnqwmuyeeo34xgg"


class Sessions(Acts):
    """Letting readers in."""

    # -- links in mails ------------------------------------------------------------------------------------------------

    def ask_to_log_in(self, email: str, *, next: str = "/", network: str | None = None) -> None:
        """Mail a link to log in, if the address may: what is done, and how long it takes, tells nobody whether.

        Raises:
            InputError: it is no address.
            TooMany: it was asked for too often, for this address or from this network.
        """
        address = checked_email(email)
        self._within(rights.ASK_FOR_MAIL, f"mail {address}")
        self._within(rights.LOG_IN, f"network {network}")
        known = self.store.readers.by_email(address)
        if known is not None and known.state == "unconfirmed":
            known = None  # anybody may have typed the address into the box
        welcome = known.state == "active" if known else self.settings.registration == "open"
        path = self._link(Link("login", address, known.id if known else None, next), LOGIN_LINK)
        if welcome:
            self._mail_link("login", address, path, minutes=round(LOGIN_LINK.total_seconds() / 60))

    def login_link(self, reader: Reader) -> str:
        """Return the path of a link that logs a reader in once, for those who hand it over themselves."""
        return self._link(Link("login", reader.email, reader.id, "/"), INVITATION)

    def invite(self, host: Reader, email: str) -> str:
        """Mail an invitation to make an account, and return the link's path.

        Raises:
            Forbidden: registration is closed, and the reader does not look after accounts.
        """
        self._may(host, "invite" if self.settings.registration != "closed" else "administer")
        address = checked_email(email)
        path = self._link(Link("invite", address, None, "/me"), INVITATION)
        self._mail_link("invite", address, path, host_name=host.name, days=INVITATION.days)
        return path

    def ask_for_address(self, reader: Reader, email: str) -> None:
        """Mail a link that makes an address the reader's; whether somebody else has it is not told."""
        address = checked_email(email)
        self._within(rights.LOG_IN, f"address {reader.id}")
        self._within(rights.ASK_FOR_MAIL, f"mail {address}")
        path = self._link(Link("address", address, reader.id, "/me"), LOGIN_LINK)
        if self.store.readers.by_email(address) is None:
            self._mail_link("address", address, path, minutes=round(LOGIN_LINK.total_seconds() / 60))

    def link(self, token: str) -> Link:
        """Return what a link is for, without using it.

        Raises:
            NotFound: it has been used, or is too old.
        """
        found = self.store.links.get(_hash(token), now=self.now)
        if found is None:
            raise NotFound("This link has been used, or is too old. Ask for a new one.")
        return found

    def follow_link(self, token: str) -> tuple[Reader, str]:
        """Use a link, and return who it lets in and where they wanted to go.

        Raises:
            NotFound: it has been used, or is too old, or the account is closed.
        """
        link = self.store.links.take(_hash(token), now=self.now) or self.link(token)
        reader = self._let_in(link)
        if reader is None or reader.state != "active":
            raise NotFound("This link lets nobody in any more.")
        return reader, link.next

    def _let_in(self, link: Link) -> Reader | None:
        known = self.store.readers.by_email(link.email or "") if link.reader is None else self.reader(link.reader)
        if known is not None:
            return self._proven(known, link)
        if link.reader is not None or (link.kind == "login" and self.settings.registration != "open"):
            return None
        return self.store.readers.add(email=link.email, name="", handle=None, role="reader", now=self.now)

    def _proven(self, known: Reader, link: Link) -> Reader | None:
        if known.state not in ("active", "unconfirmed") or (link.kind == "invite" and known.state == "active"):
            return None  # who invites may have the link in hand: it opens no account that is there already
        new = {"email": link.email} if link.kind == "address" else {}
        return self.store.readers.change(known.id, state="active", confirmed=stamp(self.now), **new)

    def _link(self, link: Link, lasting: timedelta) -> str:
        token = secrets.token_urlsafe(32)
        self.store.links.add(_hash(token), link, now=self.now, expires=self.now + lasting)
        return f"/login/{token}"

    @property
    def can_mail(self) -> bool:
        """Whether mail can be sent: links in it need the public address."""
        return bool(self.settings.url)

    def _mail_link(self, kind: str, address: str, path: str, **told: Any) -> None:
        base = self.settings.url.rstrip("/")
        self.enqueue_mail(kind, address, {"link": base + path, "home": base, **told}, urgent=True)

    # -- passwords -----------------------------------------------------------------------------------------------------

    def log_in(self, email: str, password: str, *, network: str | None = None) -> Reader:
        """Return the reader of an address and a password.

        Raises:
            InputError: they do not belong together; whether there is such a reader is not told, nor by the time taken.
            TooMany: it was tried too often, for this address or from this network.
        """
        address = email.strip().lower()[:256]
        self._within(rights.LOG_IN, f"network {network}")
        self._within(rights.LOG_IN, f"log in {address}")
        reader = self.store.readers.by_email(address)
        known = self.store.readers.password(reader.id) if reader else None
        fits = _is(known or _NOBODY, password)
        if not fits or known is None or reader is None or reader.state != "active":
            raise InputError(_WRONG)
        if _hasher.check_needs_rehash(known):
            self.store.readers.change(reader.id, password=_hasher.hash(password))
        return reader

    def set_password(self, reader: Reader, new: str, *, old: str = "", session: int | None = None) -> None:
        """Change a password and end all other sessions; the old one is asked for where there is one.

        Raises:
            InputError: the old one is wrong, or the new one too short.
        """
        known = self.store.readers.password(reader.id)
        if known is not None:
            self._within(rights.LOG_IN, f"password {reader.id}")
            if not _is(known, old):
                raise InputError("The old password is wrong.", "old")
        if not SHORTEST_PASSWORD <= len(new) <= LONGEST_PASSWORD:
            raise InputError(f"A password has at least {SHORTEST_PASSWORD} characters.", "new")
        self.store.readers.change(reader.id, password=_hasher.hash(new))
        self.store.sessions.end(reader.id, but=session)

    # -- sessions ------------------------------------------------------------------------------------------------------

    def start_session(self, reader: Reader, *, agent: str = "") -> str:
        """Log a reader in and return the token of the new session; nobody else has ever known it."""
        token, now = secrets.token_urlsafe(32), self.now
        self.store.sessions.start(reader.id, _hash(token), agent=agent[:_AGENT], now=now, expires=now + SESSION)
        return token

    def session(self, token: str) -> tuple[Session, Reader] | None:
        """Return a session and whose it is, while it lasts."""
        return self.store.sessions.find(_hash(token), now=self.now)

    def rotated(self, session: Session) -> str | None:
        """Return a new token for a session that has had its own for a day, else None; the old one soon ends."""
        if self.now - datetime.fromisoformat(session.rotated) < ROTATION:
            return None
        token = secrets.token_urlsafe(32)
        expires = self.now + SESSION
        return token if self.store.sessions.rotate(session, _hash(token), now=self.now, expires=expires) else None

    def sessions(self, reader: Reader) -> list[Session]:
        """Return where a reader is logged in, the last seen first."""
        return self.store.sessions.of(reader.id, now=self.now)

    def end_sessions(self, reader: Reader, session: int | None = None, *, but: int | None = None) -> None:
        """Log a reader out in one place, or everywhere, or everywhere but in one."""
        self.store.sessions.end(reader.id, session, but=but)


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def _is(known: str, password: str) -> bool:
    try:
        return _hasher.verify(known, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
