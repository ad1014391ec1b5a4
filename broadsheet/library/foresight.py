"""Foresight: how many votes the papers of an index run are expected to get, kept for front pages and trending."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from broadsheet.records import Paper
from broadsheet.store import Store

if TYPE_CHECKING:
    from broadsheet.rank.interest import Pasts

_CHUNK = 2_000  # papers whose expectation is kept in one transaction


class Foresight:
    """Gathers what is known of papers while they are indexed, and foresees their votes when their vectors are there."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys: list[int] = []
        self._features: list[list[float]] = []

    @cached_property
    def _pasts(self) -> Pasts:
        from broadsheet.rank.interest import Pasts

        return Pasts(self._store.fronts.receptions())

    def add(self, papers: Sequence[Paper]) -> None:
        """Take in papers; those that stand in no edition are passed over."""
        from broadsheet.rank.interest import facts

        for paper in papers:
            if paper.announced and paper.ranked:
                authors = self._store.fronts.authors(paper)
                known = facts(paper.title, paper.text, len(paper.authors), paper.date, paper.announced)
                self._keys.append(paper.key)
                self._features.append(known + self._pasts.of(authors, paper.announced))

    def keep(self, index_folder: Path) -> None:
        """Foresee by the snapshot that was just published, and keep it."""
        from broadsheet.index.snapshot import open_current
        from broadsheet.rank.interest import expected

        if self._keys:
            snapshot = open_current(index_folder)
            for first in range(0, len(self._keys), _CHUNK):
                chunk = slice(first, first + _CHUNK)
                self._store.fronts.expect(expected(snapshot, self._keys[chunk], self._features[chunk]))
