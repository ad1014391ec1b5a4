"""What a reader would save next: from how near papers are to the shelf, and from what readers of the same papers read.

Both are pure and cost as much as there is on the shelf; a paper more is one row more. Each saved paper speaks only for
what is near it (local activation, as in the Deep Interest Network, Zhou et al., 2018), so interests are not averaged,
and an unwanted paper takes away only near itself (as in a discrete key-value bottleneck, Träuble et al., 2023). Content
and co-reading stay apart until they are added up (as in DiscRec, 2025), so that neither drowns the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.columns import Ragged

ACTIVATION = 2.0  # power of nearness to a saved paper: above 1, the nearest ones decide
NEIGHBOURS, NEIGHBOURLY = (
    100,
    3.0,
)  # papers that somebody has read and that speak for one nobody has; power of their nearness
CO_READING = 2.0  # weight of co-reading beside content, both in standard deviations over the candidates

Column = NDArray[np.float32]
Matrix = NDArray[np.float32]


def liking(near: Matrix, weights: Column) -> Column:
    """Return (n,) how much candidates are like what was saved, from their (n, m) nearness to m papers.

    A paper of weight w gives w x nearness ^ 2, over the sum of positive weights. An unwanted paper, whose weight is
    negative, takes the share u / (u + l) of that away, where u and l are what it and the wanted paper nearest to the
    candidate give: half of it where both are equally near, nothing far from it.
    """
    activation = np.maximum(near, 0) ** np.float32(ACTIVATION)
    wanted, unwanted = activation * np.maximum(weights, 0), activation * np.maximum(-weights, 0)
    liked = wanted.sum(axis=1) / max(float(np.maximum(weights, 0).sum()), 1e-9)
    nearest, against = wanted.max(axis=1, initial=0), unwanted.max(axis=1, initial=0)
    return np.asarray(liked * nearest / np.maximum(nearest + against, 1e-9), np.float32)


class CoReading:
    """Who has read what: `warmth` of papers that somebody has read, for a reader of some of them.

    Two papers are as close as the readers they share, over the square root of the product of the readers that each has,
    plus one; a reader's warmth for a paper is its closeness to all that the reader has.
    """

    def __init__(self, readers: NDArray[np.integer], papers: NDArray[np.integer], count: int) -> None:
        """Learn from pairs of a reader's and a paper's number, each pair once; papers are numbered below `count`."""
        self._of_paper = _grouped(papers, readers, count)
        self._of_reader = _grouped(readers, papers, int(readers.max(initial=-1)) + 1)
        self._damping = 1 / np.sqrt(self._of_paper.counts(np.arange(count)) + 1)

    def warmth(self, shelf: NDArray[np.integer]) -> Column:
        """Return (count,) the warmth of all papers, for who has those of the shelf."""
        given = np.repeat(self._damping[shelf], self._of_paper.counts(shelf))
        alike = np.bincount(self._of_paper.among(shelf), given, minlength=len(self._of_reader))
        readers = np.flatnonzero(alike)
        passed_on = np.repeat(alike[readers], self._of_reader.counts(readers))
        warmth = np.bincount(self._of_reader.among(readers), passed_on, minlength=len(self._of_paper))
        return np.asarray(warmth * self._damping, np.float32)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each of n papers that nobody has read, the k nearest that somebody has, and the (n, k) shares of each."""

    nearest: NDArray[np.intp]
    shares: Matrix

    @classmethod
    def of(cls, near: Matrix) -> Neighbours:
        """Return them from (n, m) nearness to m papers that somebody has read."""
        k = min(NEIGHBOURS, near.shape[1])
        nearest = np.argpartition(near, -k, axis=1)[:, -k:] if k < near.shape[1] else np.argsort(near, axis=1)
        weights = np.maximum(np.take_along_axis(near, nearest, axis=1), 0) ** np.float32(NEIGHBOURLY)
        return cls(nearest, np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9), np.float32))

    def warmth(self, known: Column) -> Column:
        """Return (n,) what warmth the papers have from that of the (m,) known ones."""
        return np.asarray(np.einsum("ij,ij->i", self.shares, known[self.nearest]), np.float32)


def joined(content: Column, warmth: Column) -> Column:
    """Return content and co-reading added up, each in standard deviations; what is the same for all adds nothing."""
    return np.asarray(_standard(content) + np.float32(CO_READING) * _standard(warmth), np.float32)


def _standard(column: Column) -> Column:
    spread = column.std() if len(column) else 0
    return (column - column.mean()) / spread if spread > 1e-9 else np.zeros(len(column), np.float32)


def _grouped(by: NDArray[np.integer], numbers: NDArray[np.integer], count: int) -> Ragged:
    """Return the numbers that stand beside each of `count` others."""
    order = np.argsort(by, kind="stable")
    return Ragged(np.bincount(by, minlength=count), np.asarray(numbers[order], np.int32))
