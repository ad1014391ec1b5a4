"""Versions of one work that are papers of their own: the best placed stands for all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.snapshot import Snapshot
from broadsheet.index.works import other_numbers, same_title, shared_people
from broadsheet.query import Query
from broadsheet.rank.pipeline import Stage
from broadsheet.rank.ranking import Ranking, Rows, View

AMONG = 300  # first rows that are compared with each other
PEOPLE = 0.5  # share of the fewer authors that two versions have in common
SAME_TITLE = 0.6  # least cosine of two versions with one title and people in common
NOBODY = 0.8  # the same, where one of them names nobody
OTHER_TITLE = 0.92  # least cosine of two versions with different titles and people in common
_ROUNDING = 1e-4  # more than sums of products can err by

Vectors = NDArray[np.float32]


class Collapse(Stage):
    """Leaves the first of the versions of a work among the first rows, and notes the others as `also`.

    Two papers are versions of one work when title and people agree and the vectors do not object, or when people agree
    and the vectors say the same, as *Newswire* finds near-duplicates by a bi-encoder.
    """

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        rows = ranking.rows[:AMONG]
        also: dict[int, tuple[int, ...]] = {}
        kept = np.ones(len(ranking), bool)
        for first, second in versions(view.snapshot, rows):
            if kept[first] and kept[second]:
                kept[second] = False
                also[int(rows[first])] = (*also.get(int(rows[first]), ()), int(rows[second]))
        if not also:
            return ranking
        return replace(ranking.take(np.flatnonzero(kept)), also={**ranking.also, **also})

    def __repr__(self) -> str:
        return "Collapse()"


def versions(snapshot: Snapshot, rows: Rows, *, titles: bool = True) -> list[tuple[int, int]]:
    """Return the pairs of places whose rows are versions of one work, the better placed first.

    Without `titles`, people and vectors alone decide, as they do where the title was changed.
    """
    mark, people, texts = snapshot.mark[rows], snapshot.people[rows], snapshot.has_text[rows]
    vectors = snapshot.dense.vectors(rows)
    titled = same_title(mark[:, None], mark[None]) & titles
    first, second = np.nonzero(titled | perhaps_near(vectors, OTHER_TITLE))  # of the others no pair can be versions
    first, second = first[first < second], second[first < second]
    shared = shared_people(people[first], people[second])
    least = least_cosine(titled[first, second], shared, texts[first] & texts[second])
    same = (cosines(vectors, first, second) >= least) & ~other_numbers(mark[first], mark[second])
    return list(zip(first[same].tolist(), second[same].tolist(), strict=True))


def perhaps_near(vectors: Vectors, least: float) -> NDArray[np.bool_]:
    """Return (n, n) whether two vectors of length 1 may have that cosine, by the first quarter of their dimensions.

    What the others can add is bounded by their lengths (Cauchy and Schwarz): ten pairs of 300 papers remain.
    """
    first = np.ascontiguousarray(vectors[:, : -(-vectors.shape[1] // 4)])
    rest = np.sqrt(np.maximum(1 - np.vecdot(first, first), 0))
    most = first @ first.T.copy()  # without the copy BLAS takes another routine, ten times slower with threads
    return np.asarray(most + rest[:, None] * rest >= least - _ROUNDING)


def cosines(vectors: Vectors, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the cosines of pairs among (n, d) vectors of length 1."""
    if len(first) > len(vectors) * 4:
        return np.asarray((vectors @ vectors.T.copy())[first, second], np.float32)
    return np.asarray(np.vecdot(vectors[first], vectors[second]), np.float32)


def least_cosine(
    titled: NDArray[np.bool_], shared: NDArray[np.float32], texts: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the cosine that makes pairs versions of one work; more than 1 where none does.

    `titled` says whether titles agree, `shared` which share of people (NaN: not known), `texts` whether both have any.
    """
    known = shared >= PEOPLE
    with_title = np.where(known, np.where(texts, SAME_TITLE, -1.0), np.where(np.isnan(shared), NOBODY, 2.0))
    return np.asarray(np.where(titled, with_title, np.where(known & texts, OTHER_TITLE, 2.0)), np.float32)
