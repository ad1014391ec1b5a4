"""Concepts: named directions of paper vectors, made by `training.concepts` and shipped beside the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

SHIPPED = Path(__file__).parent / "data" / "concepts.safetensors"
MOST = 8  # concepts of one paper
_BLOCK = 2_048
_NONE = np.empty((0, 0), np.float32)


@dataclass(frozen=True, slots=True)
class Concepts:
    """Concept i has `names[i]` and the direction `directions[i]`, of (concepts, d) rows of length 1.

    A vector has a concept where its product with the direction is above `least[i]`.
    """

    id: str
    names: tuple[str, ...]
    directions: NDArray[np.float32]
    least: NDArray[np.float32]

    def of(self, vectors: NDArray[np.float32]) -> list[list[int]]:
        """Return the numbers of the at most 8 strongest named concepts of each of (n, d) vectors, strongest first."""
        found: list[list[int]] = []
        for begin in range(0, len(vectors), _BLOCK):
            found += self._strongest(vectors[begin : begin + _BLOCK] @ self.directions.T - self.least)
        return found

    def named(self, vectors: NDArray[np.float32]) -> list[tuple[str, ...]]:
        """Return the names of the strongest concepts of each of (n, d) vectors, strongest first."""
        if not self.names:
            return [()] * len(vectors)
        return [tuple(self.names[number] for number in numbers) for numbers in self.of(vectors)]

    def moved(self, vectors: NDArray[np.float32], ways: Mapping[str, float]) -> NDArray[np.float32]:
        """Return (n, d) vectors of length 1, moved by so much along each of some concepts; unknown ones do nothing."""
        numbers = {name: number for number, name in enumerate(self.names) if name in ways}
        if not numbers:
            return vectors
        by = np.array([ways[name] for name in numbers], np.float32)
        moved = vectors + by @ self.directions[list(numbers.values())]
        return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), np.float32)

    def _strongest(self, above: NDArray[np.float32]) -> list[list[int]]:
        rows, numbers = np.nonzero(above > 0)
        order = np.lexsort((-above[rows, numbers], rows))
        numbers, ends = numbers[order], np.searchsorted(rows, np.arange(len(above) + 1))
        return [numbers[begin : min(end, begin + MOST)].tolist() for begin, end in pairwise(ends)]


NOTHING = Concepts("", (), _NONE, np.empty(0, np.float32))


@lru_cache(maxsize=4)
def load(encoder: str, path: Path = SHIPPED) -> Concepts:
    """Return the concepts that were learnt from the vectors of an encoder, by its id; none for any other encoder."""
    if not path.is_file():
        return NOTHING
    with safe_open(path, framework="np") as file:
        about = file.metadata()
        if about["encoder"] != encoder:
            return NOTHING
        directions = file.get_tensor("directions").astype(np.float32)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        names = tuple(file.get_tensor("names").tobytes().decode().split("\n"))
        return Concepts(about["id"], names, directions, file.get_tensor("least"))
