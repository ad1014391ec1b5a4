"""What papers say of a query's words, read from their tokens: how much of it, where, and how close together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.forward import MARK, NUMBERS, Gathered, numbers
from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Query
from broadsheet.rank.ranking import Column, Rows
from broadsheet.text.tokens import STOP_WORDS, stem

_STOPS = frozenset(stem(word) for word in STOP_WORDS)
_RARE = 3  # words of a query that tell most
_NO_PLACE = np.log1p(np.float32(300))  # of a paper that has none of the words
_EXPANSIONS = 15  # words that the best papers add to a query
_BEST = 10  # papers that they are taken from


@dataclass(frozen=True)
class Asked:
    """The (q,) distinct words wanted: numbers, rarity (the idf of BM25) and weight (rarity x times asked for).

    `pairs` are the numbers of words that stand side by side in the query, each as first x NUMBERS + second.
    """

    numbers: NDArray[np.int64]
    rarity: Column
    weights: Column
    known: Column
    pairs: NDArray[np.int64]

    @classmethod
    def of(cls, query: Query, snapshot: Snapshot) -> Asked:
        """Return the words of a query that are wanted, stop words only where there is nothing else."""
        every = [word for term in query.terms if not term.negative for word in term.words]
        words = [word for word in every if word not in _STOPS] or every
        times = {word: np.float32(words.count(word)) for word in words}
        papers = snapshot.lexical.frequencies(list(times))
        rarity = np.log(1 + (snapshot.rows - papers + 0.5) / (papers + 0.5)).astype(np.float32)
        places = np.array([numbers()[word] for word in words], np.int64)
        return cls(
            numbers=np.array([numbers()[word] for word in times], np.int64),
            rarity=rarity,
            weights=rarity * np.array(list(times.values()), np.float32),
            known=(papers > 0).astype(np.float32),
            pairs=_distinct(places[:-1] * NUMBERS + places[1:]),
        )


def _distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return distinct numbers, ascending; of a few thousand in a fifth of the time that `np.unique` takes."""
    ordered = np.sort(values)
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    return np.asarray(ordered[new])


class Evidence:
    """The query's words in some papers; every column has one value a paper."""

    def __init__(self, asked: Asked, snapshot: Snapshot, rows: Rows) -> None:
        self._asked, self._mean = asked, snapshot.forward.mean_length
        self._all: Gathered = snapshot.forward.of(rows)
        self._count, self._words = len(rows), max(len(asked.numbers), 1)
        places = np.full(NUMBERS, -1, np.int32)
        places[asked.numbers] = np.arange(len(asked.numbers))
        found = places[self._all.tokens]
        self._at = np.flatnonzero(found >= 0)
        self._word, self._owner = found[self._at].astype(np.int64), self._all.owners[self._at]

    @cached_property
    def _marks(self) -> NDArray[np.bool_]:
        return np.asarray(self._all.tokens == MARK)

    @cached_property
    def _part(self) -> NDArray[np.int64]:
        """The number of each token's title or sentence: one series through all papers, whose ends may lack a mark."""
        return np.cumsum(self._marks) - self._marks + self._all.owners

    @cached_property
    def _in_title(self) -> NDArray[np.bool_]:
        begins = self._all.starts[:-1]
        first = np.zeros(self._count, np.int64)
        filled = begins < len(self._part)
        first[filled] = self._part[begins[filled]]
        return np.asarray(self._part == first[self._all.owners])

    @cached_property
    def _sizes(self) -> Column:
        marks = np.bincount(self._all.owners[self._marks], minlength=self._count)
        return (np.diff(self._all.starts) - marks).astype(np.float32)

    @cached_property
    def _times(self) -> Column:
        return self._table(self._owner, self._word)

    def _table(self, owners: NDArray[np.int64], words: NDArray[np.int64]) -> Column:
        """Return the (n, q) times that each paper has each word."""
        cells = np.bincount(owners * self._words + words, minlength=self._count * self._words)
        return cells.reshape(self._count, self._words).astype(np.float32)[:, : len(self._asked.numbers)]

    def _share(self, weights: Column) -> Column:
        return weights / max(float(weights.sum()), 1e-9)

    def held(self) -> NDArray[np.bool_]:
        """Return (n, q): which paper has which word."""
        return np.asarray(self._times > 0)

    def bm25(self, k1: float = 1.2, b: float = 0.75) -> Column:
        """Return the BM25 score (Robertson and Zaragoza, 2009) of the papers' first 255 tokens."""
        norms = k1 * (1 - b + b * self._sizes / self._mean)
        scores = (self._times * (k1 + 1) / (self._times + norms[:, None])) @ self._asked.weights
        return np.asarray(scores, np.float32)

    def columns(self) -> dict[str, Column]:
        """Return the evidence by name, all shares of the query's whole weight where nothing else is said."""
        return {**self._amounts(), **self._titles(), **self._closeness(), "expanded": self._expanded()}

    def _amounts(self) -> dict[str, Column]:
        asked, whole = self._asked, max(float(self._asked.weights.sum()), 1e-9)
        has = (self._times > 0).astype(np.float32)
        rarest = np.argsort(-asked.rarity, kind="stable")[:_RARE]
        first = np.full(self._count, 300, np.int64)
        np.minimum.at(first, self._owner, self._at - self._all.starts[self._owner])
        return {
            "bm25": self.bm25() / whole,
            "bm25_long": self.bm25(2.0, 0.9) / whole,
            "covered": has @ self._share(asked.weights),
            "covered_words": has.mean(axis=1) if has.size else np.zeros(self._count, np.float32),
            "rarest": has[:, rarest[0]] if len(rarest) else np.zeros(self._count, np.float32),
            "rarest_three": has[:, rarest] @ self._share(asked.rarity[rarest]),
            "density": self._per_paper(self._owner) / np.maximum(self._sizes, 1),
            "first_place": np.log1p(first).astype(np.float32),
            "length": np.log((self._sizes + 5) / (self._mean + 5)),
        }

    def _titles(self) -> dict[str, Column]:
        inside = self._in_title[self._at]
        in_title = self._table(self._owner[inside], self._word[inside])
        in_text = (self._times > in_title).astype(np.float32)
        size = self._per_paper(self._all.owners[self._in_title & ~self._marks])
        share = self._share(self._asked.weights)
        return {
            "title": (in_title > 0) @ share,
            "title_words": (in_title > 0).sum(axis=1).astype(np.float32) / np.maximum(size, 1),
            "title_length": np.log1p(size),
            "text": in_text @ share,
        }

    def _closeness(self) -> dict[str, Column]:
        """Return words near each other in one part (`near`), the query's own pairs (`pairs`), and the best sentence."""
        asked, whole = self._asked, max(float(self._asked.weights.sum()), 1e-9)
        one, other = self._word[:-1], self._word[1:]
        gap = np.diff(self._at)
        together = (np.diff(self._part[self._at]) == 0) & (one != other)
        lesser = np.minimum(asked.rarity[one], asked.rarity[other]) if len(one) else np.zeros(0, np.float32)
        code = asked.numbers[one] * NUMBERS + asked.numbers[other]
        own = together & (gap == 1) & np.isin(code, asked.pairs)
        pairs = _distinct(self._owner[1:][own] * len(asked.pairs) + np.searchsorted(asked.pairs, code[own]))
        return {
            "near": self._per_paper(self._owner[1:], np.where(together, lesser / np.maximum(gap, 1) ** 2, 0)) / whole,
            "pairs": self._per_paper(pairs // max(len(asked.pairs), 1)) / np.float32(max(len(asked.pairs), 1)),
            "best_sentence": self._best_sentence() / np.float32(whole),
        }

    def _best_sentence(self) -> Column:
        best = np.zeros(self._count, np.float32)
        if len(self._at):
            cells = _distinct(self._part[self._at] * self._words + self._word)
            parts = cells // self._words
            weights = np.bincount(parts, self._asked.weights[cells % self._words], int(self._part[-1]) + 1)
            np.maximum.at(best, self._owner, weights[self._part[self._at]].astype(np.float32))
        return best

    def _expanded(self) -> Column:
        """Return how much of the words that the first papers have in common a paper has.

        Words of the query's best papers, weighted by how often and in how few of these papers they stand: the
        relevance model of Lavrenko and Croft (2001), scored on the papers at hand instead of by a second search.
        """
        top = self._all.tokens[: self._all.starts[min(_BEST, self._count)]]
        common = _distinct(top[top != MARK])
        at = np.full(NUMBERS, -1, np.int32)
        at[common] = np.arange(len(common))
        places = at[self._all.tokens]
        held = places >= 0
        owners, places = self._all.owners[held], places[held]
        present = np.zeros(self._count * len(common), bool)
        present[owners * len(common) + places] = True
        papers = np.bincount(np.flatnonzero(present) % max(len(common), 1), minlength=len(common))
        rarity = np.log((self._count + 1) / (papers + 1))
        best = owners < _BEST
        weights = np.bincount(places[best], 1 / self._sizes[owners[best]], len(common)) * rarity
        weights[np.argsort(-weights, kind="stable")[_EXPANSIONS:]] = 0
        shares = weights / max(weights.sum(), 1e-9)
        scores = self._per_paper(owners, shares[places]) / np.sqrt(np.maximum(self._sizes, 1))
        return np.asarray(scores, np.float32)

    def _per_paper(self, owners: NDArray[np.int64], values: NDArray[Any] | None = None) -> Column:
        return np.bincount(owners, values, self._count).astype(np.float32)
