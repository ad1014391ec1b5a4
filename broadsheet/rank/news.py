"""How well new papers match what is followed: a measure of its own (0..1), at a cost that follows the new papers.

A search ranks all papers against each other; a follow asks of each new one whether it is worth a reader's time. So
words count by how rare they are among all papers, and meaning by how far a paper stands out from what the collection's
papers are to the same question, in standard deviations.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.entry import MISSING_DAY, day_number
from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Query, Term
from broadsheet.rank.ranking import Rows, View
from broadsheet.rank.stages import vectors_of
from broadsheet.records import Paper, Pick
from broadsheet.text.tokens import stem, words

WORDS, MEANING = 0.5, 0.5  # the shares of a score
AGAINST = 0.5  # how much nearness to an unwanted example takes away
_NEAREST = 3  # examples that a paper is compared with: more would average a reader's interests
_OUTSTANDING = 6.0  # standard deviations that count as the nearest a paper can be
_SAMPLE = 4_096  # papers that the mean and spread of meaning are estimated from
_FEW = 400  # papers that say too little of it: both are taken as smaller, so that a small library finds something
_REMEMBERED = 20_000  # words
_ANSWERS = 5_000  # what was found for a question
_BLOCK = 2_048  # papers compared with all examples at once
_AT_ONCE = 1 << 23  # numbers (32 MB) of papers' nearness to questions, computed before they are asked
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
        """Return (m, n) how far the cosines of (m, d) examples with (n, d) vectors stand out, brought to 0..1."""
        deviations = np.sqrt(np.maximum(((examples @ self.spread) * examples).sum(axis=1), 1e-9)) * _OUTSTANDING
        distances = (examples / deviations[:, None]) @ vectors.T - (examples @ self.mean / deviations)[:, None]
        return np.asarray(np.clip(distances, 0, 1, out=distances), np.float32)


_backgrounds: WeakKeyDictionary[Snapshot, Background] = WeakKeyDictionary()


def _background_of(snapshot: Snapshot) -> Background:
    """Return what a snapshot's papers are like, remembered for as long as it is open."""
    found = _backgrounds.get(snapshot)
    if found is None:
        found = _backgrounds[snapshot] = Background.of(snapshot)
    return found


class News:
    """The papers of a snapshot that came after a paper's key, for many follows; what they share is computed once.

    Words are looked up among the new rows alone, each once; what was found for a question is remembered.
    """

    def __init__(self, view: View, after: int) -> None:
        self._view, self._snapshot = view, view.snapshot
        self._rows = self._new_rows(after)
        self._keys = view.snapshot.keys[self._rows]
        self._filters = view.snapshot.part(self._rows)
        self._texts: Mapping[str, list[int]] | None = None
        self._names: Mapping[str, list[int]] = {}
        self._near: dict[str | int, Column] = {}
        self._has = lru_cache(_REMEMBERED)(self._rows_with)
        self._side_by_side = lru_cache(_REMEMBERED)(self._rows_saying)
        self._rarity = lru_cache(_REMEMBERED)(self._how_rare)
        self._asked = lru_cache(_ANSWERS)(self._answers)
        self._alike = lru_cache(_ANSWERS)(self._like)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def keys(self) -> list[int]:
        """The papers' keys, ascending."""
        return [int(key) for key in self._keys]

    def take(self, papers: Iterable[Paper]) -> None:
        """Take in the texts of the papers: plain words are then found without asking the index for each."""
        places = {int(key): place for place, key in enumerate(self._keys)}
        texts, names = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
        for paper in papers:
            place = places[paper.key]
            for term in {stem(word) for word in {*words(paper.title), *words(paper.text)}}:
                texts[term].append(place)
            for word in {*words(" ".join(author.name for author in paper.authors))}:
                names[stem(word)].append(place)
        self._texts, self._names = texts, names

    def prepare(self, queries: Iterable[Query], examples: Iterable[int]) -> None:
        """Compute together how near the papers are to queries and examples that will be asked for, as far as there is
        room; without, each is computed when it is asked for, which takes several times as long."""
        room = _AT_ONCE // max(len(self), 1)
        texts = {query.plain: query for query in queries if any(not term.negative for term in query.terms)}
        asked = list(texts)[:room]
        keys = [int(key) for key in dict.fromkeys(examples)][: room - len(asked)]
        rows = self._present(keys)
        vectors = [vectors_of([texts[text] for text in asked], self._view), self._snapshot.dense.vectors(rows)]
        near = self._background.outstanding(self._vectors, np.concatenate(vectors))
        self._near = dict(zip([*asked, *self._snapshot.keys[rows].tolist()], near, strict=True))

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
        return _background_of(self._snapshot)

    # -- by what was asked ---------------------------------------------------------------------------------------------

    def matching(self, query: Query, after: int, threshold: float) -> Sequence[Pick]:
        """Return the papers newer than `after` that answer a query at least so well, with the words they have."""
        return _newer(self._asked(query, threshold), after)

    def _answers(self, query: Query, threshold: float) -> list[Pick]:
        scores = self._scores(query)
        mask = self._filters.mask(query.filters)
        good = scores >= threshold
        wanted = [term for term in query.terms if not term.negative]
        return [
            Pick(
                key=int(self._keys[place]),
                score=round(float(scores[place]), 4),
                words=tuple(" ".join(term.words) for term in wanted if self._has(term)[place]),
            )
            for place in np.flatnonzero(good if mask is None else good & mask).tolist()
        ]

    def _scores(self, query: Query) -> Column:
        wanted = [term for term in query.terms if not term.negative]
        if not wanted:
            scores = np.ones(len(self), np.float32)
        else:
            weights = np.array([self._rarity(term) for term in wanted], np.float32)
            said = weights @ self._found(wanted) / weights.sum()
            scores = np.asarray(WORDS * said + MEANING * self._meaning(query), np.float32)
        for term in query.terms:
            if term.negative or term.required:
                scores = np.where(self._has(term) == term.negative, 0, scores)
        return np.asarray(scores, np.float32)

    def _found(self, wanted: Sequence[Term]) -> Column:
        """Return (m, n) which of the terms the papers have; what stands for a whole compound stands for its parts."""
        found = np.array([self._has(term) for term in wanted], np.float32)
        plain = [place for place, term in enumerate(wanted) if len(term.words) == 1 and not term.prefix]
        for at, place in enumerate(plain):
            term = wanted[place]
            for said in term.whole:
                found[plain[max(at - term.reach, 0) : at]] += self._side_by_side(said)
        return np.asarray(np.minimum(found, 1), np.float32)

    def _meaning(self, query: Query) -> Column:
        if query.plain in self._near:
            return self._near[query.plain]
        near = self._background.outstanding(self._vectors, vectors_of([query], self._view))
        return np.asarray(near[0], np.float32)

    def _rows_with(self, term: Term) -> Which:
        if self._texts is None or term.field != "any" or term.phrase or term.prefix:
            return self._snapshot.lexical.having(replace(term, negative=False), self._rows)
        which = self._side_by_side(term.words).copy()
        which[self._names.get(term.words[0], [])] = True
        for said in term.also:
            which |= self._side_by_side(said)
        return which

    def _rows_saying(self, said: tuple[str, ...]) -> Which:
        """Return which papers' titles or texts have words side by side."""
        which = np.zeros(len(self), bool)
        if self._texts is None:
            candidates = np.arange(len(self))
        elif len(said) == 1:
            which[self._texts.get(said[0], [])] = True
            return which
        else:
            common = set(self._texts.get(said[0], ())).intersection(*(self._texts.get(word, ()) for word in said[1:]))
            candidates = np.array(sorted(common), np.intp)
        if len(candidates):
            which[candidates] = self._snapshot.lexical.having(Term(said, phrase=len(said) > 1), self._rows[candidates])
        return which

    def _how_rare(self, term: Term) -> float:
        """Return how much a word says: the logarithm of how few papers have it, as in BM25."""
        count, papers = self._snapshot.lexical.frequency(term), self._snapshot.rows
        return math.log(1 + (max(papers - count, 0) + 0.5) / (count + 0.5))

    # -- by example ----------------------------------------------------------------------------------------------------

    def resembling(self, like: Sequence[int], unlike: Sequence[int], after: int, threshold: float) -> Sequence[Pick]:
        """Return the papers newer than `after` that are at least so near to examples, with the one each is nearest to.

        A paper's score is its mean nearness to the three examples it is nearest to, less half of that to the unwanted
        one it is nearest to.
        """
        return _newer(self._alike(tuple(like), tuple(unlike), threshold), after)

    def _like(self, like: tuple[int, ...], unlike: tuple[int, ...], threshold: float) -> list[Pick]:
        wanted, unwanted = (self._present(keys) for keys in (like, unlike))
        found, known = list[Pick](), {*like, *unlike}
        for begin in range(0, len(self) if len(wanted) else 0, _BLOCK):
            block = slice(begin, begin + _BLOCK)
            near = self._nearness(wanted, block)
            scores = np.partition(near, max(len(near) - _NEAREST, 0), axis=0)[-_NEAREST:].mean(axis=0)
            if len(unwanted):
                scores = scores - AGAINST * self._nearness(unwanted, block).max(axis=0)
            good = np.flatnonzero(scores >= threshold)
            nearest = self._snapshot.keys[wanted[near[:, good].argmax(axis=0)]]
            found += [
                Pick(key=key, score=round(score, 4), near=name)
                for key, score, name in zip(
                    self._keys[block][good].tolist(), scores[good].tolist(), nearest.tolist(), strict=True
                )
                if key not in known
            ]
        return found

    def _nearness(self, rows: Rows, block: slice) -> Column:
        """Return (m, n) how near the papers of a block are to rows."""
        known = [self._near.get(key) for key in self._snapshot.keys[rows].tolist()]
        if all(one is not None for one in known):
            return np.array([one[block] for one in known if one is not None])
        return self._background.outstanding(self._vectors[block], self._snapshot.dense.vectors(rows))

    def _present(self, keys: Sequence[int]) -> Rows:
        rows = self._snapshot.rows_of(keys) if keys else np.empty(0, np.int32)
        return rows[rows >= 0]


def _newer(picks: Sequence[Pick], after: int) -> Sequence[Pick]:
    """Return those of picks, ordered by key, that are newer than one."""
    return picks[bisect_right(picks, after, key=lambda pick: pick.key) :]
