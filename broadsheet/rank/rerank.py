"""A second opinion on the first hundred, and on what lies nearest, by the vectors of a transformer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from broadsheet.query import Query
from broadsheet.rank.gate import standard
from broadsheet.rank.pipeline import Stage
from broadsheet.rank.ranking import Column, Ranking, Rows, View, normalised
from broadsheet.rank.stages import Features

AMONG = 100  # first rows that are looked at
_MOST_COMPARED = 1_000_000  # papers; 0.59 million take 52 ms
_TOO_MANY = "The transformer has read more papers than can be compared at once, so it orders what was found without it."
_MOVED = np.float32(0.5)
_NOTHING = np.finfo(np.float32).tiny

Vectors = NDArray[np.float32]


class Rerank(Stage):
    """Orders anew those of the first hundred rows that have a second vector; the others keep their places.

    With them go the `nearest` of all rows that have one: what stays behind the others follows the first hundred. Their
    score becomes `weight` x the cosine with the query's vector plus the rest x the score they came with, the least of
    all where they came with none, both brought to a spread of 1 over them (bi-encoder re-ranking; Reimers and
    Gurevych, 2019). Then the query's vector moves by half its length towards the best `papers`, weighted by their
    scores, and is heard again (Rocchio, 1971, in vector space).
    """

    def __init__(self, weight: float, papers: int, nearest: int) -> None:
        self.weight, self.papers, self.nearest = weight, papers, nearest

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        encoder = view.snapshot.second_encoder
        if encoder is None:
            return replace(ranking, notes=(*ranking.notes, "No paper has been read by a transformer yet."))
        asked = _encoded(encoder.encode, query.plain)
        ranking, among = self._with_nearest(asked, query, ranking, view)
        places = np.flatnonzero(view.snapshot.second.known(ranking.rows[:among]))
        if not len(places):
            return ranking
        before = np.float32(1 - self.weight) * standard(ranking.scores[places])
        transformer = self._heard(view.snapshot.second.vectors(ranking.rows[places]), asked, before)
        order = np.arange(len(ranking))
        best = np.lexsort((view.snapshot.keys[ranking.rows[places]], -(before + transformer)))
        order[places] = places[best]
        return self._shared(ranking, places, transformer).take(order)

    def _with_nearest(
        self, asked: NDArray[np.float32], query: Query, ranking: Ranking, view: View
    ) -> tuple[Ranking, int]:
        """Return the ranking with the nearest rows behind its first hundred, and how many rows these are together."""
        if not len(ranking) or len(view.snapshot.second.rows) > _MOST_COMPARED:
            return replace(ranking, notes=(*ranking.notes, _TOO_MANY) if len(ranking) else ranking.notes), AMONG
        mask = view.snapshot.mask(query.filters)
        shown = view.snapshot.alive & ~view.snapshot.hidden if mask is None else mask
        near = view.snapshot.second.nearest(asked, self.nearest, shown)
        new = near[~np.isin(near, ranking.rows)]
        every = Features().rank(query, _extended(ranking, new), view, 0) if len(new) else ranking
        first = np.arange(len(every)) < min(AMONG, len(ranking))
        looked_at = first | np.isin(every.rows, near)
        order = np.lexsort((~first, ~looked_at))
        return every.take(order), int(np.count_nonzero(looked_at))

    def _heard(self, vectors: Vectors, asked: NDArray[np.float32], before: Column) -> Column:
        """Return what the transformer adds to the scores of rows with these (n, d) vectors."""
        weight = np.float32(self.weight)
        first = before + weight * standard(vectors @ asked)
        best = np.argsort(-first, kind="stable")[: self.papers]
        centre = np.maximum(first[best], 0) @ vectors[best]
        length = np.float32(np.sqrt(centre @ centre))
        return weight * standard(vectors @ (asked + _MOVED * centre / max(length, _NOTHING)))

    def _shared(self, ranking: Ranking, places: NDArray[np.intp], transformer: NDArray[np.float32]) -> Ranking:
        """Return the ranking with the share of the transformer beside those of the features before it."""
        own = np.zeros(len(ranking), np.float32)
        own[places] = np.float32(self.weight) * normalised(transformer)
        kept = np.ones(len(ranking), np.float32)
        kept[places] = 1 - self.weight
        return replace(ranking, shares={**{name: s * kept for name, s in ranking.shares.items()}, "transformer": own})

    def __repr__(self) -> str:
        return f"Rerank(weight={self.weight!r}, papers={self.papers!r}, nearest={self.nearest!r})"


def _extended(ranking: Ranking, rows: Rows) -> Ranking:
    """Return a ranking with more rows at its end, of which nothing is known."""

    def more(column: Column, value: float) -> Column:
        return np.concatenate([column, np.full(len(rows), value, np.float32)])

    return replace(
        ranking,
        rows=np.concatenate([ranking.rows, rows]),
        scores=more(ranking.scores, float(ranking.scores.min())),
        features={name: more(column, np.nan) for name, column in ranking.features.items()},
        shares={name: more(column, 0.0) for name, column in ranking.shares.items()},
    )


@lru_cache(maxsize=256)
def _encoded(encode: Callable[[Sequence[str]], NDArray[np.float32]], text: str) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = encode([text])[0]
    return vector


def unread(ranking: Ranking, view: View) -> list[int]:
    """Return the keys of those of the first hundred that have no second vector."""
    rows = ranking.rows[:AMONG]
    keys: list[int] = view.snapshot.keys[rows[~view.snapshot.second.known(rows)]].tolist()
    return keys
