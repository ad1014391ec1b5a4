"""A second opinion on the first hundred, by the vectors of a transformer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import Encoder
from broadsheet.query import Query
from broadsheet.rank.pipeline import Stage
from broadsheet.rank.ranking import Column, Ranking, View, normalised

AMONG = 100  # first rows that are looked at
_MOVED = np.float32(0.5)
_NOTHING = np.finfo(np.float32).tiny

Vectors = NDArray[np.float32]


class Rerank(Stage):
    """Orders anew those of the first hundred rows that have a second vector; the others keep their places.

    Their score becomes `weight` x the cosine with the query's vector plus the rest x the score they came with, both
    brought to 0..1 over them (bi-encoder re-ranking; Reimers and Gurevych, 2019). Then the query's vector moves by
    half its length towards the best `papers`, weighted by the third power of their scores, and is heard again, as in
    Refine.
    """

    def __init__(self, weight: float, papers: int) -> None:
        self.weight, self.papers = weight, papers

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        encoder = view.snapshot.second_encoder
        if encoder is None:
            return replace(ranking, notes=(*ranking.notes, "No paper has been read by a transformer yet."))
        places = np.flatnonzero(view.snapshot.second.known(ranking.rows[:AMONG]))
        if not len(places):
            return ranking
        before = np.float32(1 - self.weight) * normalised(ranking.scores[places])
        transformer = self._heard(view.snapshot.second.vectors(ranking.rows[places]), encoder, query, before)
        order = np.arange(len(ranking))
        best = np.lexsort((view.snapshot.keys[ranking.rows[places]], -(before + transformer)))
        order[places] = places[best]
        return self._shared(ranking, places, transformer).take(order)

    def _heard(self, vectors: Vectors, encoder: Encoder, query: Query, before: Column) -> Column:
        """Return what the transformer adds to the scores of rows with these (n, d) vectors."""
        asked, weight = _encoded(encoder.encode, query.plain), np.float32(self.weight)
        first = before + weight * normalised(vectors @ asked)
        best = np.argsort(-first, kind="stable")[: self.papers]
        centre = first[best] ** 3 @ vectors[best]
        length = np.float32(np.sqrt(centre @ centre))
        return weight * normalised(vectors @ (asked + _MOVED * centre / max(length, _NOTHING)))

    def _shared(self, ranking: Ranking, places: NDArray[np.intp], transformer: NDArray[np.float32]) -> Ranking:
        """Return the ranking with the share of the transformer beside those of the features before it."""
        own = np.zeros(len(ranking), np.float32)
        own[places] = transformer
        kept = np.ones(len(ranking), np.float32)
        kept[places] = 1 - self.weight
        return replace(ranking, shares={**{name: s * kept for name, s in ranking.shares.items()}, "transformer": own})

    def __repr__(self) -> str:
        return f"Rerank(weight={self.weight!r}, papers={self.papers!r})"


@lru_cache(maxsize=256)
def _encoded(encode: Callable[[Sequence[str]], NDArray[np.float32]], text: str) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = encode([text])[0]
    return vector


def unread(ranking: Ranking, view: View) -> list[int]:
    """Return the keys of those of the first hundred that have no second vector."""
    rows = ranking.rows[:AMONG]
    keys: list[int] = view.snapshot.keys[rows[~view.snapshot.second.known(rows)]].tolist()
    return keys
