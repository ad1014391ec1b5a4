"""A library with a clock that moves when told to, readers with addresses, and a post that delivers into a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from desk import NOW
from desk import paper as record
from sqlalchemy import func, select

from broadsheet.jobs import Event, Post
from broadsheet.library import Library
from broadsheet.records import Batch, Reader, Signal
from broadsheet.settings import Settings
from broadsheet.store.schema import metadata

URL = "https://papers.example.org"


OPEN: list[Town] = []  # closed after each test


def close() -> None:
    """Close the libraries that a test opened."""
    while OPEN:
        OPEN.pop().library.close()


class Town:
    """One library; `turn` lets the post work until there is nothing more to do now."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.now = NOW
        self.out = home / "out"
        given = {"url": URL, "smtp_url": f"file://{self.out}", "registration": "open", **settings}
        self.library = Library(Settings(home=home, **given), clock=lambda: self.now)
        self.events: list[Event] = []
        self.post = Post(self.library, now=lambda: self.now, report=self.events.append)
        self._added = 0
        OPEN.append(self)

    def turn(self) -> None:
        while self.post.turn():
            pass

    def wait(self, **time: float) -> None:
        """Let time go by, an hour at a time, with the post at work."""
        end = self.now + timedelta(**time)
        while self.now < end:
            self.now = min(end, self.now + timedelta(hours=1))
            self.turn()

    def publish(self, *titles: str, votes: Sequence[int] = (), index: bool = False, **more: Any) -> list[int]:
        """Add papers of the present day and return their keys."""
        day = self.now.date().isoformat()
        records = []
        for place, title in enumerate(titles):
            self._added += 1
            signals = (Signal("votes", day, votes[place], "test"),) if votes else ()
            fields = {"title": title, "date": day, "announced": day, "signals": signals, **more}
            name = f"arxiv:2603.{self._added:05}"
            records.append(replace(record(name), **{"identifiers": (name,), **fields}))
        batch = Batch(tuple(records), str(self._added))
        self.library.store.add(batch, cursor_name="file:town", source="test", now=self.now)
        if index:
            self.library.refresh()
            self.library._current.close()  # the new one is opened now rather than a second after the last
            self.library.snapshot  # noqa: B018
        return [self.library.paper(r.identifiers[0]).key for r in records]

    def rows(self, table: str) -> int:
        """Return how many rows a table has."""
        with self.library.store._database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(metadata.tables[table])) or 0

    def reader(self, address: str = "ada@example.org") -> Reader:
        """Return a reader whose address is confirmed, and who follows nothing yet."""
        asked = self.library.store.readers.with_address(address, now=self.now)
        confirmed = self.library.store.readers.confirm(asked.id, address, now=self.now)
        assert confirmed is not None
        return confirmed

    @property
    def letters(self) -> list[Message]:
        """What was delivered, by Message-ID."""
        files = sorted(self.out.glob("*.eml")) if self.out.exists() else []
        return [message_from_bytes(file.read_bytes()) for file in files]

    def letters_to(self, address: str, kind: str = "") -> list[Message]:
        """What was delivered to an address, of a kind or all."""
        return [one for one in self.letters if one["To"] == address and one["Message-ID"].startswith(f"<{kind}")]


def text_of(letter: Message) -> str:
    """The text of a letter."""
    for part in letter.walk():
        if part.get_content_type() == "text/plain":
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content.decode().replace("\r\n", "\n")
    raise AssertionError("the letter has no text")


def link(letter: Message, beginning: str) -> str:
    """The path of the link in a letter's text that begins so."""
    found = re.search(rf"{URL}({beginning}\S+)", text_of(letter))
    assert found, text_of(letter)
    return found[1]


def titles(letter: Message, *known: str) -> list[str]:
    """Which of these titles a letter has, in its order."""
    text = text_of(letter)
    return sorted((title for title in known if title in text), key=text.index)


def moment(text: str) -> datetime:
    """A time in UTC."""
    return datetime.fromisoformat(text + "+00:00")
