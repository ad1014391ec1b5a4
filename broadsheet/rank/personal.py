"""Recommending to one reader out of a whole snapshot: near papers are looked up, then `taste` says which are best."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from weakref import WeakKeyDictionary, proxy

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Query
from broadsheet.rank import taste
from broadsheet.rank.nearness import Bag, Lexicon, Papers, from_middle
from broadsheet.rank.pipeline import Stage
from broadsheet.rank.ranking import Column, Ranking, Rows, Taste, View

MOST = 300  # papers that are recommended, of those that come near
_LOOKED_UP = 1_000  # papers that come near, in all
_MOST_INTERESTS = 12
_ONE_INTEREST = 0.3  # cosine, seen from the middle, above which a paper belongs to an interest that is there
_SAMPLE = 4_096  # papers that the middle is estimated from
_REMEMBERED = 20_000  # papers whose words are remembered
_NOTHING_SAVED = "Nothing is saved yet that papers could be recommended from."
_NOTHING_NEAR = "Nothing here is near to what you saved."


@dataclass(frozen=True, eq=False)
class Shelf:
    """A taste's papers that the snapshot has: rows, weights, and the papers themselves."""

    rows: Rows
    weights: Column
    papers: Papers

    @cached_property
    def wanted(self) -> NDArray[np.intp]:
        """The places of what is not unwanted."""
        return np.flatnonzero(self.weights > 0)

    @cached_property
    def interests(self) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The number of each wanted paper's interest, and the middle of each interest."""
        return _interests(self.papers.vectors[self.wanted])


class Personal(Stage):
    """Papers that a reader would save next, each interest in turn by the square root of its share of the shelf.

    The features of a row are `content` and `others`: how much it is like the shelf, and what co-reading says of it.
    """

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        if view.taste is None:
            return replace(Ranking.empty(_NOTHING_SAVED), total=0)
        memory = remembered(view.snapshot)
        shelf = memory.shelf(view.taste)
        rows = _candidates(query, view, memory, shelf) if len(shelf.wanted) else shelf.rows[:0]
        if not len(rows):
            return replace(Ranking.empty(_NOTHING_NEAR if len(shelf.wanted) else _NOTHING_SAVED), total=0)
        near = memory.papers(rows, view.taste).near(shelf.papers)
        content = taste.liking(near, shelf.weights)
        warmth = _warmth(view, memory, shelf, rows)
        found = Ranking(rows, taste.joined(content, warmth), {"content": content, "others": warmth}, total=len(rows))
        best_first = np.lexsort((view.snapshot.keys[rows], -found.scores))
        interests = shelf.interests[0]
        served = interests[near[:, shelf.wanted].argmax(axis=1)][best_first]
        return found.take(best_first[in_turn(served, _shares(interests, shelf.weights[shelf.wanted]))])

    def __repr__(self) -> str:
        return "Personal()"


class Memory:
    """What is learned of one snapshot's papers, once: their middle, and the words of those that were looked at."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot: Snapshot = proxy(snapshot)  # what is remembered of a snapshot must not keep it open
        count = snapshot.rows
        frequency = snapshot.lexical.document_frequency  # of the words alone, not of the snapshot
        self._lexicon = Lexicon(lambda word: math.log((count + 1) / (frequency(word) + 0.5)))
        rows = np.flatnonzero(snapshot.alive & snapshot.has_text)
        sample = snapshot.dense.vectors(rows[:: max(len(rows) // _SAMPLE, 1)])
        self.middle: Column = sample.mean(axis=0) if len(sample) else np.zeros(sample.shape[1], np.float32)
        self._bags: dict[int, Bag] = {}
        self._lock = threading.Lock()

    def shelf(self, given: Taste) -> Shelf:
        """Return what the snapshot has of a taste's papers."""
        rows = self._snapshot.rows_of(list(given.weights))
        present = rows >= 0
        weights = np.fromiter(given.weights.values(), np.float32, len(given.weights))
        return Shelf(rows[present], weights[present], self.papers(rows[present], given))

    def papers(self, rows: Rows, given: Taste) -> Papers:
        """Return the papers of rows; the texts of those not yet looked at are read."""
        keys = [int(key) for key in self._snapshot.keys[rows]]
        with self._lock:
            bags = {key: self._bags[key] for key in keys if key in self._bags}
        unknown = [key for key in keys if key not in bags]
        texts = given.read(unknown) if unknown else {}
        with self._lock:
            bags |= {key: self._lexicon.bag(texts.get(key, ("", ""))) for key in unknown}
            if len(self._bags) + len(unknown) > _REMEMBERED:
                self._bags.clear()
            self._bags |= bags
        return Papers.of_bags(self.vectors(rows), [bags[key] for key in keys])

    def vectors(self, rows: Rows) -> NDArray[np.float32]:
        """Return the (n, d) vectors of rows, seen from the middle."""
        return from_middle(self._snapshot.dense.vectors(rows), self.middle)


_memories: WeakKeyDictionary[Snapshot, Memory] = WeakKeyDictionary()


def remembered(snapshot: Snapshot) -> Memory:
    """Return what is remembered of a snapshot, for as long as it is open."""
    found = _memories.get(snapshot)
    if found is None:
        found = _memories[snapshot] = Memory(snapshot)
    return found


def because(view: View, page: Rows) -> list[int | None]:
    """Return for each row of a page the key of the saved paper that it is most like."""
    if view.taste is None or not len(page):
        return [None] * len(page)
    memory = remembered(view.snapshot)
    shelf = memory.shelf(view.taste)
    near = memory.papers(page, view.taste).near(shelf.papers.take(shelf.wanted))
    return [int(key) for key in view.snapshot.keys[shelf.rows[shelf.wanted]][near.argmax(axis=1)]]


def in_turn(interests: NDArray[np.intp], shares: Column) -> NDArray[np.intp]:
    """Return the order in which each interest gets places by its share (Sainte-Laguë), its own papers in order.

    >>> in_turn(np.array([0, 0, 0, 1]), np.array([0.5, 0.5])).tolist()
    [0, 3, 1, 2]
    """
    place = np.empty(len(interests), np.float64)
    for interest in np.unique(interests):
        own = np.flatnonzero(interests == interest)
        place[own] = (np.arange(len(own)) + 0.5) / shares[interest]
    return np.argsort(place, kind="stable")


def _interests(vectors: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the interest of each of (n, d) saved papers, and the (k, d) middle of each, of length 1.

    A paper joins the interest that it is nearest to, or begins one, in the order given: a paper more changes no other.
    """
    found = np.zeros(len(vectors), np.intp)
    sums, middles = np.zeros((2, _MOST_INTERESTS, vectors.shape[1]), np.float32)
    count = 0
    for number, vector in enumerate(vectors):
        near = middles[:count] @ vector
        best = int(near.argmax()) if count else 0
        if count < _MOST_INTERESTS and (not count or near[best] < _ONE_INTEREST):
            best, count = count, count + 1
        found[number] = best
        sums[best] += vector
        middles[best] = sums[best] / max(math.sqrt(sums[best] @ sums[best]), 1e-9)
    return found, middles[:count]


def _shares(interests: NDArray[np.intp], weights: Column) -> Column:
    roots = np.sqrt(np.bincount(interests, weights))
    return np.asarray(roots / roots.sum(), np.float32)


def _candidates(query: Query, view: View, memory: Memory, shelf: Shelf) -> Rows:
    """Return the rows nearest in meaning to each interest, without those known; the best of them by meaning alone."""
    snapshot = view.snapshot
    assert view.taste is not None
    mask = snapshot.mask(query.filters)
    mask = snapshot.alive & ~snapshot.hidden if mask is None else mask.copy()
    known = snapshot.rows_of([*view.taste.known, *view.taste.weights])
    mask[known[known >= 0]] = False
    wanted = shelf.papers.vectors[shelf.wanted]
    middles = shelf.interests[1]
    each = _LOOKED_UP // len(middles)
    found = np.unique(np.concatenate([snapshot.dense.search(middle, each, mask)[0] for middle in middles]))
    near = memory.vectors(found) @ wanted.T
    liked = taste.liking(np.asarray(near, np.float32), shelf.weights[shelf.wanted])
    return np.asarray(found[np.lexsort((snapshot.keys[found], -liked))][:MOST], np.int32)


def _warmth(view: View, memory: Memory, shelf: Shelf, rows: Rows) -> Column:
    """Return what co-reading says of rows: by the nearest in meaning of all papers that somebody has saved."""
    assert view.taste is not None
    pairs = [*view.taste.others, *((-1, key) for key, weight in view.taste.weights.items() if weight > 0)]
    readers, keys = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    own = view.snapshot.rows_of(keys)
    readers, own = readers[own >= 0], own[own >= 0]
    if len(np.unique(readers)) < 2:
        return np.zeros(len(rows), np.float32)
    read, numbers = np.unique(own, return_inverse=True)
    co_reading = taste.CoReading(np.unique(readers, return_inverse=True)[1], numbers, len(read))
    warmth = co_reading.warmth(np.searchsorted(read, shelf.rows[shelf.wanted]))
    neighbours = taste.Neighbours.of(np.asarray(memory.vectors(rows) @ memory.vectors(read).T, np.float32))
    return neighbours.warmth(warmth)
