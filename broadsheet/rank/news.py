"""How well new papers match what is followed: a measure of its own (0..1), at a cost that follows the new papers.

A search ranks all papers against each other; a follow asks of each new one whether it is worth a reader's time. So
words count by how rare they are among all papers, and meaning by how far a paper stands out from what the collection's
papers are to the same question, in standard deviations.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.entry import MISSING_DAY, day_number
from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Query, Term
from broadsheet.rank.ranking import Rows, View
from broadsheet.rank.stages import vector_of
from broadsheet.records import Paper, Pick
from broadsheet.text.tokens import terms

WORDS, MEANING = 0.5, 0.5  # the shares of a score
AGAINST = 0.5  # how much nearness to an unwanted example takes away
_NEAREST = 3  # examples that a paper is compared with: more would average a reader's interests
_OUTSTANDING = 6.0  # standard deviations that count as the nearest a paper can be
_SAMPLE = 4_096  # papers that the mean and spread of meaning are estimated from
_FEW = 400  # papers that say too little of it: both are taken as smaller, so that a small library finds something
_REMEMBERED = 20_000  # words, and questions
_BLOCK = 2_048  # papers compared with all examples at once
_DAYS = 60  # papers dated earlier are no news, whenever they came

Column = NDArray[np.float32]
Which = NDArray[np.bool_]


@dataclass(frozen=True)
class Background:
    """What one snapshot's papers are like: mean (d,) and covariance (d, d) of their vectors, from an even sample."""

    mean: Column
    spread: Column

    @classmethod
    def of(cls, snapshot: Snapshot) -> Background:
        """Estimate it."""
        rows = np.flatnonzero(snapshot.alive & snapshot.has_text)
        vectors = snapshot.dense.vectors(rows[:: max(len(rows) // _SAMPLE, 1)])
        count, dimension = vectors.shape
        known = count / (count + _FEW)
        spread = np.cov(vectors.T) if count > 1 else np.eye(dimension) / dimension
        mean = vectors.mean(axis=0) if count else np.zeros(dimension)
        return cls(np.asarray(mean * known, np.float32), np.asarray(spread * known, np.float32))

    def outstanding(self, vectors: Column, examples: Column) -> Column:
        """Return (n, m) how far the cosines of (n, d) with (m, d) vectors stand out, brought to 0..1."""
        deviations = np.sqrt(np.maximum(((examples @ self.spread) * examples).sum(axis=1), 1e-9))
        distances = (vectors @ examples.T - examples @ self.mean) / (deviations * _OUTSTANDING)
        return np.asarray(np.clip(distances, 0, 1), np.float32)


class News:
    """The papers of a snapshot that came after a paper's key, for many follows; what they share is computed once.

    Words are looked up among the new rows alone, each once; vectors of questions and examples are remembered.
    """

    def __init__(self, view: View, after: int) -> None:
        self._view, self._snapshot = view, view.snapshot
        self._rows = self._new_rows(after)
        self._keys = view.snapshot.keys[self._rows]
        self._filters = view.snapshot.part(self._rows)
        self._postings: Mapping[str, list[int]] | None = None
        self._has = lru_cache(_REMEMBERED)(self._rows_with)
        self._rarity = lru_cache(_REMEMBERED)(self._how_rare)
        self._asked = lru_cache(_REMEMBERED)(self._answers)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keys(self) -> list[int]:
        """The papers' keys, ascending."""
        return [int(key) for key in self._keys]

    def take(self, papers: Iterable[Paper]) -> None:
        """Take in the texts of the papers: plain words are then found without asking the index for each."""
        places = {int(key): place for place, key in enumerate(self._keys)}
        postings: dict[str, list[int]] = defaultdict(list)
        for paper in papers:
            names = " ".join(author.name for author in paper.authors)
            for word in {*terms(paper.title), *terms(paper.text), *terms(names)}:
                postings[word].append(places[paper.key])
        self._postings = postings

    def _new_rows(self, after: int) -> Rows:
        """Return the rows by key, without those of papers dated long ago."""
        snapshot = self._snapshot
        rows = np.flatnonzero((snapshot.keys > after) & snapshot.alive & ~snapshot.hidden)
        last, oldest = snapshot.last_day[rows], day_number(self._view.now.date().isoformat()) - _DAYS
        rows = rows[(last == MISSING_DAY) | (last >= oldest)]
        return np.asarray(rows[np.argsort(snapshot.keys[rows], kind="stable")], np.int32)

    @cached_property
    def _vectors(self) -> Column:
        return self._snapshot.dense.vectors(self._rows)

    @cached_property
    def _background(self) -> Background:
        return Background.of(self._snapshot)

    # -- by what was asked ---------------------------------------------------------------------------------------------

    def matching(self, query: Query, after: int, threshold: float) -> list[Pick]:
        """Return the papers newer than `after` that answer a query at least so well, with the words they have."""
        return [
            Pick(key=int(self._keys[place]), score=round(float(score), 4), words=words)
            for place, score, words in self._asked(query, threshold)
            if self._keys[place] > after
        ]

    def _answers(self, query: Query, threshold: float) -> list[tuple[int, float, tuple[str, ...]]]:
        scores = self._scores(query)
        mask = self._filters.mask(query.filters)
        good = scores >= threshold
        wanted = [term for term in query.terms if not term.negative]
        return [
            (place, scores[place], tuple(" ".join(term.words) for term in wanted if self._has(term)[place]))
            for place in np.flatnonzero(good if mask is None else good & mask).tolist()
        ]

    def _scores(self, query: Query) -> Column:
        wanted = [term for term in query.terms if not term.negative]
        if not wanted:
            scores = np.ones(len(self), np.float32)
        else:
            weights = np.array([self._rarity(term) for term in wanted], np.float32)
            words = weights @ np.array([self._has(term) for term in wanted], np.float32) / weights.sum()
            scores = WORDS * words + MEANING * self._meaning(query)
        for term in query.terms:
            if term.negative or term.required:
                scores = np.where(self._has(term) == term.negative, 0, scores)
        return np.asarray(scores, np.float32)

    def _meaning(self, query: Query) -> Column:
        return self._background.outstanding(self._vectors, vector_of(query, self._view)[None])[:, 0]

    def _rows_with(self, term: Term) -> Which:
        if self._postings is not None and term.field == "any" and not (term.phrase or term.prefix):
            which = np.zeros(len(self), bool)
            which[self._postings.get(term.words[0], [])] = True
            return which
        return self._snapshot.lexical.having(replace(term, negative=False), self._rows)

    def _how_rare(self, term: Term) -> float:
        """Return how much a word says: the logarithm of how few papers have it, as in BM25."""
        count, papers = self._snapshot.lexical.frequency(term), self._snapshot.rows
        return math.log(1 + (max(papers - count, 0) + 0.5) / (count + 0.5))

    # -- by example ----------------------------------------------------------------------------------------------------

    def resembling(self, like: Sequence[int], unlike: Sequence[int], after: int, threshold: float) -> list[Pick]:
        """Return the papers newer than `after` that are at least so near to examples, with the one each is nearest to.

        A paper's score is its mean nearness to the three examples it is nearest to, less half of that to the unwanted
        one it is nearest to.
        """
        first = int(np.searchsorted(self._keys, after, "right"))
        wanted, unwanted = (self._present(keys) for keys in (like, unlike))
        if not len(wanted):
            return []
        names, examples = self._snapshot.keys[wanted], self._snapshot.dense.vectors(wanted)
        against = self._snapshot.dense.vectors(unwanted)
        found: list[Pick] = []
        for begin in range(first, len(self), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            near = self._background.outstanding(self._vectors[block], examples)
            scores = np.sort(near, axis=1)[:, -_NEAREST:].mean(axis=1)
            if len(against):
                scores = scores - AGAINST * self._background.outstanding(self._vectors[block], against).max(axis=1)
            found += [
                Pick(key=int(key), score=round(float(score), 4), near=int(name))
                for key, score, name in zip(self._keys[block], scores, names[near.argmax(axis=1)], strict=True)
                if score >= threshold
            ]
        return [pick for pick in found if pick.key not in {*like, *unlike}]

    def _present(self, keys: Sequence[int]) -> Rows:
        rows = self._snapshot.rows_of(keys) if keys else np.empty(0, np.int32)
        return rows[rows >= 0]
