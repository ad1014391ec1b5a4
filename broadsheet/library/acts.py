"""What readers do with papers: vote, save, hide. It counts at the next ranking."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any

from broadsheet.errors import InputError, NotFound
from broadsheet.library.accounts import Accounts
from broadsheet.library.reading import Reading
from broadsheet.records import Marks, Paper, Reader, Saved, Shelf

SHELF = "Saved"  # where papers go when no shelf is named
LONGEST_NAME, LONGEST_NOTE = 80, 10_000
_URGENT, _ORDINARY = 0, 10


class Acts(Reading, Accounts):
    """A reader's own marks on papers."""

    def vote(self, reader: Reader, identifier: str, *, network: str | None = None) -> bool:
        """Give a paper the reader's one vote; False when it has it already. `network` is where the reader is."""
        self._may(reader, "vote")
        hashed = None if network is None else self._network(network)
        return self.store.votes.add(reader.id, self._key(identifier), now=self.now, network=hashed)

    def unvote(self, reader: Reader, identifier: str) -> bool:
        """Take the reader's vote back; False when there was none."""
        self._may(reader, "vote")
        return self.store.votes.remove(reader.id, self._key(identifier))

    def votes_of(self, reader: Reader) -> list[Paper]:
        """Return the papers that a reader voted for, the last first."""
        return self.store.papers(self.store.votes.of_reader(reader.id))

    def save(self, reader: Reader, identifier: str, shelf: str = SHELF, note: str | None = None) -> None:
        """Put a paper on a shelf of the reader, which is made where it is missing, with a note or the one it has.

        Raises:
            InputError: the shelf has no name, or name or note are too long.
        """
        self._may(reader, "save")
        name = line(shelf, LONGEST_NAME, "The name of a shelf")
        if note is not None and len(note) > LONGEST_NOTE:
            raise InputError(f"A note has at most {LONGEST_NOTE:,} characters; this one has {len(note):,}.")
        self.store.shelves.save(reader.id, self._key(identifier), shelf=name, note=note, now=self.now)

    def unsave(self, reader: Reader, identifier: str, shelf: str | None = None) -> bool:
        """Take a paper from a shelf, or from all; False when it stood on none."""
        self._may(reader, "save")
        return self.store.shelves.unsave(reader.id, self._key(identifier), shelf=shelf)

    def shelves(self, reader: Reader) -> list[Shelf]:
        """Return a reader's shelves by name."""
        return self.store.shelves.of(reader.id)

    def saved(self, reader: Reader, shelf: int | None = None) -> list[Saved]:
        """Return what stands on one of the reader's shelves, or on all, the last saved first.

        Raises:
            NotFound: the shelf is not one of this reader's.
        """
        if shelf is not None and shelf not in {own.id for own in self.shelves(reader)}:
            raise NotFound("You have no such shelf.")
        return self.store.shelves.saved(reader.id, shelf=shelf)

    def kept(self, reader: Reader, identifier: str) -> list[tuple[str, str]]:
        """Return (shelf, note) of each of the reader's shelves that a paper stands on."""
        key, names = self._key(identifier), {own.id: own.name for own in self.shelves(reader)}
        return [(names[one.shelf], one.note) for one in self.store.shelves.saved(reader.id) if one.key == key]

    def shelf(self, reader: Reader, shelf: int | None = None) -> list[tuple[Paper, Saved]]:
        """Return the papers of one of the reader's shelves, or of all, with what was noted, the last saved first."""
        saved = self.saved(reader, shelf)
        papers = {paper.key: paper for paper in self.store.papers([one.key for one in saved])}
        return [(papers[one.key], one) for one in saved if one.key in papers]

    def hide(self, reader: Reader, identifier: str) -> None:
        """Keep a paper out of the reader's lists."""
        self._may(reader, "save")
        self.store.votes.hide(reader.id, self._key(identifier), now=self.now)

    def unhide(self, reader: Reader, identifier: str) -> None:
        """Let a paper stand in the reader's lists again."""
        self._may(reader, "save")
        self.store.votes.unhide(reader.id, self._key(identifier))

    def hidden(self, reader: Reader) -> list[Paper]:
        """Return the papers that a reader hid, the last first."""
        return self.store.papers(self.store.votes.hidden(reader.id))

    def marks(self, reader: Reader, keys: Sequence[int]) -> Marks:
        """Return what the reader has done with these papers."""
        return self._kept(lambda: self.store.votes.marks(reader.id, keys), "marks", reader.id, *keys)

    def enqueue_mail(
        self,
        kind: str,
        to: Reader | str,
        context: Mapping[str, Any],
        *,
        digest: int | None = None,
        urgent: bool = False,
    ) -> int | None:
        """Put mail into the outbox and return its number; None where the reader has no address.

        `kind` names the folder of its templates, `context` is what they are told; urgent mail goes first.
        """
        address = to.email if isinstance(to, Reader) else to
        if not address:
            return None
        return self.store.outbox.add(
            kind,
            address,
            context,
            reader=to.id if isinstance(to, Reader) else None,
            digest=digest,
            priority=_URGENT if urgent else _ORDINARY,
            due=self.now,
        )

    def _network(self, network: str) -> int:
        """Return 56 bits that tell networks apart and say nothing about them to those without the secret."""
        return int.from_bytes(urlsafe_b64decode(self.signature("network", network) + "=")[:7], "big")


def line(text: str, longest: int, what: str) -> str:
    """Return a text as one line.

    Raises:
        InputError: it is empty or too long.
    """
    line = " ".join(text.split())
    if not line or len(line) > longest:
        raise InputError(f"{what} has between 1 and {longest} characters.")
    return line
