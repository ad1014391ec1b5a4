"""Miners: which papers stand together in a batch, so that its wrong pairs are hard to tell from the right ones."""

from __future__ import annotations

from collections.abc import Callable

import faiss
import numpy as np
from numpy.typing import NDArray

from broadsheet.training.corpus import Corpus

Ints = NDArray[np.int64]
_TOGETHER = 32  # papers of one cluster in a batch
_CLUSTERS = 1_024
_LEARNT_FROM = 50_000
_WIDTH = 64


class Categories:
    """A share of the batch comes from one category; the rest is random."""

    def __init__(self, corpus: Corpus, papers: Ints, near: float, seed: int) -> None:
        self._papers, self._near = papers, near
        self._random = np.random.default_rng(seed)
        self._group(corpus.groups[papers])

    def _group(self, groups: NDArray[np.int32]) -> None:
        self._groups = groups
        self._members = np.argsort(groups, kind="stable")
        self._starts = np.searchsorted(groups[self._members], np.arange(groups.max() + 2))

    def draw(self, batch: int) -> Ints:
        """Return the papers of a batch, all different."""
        near = self._neighbours(int(batch * self._near))
        rest = self._random.integers(0, len(self._papers), batch)
        chosen, first = np.unique(np.concatenate((near, rest)), return_index=True)
        return self._papers[chosen[np.argsort(first)][:batch]]

    def _neighbours(self, count: int) -> Ints:
        return self._of(self._groups[self._random.integers(0, len(self._papers), 1)], count)

    def _of(self, groups: NDArray[np.int32], each: int) -> Ints:
        """Return members of groups at random, `each` of every one."""
        begin, size = self._starts[groups], self._starts[groups + 1] - self._starts[groups]
        drawn = self._random.random((len(groups), each)) * size[:, None]
        return self._members[begin[:, None] + drawn.astype(np.int64)].ravel()

    def learn(self, encode: Callable[[Ints, int], NDArray[np.float32]]) -> None:
        """Look at the model as it is now; `encode` returns vectors of papers, cut to a width."""


class Clusters(Categories):
    """A share of the batch comes from clusters of the vectors so far, 32 papers of each; at first, from a category."""

    _clustered = False

    def learn(self, encode: Callable[[Ints, int], NDArray[np.float32]]) -> None:
        vectors = encode(self._papers, _WIDTH)
        count = max(1, min(_CLUSTERS, len(vectors) // 40))
        means = faiss.Kmeans(
            vectors.shape[1], count, niter=8, spherical=True, seed=1, max_points_per_centroid=_LEARNT_FROM // count
        )
        means.train(vectors)
        self._group(means.index.search(vectors, 1)[1].ravel().astype(np.int32))
        self._clustered = True

    def _neighbours(self, count: int) -> Ints:
        if not self._clustered:
            return super()._neighbours(count)
        seeds = self._random.integers(0, len(self._papers), max(1, count // _TOGETHER))
        return self._of(self._groups[seeds], _TOGETHER)


MINERS = {"categories": Categories, "clusters": Clusters}
