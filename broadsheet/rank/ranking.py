"""What stages pass on: ranked rows as columns, and what ranking may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.columns import best_first
from broadsheet.index.snapshot import Snapshot
from broadsheet.rank.nearness import Text
from broadsheet.records import Attention

Rows = NDArray[np.int32]
Column = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Taste:
    """What one reader likes: a weight for each paper's key, below 0 for what is unwanted, and papers known anyway.

    `read` returns the texts of papers by key; `others` are (reader, key) of what other readers saved.
    """

    weights: Mapping[int, float]
    read: Callable[[Sequence[int]], Mapping[int, Text]]
    known: frozenset[int] = frozenset()
    others: Sequence[tuple[int, int]] = field(default=(), repr=False)


@dataclass(frozen=True)
class View:
    """What ranking may look at besides the query: a snapshot, the time, papers' attention, what a reader likes.

    `voted` returns the keys of the papers that readers voted for here, `votes` how many votes papers have now.
    """

    snapshot: Snapshot
    now: datetime
    attention: Callable[[Sequence[int]], Mapping[int, Attention]] = lambda keys: {}
    voted: Callable[[], Sequence[int]] = lambda: ()
    votes: Callable[[Sequence[int]], Mapping[int, float]] = lambda keys: {}
    taste: Taste | None = None


@dataclass(frozen=True, eq=False)
class Ranking:
    """Rows of a snapshot, best first, each once, with one score each.

    `features` are columns that stages have computed for the rows, NaN where unknown; `shares` says what each feature
    gave to the scores; `total` counts the papers whose words match, -1 while nobody has counted; `also` are the rows of
    other versions of a row's work, left out because it stands for them.
    """

    rows: Rows
    scores: Column
    features: Mapping[str, Column] = field(default_factory=dict)
    shares: Mapping[str, Column] = field(default_factory=dict)
    total: int = -1
    notes: tuple[str, ...] = ()
    also: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def empty(cls, *notes: str) -> Ranking:
        """Return a ranking of nothing."""
        return cls(np.empty(0, np.int32), np.empty(0, np.float32), notes=notes)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def by_meaning(self) -> NDArray[np.bool_]:
        """Which rows none of the query's words brought here: their score for words is known, and nothing."""
        return np.asarray(self.features["lexical"] == 0) if "lexical" in self.features else np.zeros(len(self), bool)

    @property
    def unfolded(self) -> Rows:
        """The rows, each followed by the other versions of its work."""
        if not self.also:
            return self.rows
        return np.array([one for row in self.rows.tolist() for one in (row, *self.also.get(row, ()))], np.int32)

    def cut(self, first: int, last: int) -> Ranking:
        """Return places `first` up to `last`, as slices do."""
        return self.take(np.arange(len(self))[first:last])

    def take(self, places: NDArray[np.intp]) -> Ranking:
        """Return the given places, in that order."""
        return replace(
            self,
            rows=self.rows[places],
            scores=self.scores[places],
            features={name: column[places] for name, column in self.features.items()},
            shares={name: column[places] for name, column in self.shares.items()},
        )

    def scored(self, scores: Column, view: View, shares: Mapping[str, Column] | None = None) -> Ranking:
        """Return the same rows ordered by new scores; among equals the paper that came first, by key."""
        order = best_first(scores, view.snapshot.keys[self.rows])
        return replace(self, scores=np.asarray(scores, np.float32), shares=shares or {}).take(order)


def united(rankings: tuple[Ranking, ...]) -> tuple[Rows, dict[str, Column]]:
    """Return the distinct rows of several rankings, by first appearance, and their features, NaN where unknown."""
    together = np.concatenate([ranking.rows for ranking in rankings])
    order = np.argsort(together, kind="stable")
    new = np.diff(together[order], prepend=-1) != 0
    first = order[new]  # where each distinct row appears first, by row
    appearing = np.argsort(first)
    number = np.empty(len(first), np.intp)
    number[appearing] = np.arange(len(first))
    places = np.empty(len(together), np.intp)
    places[order] = number[np.cumsum(new) - 1]
    features: dict[str, Column] = {}
    begin = 0
    for ranking in rankings:
        own, begin = places[begin : begin + len(ranking)], begin + len(ranking)
        for name, column in ranking.features.items():
            joined = features.setdefault(name, np.full(len(first), np.nan, np.float32))
            joined[own] = column
    return together[first[appearing]], features


def places_of(wanted: Rows, rows: Rows) -> NDArray[np.intp]:
    """Return where each wanted row stands among distinct rows that hold them all."""
    order = np.argsort(rows, kind="stable")
    return order[np.searchsorted(rows[order], wanted)]


def normalised(scores: Column) -> Column:
    """Return scores brought to 0..1 by their least and greatest; all 1 where they are equal."""
    if not len(scores):
        return scores
    least, greatest = scores.min(), scores.max()
    if greatest <= least:
        return np.ones(len(scores), np.float32)
    return np.asarray((scores - least) / (greatest - least), np.float32)
