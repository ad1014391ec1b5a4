"""Accounts: who reads here, and what they may do."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadsheet import rights
from broadsheet.errors import Forbidden, InputError, NotFound, TooMany
from broadsheet.library.secrets import Secrets
from broadsheet.records import Reader, Role
from broadsheet.rights import Buckets, Limit
from broadsheet.store.freshness import stamp
from broadsheet.text import normalise

LONGEST_NAME = 40
_LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3
_EMAIL = re.compile(
    r"[^\s@<>(),;:\\\"\[\]\x00-\x20\x7f]{1,64}@[^\s@<>(),;:\\\"\[\]\x00-\x20\x7f]+\.[^\s@.<>(),;:\\\"\[\]]{2,}"
)
_KEPT_HANDLES = ("reader-", "admin", "moderator", "editor", "broadsheet", "deleted", "you", "here")


class Accounts(Secrets):
    """Readers, their roles and limits."""

    def reader(self, number: int) -> Reader | None:
        """Return a reader by number."""
        return self.store.readers.get(number)

    def readers(self, *, limit: int = 200, page: int = 1) -> list[Reader]:
        """Return accounts, the oldest first."""
        return self.store.readers.all(limit, (page - 1) * limit)

    def find_reader(self, who: str) -> Reader:
        """Return the reader of an address, a name or a number.

        Raises:
            NotFound: there is no such reader.
        """
        number = int(who) if who.isascii() and who.isdigit() and len(who) < 12 else 0
        found = (
            (self.store.readers.get(number) if number else None)  # first: a name may be somebody else's number
            or self.store.readers.by_email(who.strip().lower())
            or self.store.readers.by_handle(normalise.slug(who.removeprefix("@")))
        )
        if found is None or found.state == "deleted":
            raise NotFound(f"There is no reader {who!r}; give an address, a name or a number.")
        return found

    def local_reader(self) -> Reader | None:
        """Return the reader of a laptop without accounts; None once an account has been made."""
        found, accounts = self._kept(self._sitting_here, "local reader")
        return found if found is not None or accounts else self.store.readers.make_local(now=self.now)

    def _sitting_here(self) -> tuple[Reader | None, bool]:
        return self.store.readers.local(), self.store.readers.has_accounts()

    def has_admin(self) -> bool:
        """Whether somebody looks after accounts; without, what others can reach is read-only."""
        return self._kept(self.store.readers.has_admin, "admin")

    def add_reader(self, email: str, *, name: str = "", role: Role = "reader", take_over: bool = False) -> Reader:
        """Make an account; `take_over` gives it all that the local reader has.

        Raises:
            InputError: the address is none, or address or name are taken, or there is no local reader to follow.
        """
        address = checked_email(email)
        called, handle = checked_name(name) if name else ("", None)
        if not take_over:
            return self.store.readers.add(email=address, name=called, handle=handle, role=role, now=self.now)
        local = self.store.readers.local()
        if local is None:
            raise InputError("There is no local reader whose shelf could be taken over.")
        named = {"name": called, "handle": handle} if name else {}
        values = {"email": address, "role": role, "state": "active", "confirmed": stamp(self.now), **named}
        return self.store.readers.change(local.id, **values)

    def set_role(self, reader: Reader, role: Role) -> Reader:
        """Change what a reader may do.

        Raises:
            InputError: nobody would be left to look after accounts.
        """
        return self.store.readers.set_role(reader.id, role)

    def ban(self, reader: Reader) -> Reader:
        """Lock a reader out, everywhere at once; their votes do not count any more.

        Raises:
            InputError: nobody would be left to look after accounts.
        """
        self.store.readers.ban(reader.id)
        self.store.sessions.end(reader.id)
        return self._same(reader)

    def unban(self, reader: Reader) -> Reader:
        """Let a banned reader in again; their votes count again."""
        self.store.readers.unban(reader.id)
        return self._same(reader)

    def rename(self, reader: Reader, name: str) -> Reader:
        """Change a reader's name, and with it the handle that mentions have.

        Raises:
            InputError: the name is empty, too long, kept for others, or taken.
        """
        called, handle = checked_name(name)
        return self.store.readers.change(reader.id, name=called, handle=handle)

    def set_timezone(self, reader: Reader, name: str) -> Reader:
        """Change which time zone a reader's days are of.

        Raises:
            InputError: there is no such time zone.
        """
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            words = f"The time zone {name!r:.80} is not known; write one such as Europe/Paris."
            raise InputError(words, "timezone") from error
        return self.store.readers.change(reader.id, timezone=name)

    def _same(self, reader: Reader) -> Reader:
        found = self.store.readers.get(reader.id)
        assert found is not None
        return found

    def _may(self, reader: Reader, act: rights.Act) -> None:
        """Raises:
        Forbidden: the reader's role does not let them do it.
        TooMany: they have done it too often lately.
        """
        if reader.state not in ("active", "local") or not rights.may(reader.role, act):
            raise Forbidden("You may not do that here.")
        limit = rights.limit(reader.role, act)
        if limit is not None and not reader.local:
            _refuse_in(self._acts.take(f"{act} {reader.id}", limit, at=self.now.timestamp()))

    def _within(self, limit: Limit, name: str) -> None:
        _refuse_in(self.store.limits.take(name, limit, at=self.now.timestamp()))

    @cached_property
    def _acts(self) -> Buckets:
        return Buckets()


def _refuse_in(seconds: int) -> None:
    if seconds:
        raise TooMany(f"That was too often; try again in {_duration(seconds)}.", seconds)


def checked_email(text: str) -> str:
    """Return an address in lower case.

    Raises:
        InputError: it is none.
    """
    address = text.strip().lower()
    if len(address) > _LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        raise InputError("That is not an e-mail address; it looks like ada@example.org.", "email")
    return address


def checked_name(text: str) -> tuple[str, str]:
    """Return a name and its handle.

    Raises:
        InputError: the name is empty, too long, or kept for others.
    """
    name = " ".join(text.split())
    handle = normalise.slug(name)
    if not handle or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(f"A name has letters, and at most {LONGEST_NAME} characters.", "name")
    if handle.startswith(_KEPT_HANDLES):
        raise InputError("This name is taken; choose another.", "name")
    return name, handle


def checked_role(text: str) -> Role:
    """Return a role.

    Raises:
        InputError: there is no such role.
    """
    found = next((role for role in rights.ROLES if role == text.strip().lower()), None)
    if found is None:
        raise InputError(f"There is no role {text!r}; choose one of {', '.join(rights.ROLES)}.")
    return found


def _duration(seconds: int) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def plain(reader: Reader) -> dict[str, Any]:
    """Return what may be said of an account to those who look after accounts."""
    names = ("id", "name", "handle", "email", "role", "state", "created", "confirmed")
    return {name: getattr(reader, name) for name in names}
