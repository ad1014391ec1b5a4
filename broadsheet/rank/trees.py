"""A sum of regression trees as flat arrays: what a gradient-boosted ranker is once it has been learned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ALL = np.uint64(2**64 - 1)  # a bit a leaf, so that trees may have 64


@dataclass(frozen=True)
class Trees:
    """Nodes of all trees; a leaf leads to itself. `features` names the columns that the nodes ask for.

    A row goes left where its column is at most the node's threshold, and scores the sum of its leaves' values.
    """

    features: tuple[str, ...]
    roots: NDArray[np.int32]
    column: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    depth: int

    @classmethod
    def read(cls, path: Path) -> Trees:
        """Return the trees of a JSON file as `plain` gives them."""
        given = json.loads(path.read_text(encoding="utf-8"))
        roots, column, left, right = (np.array(given[name], np.int32) for name in ("roots", "column", "left", "right"))
        threshold, value = (np.array(given[name], np.float64) for name in ("threshold", "value"))
        return cls(tuple(given["features"]), roots, column, threshold, left, right, value, given["depth"])

    def plain(self) -> dict[str, Any]:
        """Return the trees as lists and numbers."""
        arrays = ("roots", "column", "threshold", "left", "right", "value")
        lists = {name: getattr(self, name).tolist() for name in arrays}
        return {"features": list(self.features), "depth": self.depth, **lists}

    def scores(self, columns: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the (n,) scores of (n, f) rows.

        All nodes are asked at once; a node that sends a row right takes the leaves to its left away, and the first leaf
        that no node took is the row's (QuickScorer; Lucchese and others, 2015).
        """
        tests = self._tests
        kept = np.where(columns[:, tests.column] <= tests.threshold, tests.all, tests.without)
        left = np.bitwise_and.reduce(kept.reshape(len(columns), len(self.roots), -1), axis=2)
        leaf = np.bitwise_count((left & -left) - np.uint64(1))  # the place of the lowest bit
        return np.asarray(tests.value[np.arange(len(self.roots)), leaf].sum(axis=1), np.float32)

    @cached_property
    def _tests(self) -> _Tests:
        """The inner nodes of every tree, filled up to as many in each, and the leaves of each from left to right."""
        nodes = [list(self._below(root)) for root in self.roots.tolist()]
        inner = [[node for node in tree if self.left[node] != node] for tree in nodes]
        leaves = [[node for node in tree if self.left[node] == node] for tree in nodes]
        most = max(map(len, inner), default=0) or 1
        column, threshold = np.zeros((len(nodes), most), np.int32), np.full((len(nodes), most), np.inf)
        without = np.full((len(nodes), most), _ALL, np.uint64)
        value = np.zeros((len(nodes), max(map(len, leaves), default=1)))
        for tree, (own, ends) in enumerate(zip(inner, leaves, strict=True)):
            value[tree, : len(ends)] = self.value[ends]
            for place, node in enumerate(own):
                column[tree, place], threshold[tree, place] = self.column[node], self.threshold[node]
                for end in self._below(int(self.left[node])):
                    if end in ends:
                        without[tree, place] &= ~np.uint64(1 << ends.index(end))
        return _Tests(column.ravel(), threshold.ravel(), without.ravel(), value)

    def _below(self, node: int) -> Iterator[int]:
        """Yield a node and all under it, the left ones first."""
        yield node
        if self.left[node] != node:
            yield from self._below(int(self.left[node]))
            yield from self._below(int(self.right[node]))


@dataclass(frozen=True)
class _Tests:
    """Nodes tree after tree: what they ask, and the bits of the leaves that remain where the answer is no."""

    column: NDArray[np.int32]
    threshold: NDArray[np.float64]
    without: NDArray[np.uint64]
    value: NDArray[np.float64]
    """Of the leaves, (trees, leaves)."""
    all: np.uint64 = _ALL
