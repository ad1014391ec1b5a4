"""Recommending: what a reader would save next, and because of which paper."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from broadsheet.library.acts import Acts
from broadsheet.library.searching import Searching
from broadsheet.query import parse
from broadsheet.records import Hit, Listing, Reader, Saved

if TYPE_CHECKING:
    from broadsheet.rank import Taste

_VOTED = 0.5  # what a vote says, beside a paper saved today
_OPENED = 0.2  # what following a link in a digest says, of readers who want that
_UNWANTED = -1.0
_HALVED = 365.0  # days after which a saved paper says half as much
_LEAST = 0.25  # what it says at least
_ENOUGH = 5  # readers that must have saved something before co-reading counts: fewer could be told apart
_MOST_PAIRS = 100_000
_GOOD_FOR = 60.0  # seconds that what everybody saved is remembered


class Recommending(Searching, Acts):
    """For you: from what a reader saved, voted for and hid, or from a few papers picked for the purpose."""

    def recommend(
        self,
        reader: Reader | None = None,
        *,
        like: Sequence[str] = (),
        unlike: Sequence[str] = (),
        limit: int = 20,
        page: int = 1,
        after: str | None = None,
        category: str | None = None,
    ) -> Listing:
        """Return papers that a reader would save next, or those that one would who has saved only `like`.

        Each hit names the saved paper that it is most like. Without anything saved there are none, and a note.

        Raises:
            NotFound: one of the identifiers names no paper here.
            NoSnapshot: nothing has been indexed yet.
        """
        picked = {self._key(name): 1.0 for name in like} | {self._key(name): _UNWANTED for name in unlike}
        taste = self._taste(picked) if like or reader is None else self._taste(self._weights(reader) | picked, reader)
        query = parse("", after=after, category=category)
        found = self._ranked("personal", query, limit=limit, page=page, explain=False, taste=taste)
        return replace(found, hits=self._with_reasons(found.hits, taste))

    def _weights(self, reader: Reader) -> dict[int, float]:
        """Return what each paper that a reader has dealt with says; what is hidden is unwanted."""
        weights = dict.fromkeys(reversed(self.store.follows.opens_of(reader.id)), _OPENED)
        weights |= dict.fromkeys(self.store.votes.of_reader(reader.id), _VOTED)
        for saved in reversed(
            self.store.shelves.saved(reader.id)
        ):  # the last saved last: interests begin with the first
            weights[saved.key] = max(_weight(saved, self.now), weights.get(saved.key, 0))
        return weights | dict.fromkeys(self.store.votes.hidden(reader.id), _UNWANTED)

    def _taste(self, weights: Mapping[int, float], reader: Reader | None = None) -> Taste:
        from broadsheet.rank import Taste

        others = [pair for pair in self._everybody() if reader is None or pair[0] != reader.id]
        enough = len({other for other, _ in others}) >= _ENOUGH
        return Taste(weights, self._texts, others=others if enough else ())

    def _texts(self, keys: Sequence[int]) -> dict[int, tuple[str, str]]:
        return {paper.key: (paper.title, paper.text) for paper in self.store.papers(keys)}

    def _everybody(self) -> list[tuple[int, int]]:
        """Return who saved what, as it was at most a minute ago."""
        known: tuple[float, list[tuple[int, int]]] = self.__dict__.get("_everybody_saved", (-_GOOD_FOR, []))
        if time.monotonic() - known[0] >= _GOOD_FOR:
            known = self.__dict__["_everybody_saved"] = time.monotonic(), self.store.shelves.of_everybody(_MOST_PAIRS)
        return known[1]

    def _with_reasons(self, hits: tuple[Hit, ...], taste: Taste) -> tuple[Hit, ...]:
        from broadsheet import rank

        view = self._view(taste)
        rows = view.snapshot.rows_of([hit.paper.key for hit in hits])
        keys = rank.because(view, rows) if (rows >= 0).all() else [None] * len(hits)
        near = {paper.key: paper for paper in self.store.papers([key for key in keys if key is not None])}
        return tuple(replace(hit, because=near.get(key) if key else None) for hit, key in zip(hits, keys, strict=True))


def _weight(saved: Saved, now: datetime) -> float:
    days = (now - datetime.fromisoformat(saved.made)).total_seconds() / 86_400
    return float(max(0.5 ** (max(days, 0.0) / _HALVED), _LEAST))
