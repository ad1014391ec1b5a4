"""A sum of regression trees as flat arrays: what a gradient-boosted ranker is once it has been learned."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
        """Return the (n,) scores of (n, f) rows."""
        node = np.broadcast_to(self.roots, (len(columns), len(self.roots)))
        rows = np.arange(len(columns))[:, None]
        for _ in range(self.depth):
            goes_left = columns[rows, self.column[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return np.asarray(self.value[node].sum(axis=1), np.float32)
