"""What is new to a reader: what has come since they were last here, and what they have not opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from broadsheet.library.acts import Acts
from broadsheet.records import Listing, Marks, Reader, Visit

VISIT = timedelta(hours=1)  # without a page, after which a visit is over
_NOTED = timedelta(minutes=5)  # how often a visit that lasts is noted
MOST_COUNTED = 1_000


class Visits(Acts):
    """Visits, and the marks that come of them."""

    def visit(self, reader: Reader) -> Visit:
        """Note that the reader is here, and return since when what comes is new to them."""
        found = self.store.visits.get(reader.id)
        if found is not None and timedelta(0) <= self.now - datetime.fromisoformat(found.last) < _NOTED:
            return found
        return self.store.visits.note(reader.id, now=self.now, over=VISIT)

    def marks(self, reader: Reader, keys: Sequence[int], since: Visit | None = None) -> Marks:
        """Return what the reader has done with these papers, and which of them are new to them since a visit."""
        marks = super().marks(reader, keys)
        if since is None or since.known is None:
            return marks
        return replace(marks, new=frozenset(key for key in keys if key > since.known) - marks.seen)

    def see(self, reader: Reader, identifier: str) -> None:
        """Note that the reader has opened a paper's page."""
        key = self._key(identifier)
        if key not in super().marks(reader, [key]).seen:
            self.store.votes.see(reader.id, key, now=self.now)

    def unseen(self, reader: Reader, *, limit: int = 20, page: int = 1) -> Listing:
        """Return the papers that came since the reader's last visit and that they have not opened, the newest first."""
        visit = self.store.visits.get(reader.id)
        if visit is None or visit.known is None:
            return self._listed("", [], 0, page, more=False)
        keys = self.store.visits.unseen(reader.id, visit.known, limit + 1, (page - 1) * limit)
        return self._listed("", keys[:limit], self.count_unseen(reader), page, more=len(keys) > limit)

    def count_unseen(self, reader: Reader) -> int:
        """Return how many those are, at most `MOST_COUNTED`."""
        visit = self.store.visits.get(reader.id)
        known = None if visit is None else visit.known
        return 0 if known is None else self.store.visits.count_unseen(reader.id, known, MOST_COUNTED)

    def see_all(self, reader: Reader) -> None:
        """Let nothing that is here be new to the reader any more."""
        self.store.visits.all_seen(reader.id, now=self.now)
