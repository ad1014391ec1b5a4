"""Hooks: a follow's matches posted to an address, as soon as they are here, each once."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import get_args
from urllib.parse import parse_qs, urlsplit

from broadsheet.errors import InputError, NotFound
from broadsheet.library.delivery import Delivery
from broadsheet.library.newsroom import Newsroom
from broadsheet.records import Follow, Hook, HookFormat, Mail, Paper, Pick, Reader, Section
from broadsheet.store.freshness import stamp
from broadsheet.store.hooks import Posting

MOST_HOOKS = 20  # of one reader
_LONGEST = 2_000  # characters of an address or token
_AT_ONCE = 100  # hooks looked at in one round
_MANY = 50  # hooks for which the texts of new papers are read; for fewer the index is asked
_LOOKED_AGAIN = timedelta(minutes=10)
_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=4)
_PATIENCE = timedelta(days=3)  # of failing, until a hook stops
_TRANSLATED = IPv6Network("64:ff9b::/96")  # IPv4 behind NAT64 (RFC 6052)
_SECRET_BYTES = 24  # as Standard Webhooks ask for at least


class Hooks(Delivery):
    """Where readers have the matches of their follows posted to."""

    def add_hook(self, reader: Reader, follow: int, url: str, *, format: HookFormat = "json", token: str = "") -> Hook:
        """Have what matches a follow from now on posted to an address, and return the hook with its secret.

        `format` is how: JSON that is signed, or what Slack, Matrix, Discord or Telegram take. `token` is Matrix's.

        Raises:
            NotFound: it is not one of the reader's follows.
            InputError: the address cannot be posted to, or there are too many.
        """
        self._may(reader, "save")
        self.followed(reader, follow)
        if len(self.hooks(reader)) >= MOST_HOOKS:
            raise InputError(f"You have {MOST_HOOKS} webhooks already; remove one of them first.")
        secret = "whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        hook = Hook(
            id=0,
            reader=reader.id,
            follow=follow,
            url=self._checked(url.strip(), format, token.strip()),
            format=format,
            token=token.strip(),
            secret=secret,
            newest=self.store.follows.newest_key(),
            looked=stamp(self.now),
            due=stamp(self.now),
        )
        return self.store.hooks.add(hook)

    def hooks(self, reader: Reader) -> list[Hook]:
        """Return a reader's hooks."""
        return self.store.hooks.of(reader.id)

    def remove_hook(self, reader: Reader, number: int) -> None:
        """Post nothing more to a hook.

        Raises:
            NotFound: it is not one of the reader's.
        """
        if not self.store.hooks.remove(reader.id, number, now=self.now):
            raise NotFound("You have no such webhook.")

    def test_hook(self, reader: Reader, number: int) -> None:
        """Have a hook posted something that says it is a test; one that was stopped starts again.

        Raises:
            NotFound: it is not one of the reader's.
            InputError: webhooks are turned off, or its address may not be posted to any more.
        """
        hook = self.store.hooks.get(number)
        if hook is None or hook.reader != reader.id:
            raise NotFound("You have no such webhook.")
        self._checked(hook.url, hook.format, hook.token)
        self.store.hooks.test(hook, now=self.now)

    def _checked(self, url: str, format: str, token: str) -> str:
        if self.settings.webhooks == "off":
            raise InputError("Webhooks are turned off here (BROADSHEET_WEBHOOKS).")
        if format not in get_args(HookFormat):
            raise InputError(f"A webhook's format is one of {', '.join(get_args(HookFormat))}, not {format!r:.40}.")
        if max(len(url), len(token)) > _LONGEST or not url.isprintable() or not (token + "x").isascii():
            raise InputError(f"An address or token has at most {_LONGEST:,} characters, all of them printable.")
        check_address(url, anywhere=self.settings.webhooks == "any")
        _check_format(url, format, token)
        return url

    # -- planning ------------------------------------------------------------------------------------------------------

    @property
    def hooks_due(self) -> bool:
        """Whether `plan_hooks` would look at any."""
        return self.settings.webhooks != "off" and bool(self.store.hooks.due(self.now, 1))

    def plan_hooks(self) -> int:
        """Look at the hooks that are due for new matches of their follows, and return how many will be posted to."""
        now = self.now
        due = self.store.hooks.due(now, _AT_ONCE)
        followed = {hook.id: self.store.follows.get(hook.follow) for hook in due}
        seen = [(hook, _as_seen(follow, hook)) for hook in due if (follow := followed[hook.id]) is not None]
        if not seen:
            return 0
        oldest = min(hook.newest for hook, _ in seen)
        newsroom = Newsroom(self.store, self._open_snapshot(), now, oldest, few=len(seen) < _MANY)
        newsroom.prepare([follow for _, follow in seen])
        return sum(self._planned_hook(hook, follow, newsroom, now) for hook, follow in seen)

    def _planned_hook(self, hook: Hook, follow: Follow, newsroom: Newsroom, now: datetime) -> bool:
        from broadsheet.rank.digest import Found, compose

        picks = newsroom.picks(follow)
        known = self.store.hooks.known_to(hook, {pick.key for pick in picks}) if picks else set[int]()
        section = next(iter(compose([Found(follow, picks)], known)), None)
        posting = Posting(hook, newsroom.newest(follow), section, now + _LOOKED_AGAIN)
        return self.store.hooks.plan(posting, now=now) and section is not None

    # -- posting -------------------------------------------------------------------------------------------------------

    def claim_posts(self, limit: int, lease: float) -> list[Mail]:
        """Take what is due to be posted for so many seconds; what is not posted by then, another may take."""
        return self.store.outbox.claim(limit, now=self.now, lease=lease, hooks=True)

    def post_of(self, mail: Mail) -> tuple[Hook, Follow, Section | None, dict[int, Paper]] | None:
        """Return where something is to be posted, its follow, what was found and the papers; None where it is gone."""
        hook = self.store.hooks.get(mail.payload["hook"])
        follow = self.store.follows.get(hook.follow) if hook else None
        if hook is None or follow is None:
            return None
        told = mail.payload.get("section")
        if told is None:
            return hook, follow, None, {}
        section = Section(**{**told, "picks": tuple(Pick(**pick) for pick in told["picks"])})
        keys = [pick.key for pick in section.picks] + [pick.near for pick in section.picks if pick.near is not None]
        return hook, follow, section, {paper.key: paper for paper in self.store.papers(keys)}

    def post_arrived(self, mail: Mail) -> None:
        """Note that a post arrived."""
        self.store.outbox.sent([mail.id], now=self.now)
        self.store.hooks.arrived(mail.payload["hook"], now=self.now)

    def post_failed(self, mail: Mail, reason: str, *, gone: bool = False, wait: float = 0) -> None:
        """Try a post again, at growing distances, at least after so many seconds; stop a hook that failed for days.

        `gone` says that the address wants nothing more: then it stops at once.
        """
        now, patience = self.now, timedelta() if gone else _PATIENCE
        if self.store.hooks.failed(mail.payload["hook"], reason, now=now, patience=patience):
            return
        later = min(_FIRST_RETRY * (1 << min(mail.attempts - 1, 10)), _LONGEST_RETRY)
        until = now + max(later, min(timedelta(seconds=wait), _LONGEST_RETRY))
        self.store.outbox.postponed(mail.id, reason, until=until)

    def post_dropped(self, mail: Mail, reason: str) -> None:
        """Give a post up whose hook is not there any more."""
        self.store.outbox.failed(mail.id, reason, now=self.now)


def check_address(url: str, *, anywhere: bool) -> None:
    """See that an address may be posted to, as far as it can be told without asking for the name's numbers.

    Raises:
        InputError: it is no address of the web, holds a password, or is neither https nor public where it must be.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise InputError(f"{url!r:.100} is no address of the web.") from error
    if parts.scheme not in ("https", "http") or not host or parts.username is not None or parts.fragment:
        raise InputError("A webhook's address is https://HOST/..., without a user, a password or a #.")
    if anywhere:
        return
    if parts.scheme != "https":
        raise InputError("A webhook's address begins with https://.")
    if host == "localhost" or host.endswith(".localhost") or not are_public([host]):
        raise InputError(f"{host} is on a private network; whoever runs this paper can allow that (webhooks = any).")


def are_public(hosts: Collection[str]) -> bool:
    """Say whether no host is the number of a machine that only some networks reach; names count as public."""
    return all(_is_public(host) for host in hosts)


def _is_public(host: str) -> bool:
    try:
        number = ip_address(host.partition("%")[0])
    except ValueError:
        return True
    return all(one.is_global and not one.is_multicast and not one.is_reserved for one in _meant(number))


def _meant(number: IPv4Address | IPv6Address) -> Sequence[IPv4Address | IPv6Address]:
    """Return a number and the IPv4 number within it, which its network may lead to."""
    if isinstance(number, IPv4Address):
        return [number]
    inner = [number.ipv4_mapped, number.sixtofour, (number.teredo or (None, None))[1]]
    if number in _TRANSLATED:
        inner.append(IPv4Address(int(number) & 0xFFFF_FFFF))
    return [number, *(one for one in inner if one is not None)]


def _check_format(url: str, format: str, token: str) -> None:
    if format == "matrix" and not ("/rooms/" in urlsplit(url).path and token):
        raise InputError(
            "For Matrix, write https://HOMESERVER/_matrix/client/v3/rooms/ROOM_ID as address, and an access token."
        )
    if format == "telegram" and not parse_qs(urlsplit(url).query).get("chat_id"):
        raise InputError("For Telegram, write https://api.telegram.org/botTOKEN/sendMessage?chat_id=NUMBER as address.")


def _as_seen(follow: Follow, hook: Hook) -> Follow:
    return replace(follow, newest=hook.newest, looked=hook.looked)
