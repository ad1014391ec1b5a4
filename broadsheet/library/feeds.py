"""Private feeds: addresses that say whose they are, that nobody guesses, and that their reader can take back."""

from __future__ import annotations

import secrets
from dataclasses import replace

from broadsheet.errors import NotFound
from broadsheet.library.follows import Follows
from broadsheet.records import Follow, Paper, Reader

_PURPOSE = "feeds"


class Feeds(Follows):
    """The part of an address that lets a feed reader, which cannot log in, read what is a reader's own."""

    def feed_token(self, reader: Reader) -> str:
        """Return the token of a reader's private feeds."""
        return f"{reader.id}-{self.signature(_PURPOSE, self._now_valid(reader.id))}"

    def renew_feeds(self, reader: Reader) -> None:
        """Make the addresses of all private feeds of a reader invalid; new ones take their place."""
        self.store.set_state(f"{_PURPOSE}:{reader.id}", secrets.token_urlsafe(16))

    def feed_reader(self, token: str) -> Reader:
        """Return whose private feeds a token opens.

        Raises:
            NotFound: nobody's.
        """
        number, _, signature = token.partition("-")
        if number.isascii() and number.isdecimal() and len(number) < 16:
            valid = self.is_signed(_PURPOSE, self._now_valid(int(number)), signature)
            reader = self.store.readers.get(int(number)) if valid else None
            if reader is not None and reader.state in ("active", "local"):
                return reader
        raise NotFound("There is no such feed, or not any more.")

    def latest_of(self, reader: Reader, number: int, *, limit: int = 50) -> tuple[Follow, list[Paper]]:
        """Return a follow and what matches it of the papers that came last, the newest first.

        Raises:
            NotFound: it is not one of the reader's.
        """
        follow = self.followed(reader, number)
        newsroom = self._latest_news(self.now)
        recent = replace(follow, newest=newsroom.after, looked=None)
        keys = sorted((pick.key for pick in newsroom.picks(recent)), reverse=True)
        return follow, self.store.papers(keys[:limit])

    def _now_valid(self, number: int) -> str:
        return f"{number} {self.store.state(f'{_PURPOSE}:{number}') or ''}"
