"""Vectors by a second, slower encoder, for as many rows as it has come to.

second/
  0.rows.npy  0.codes.npy     the rows (int32) that one sitting encoded, ascending, and their (n, d) 8-bit codes
  1.rows.npy  1.codes.npy     the next; what is there never changes, so snapshots share it by hard links

A row is one version of one paper's text, so a paper that changes or goes takes its vector with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = "second"
_NOTHING = 1e-30  # a component that is none
_BLOCK = 4_096  # codes that are compared at once
_MOST_SITTINGS = 8  # files that are borne before all are written as one

Rows = NDArray[np.int32]
Vectors = NDArray[np.float32]
Codes = NDArray[np.int8]


class Second:
    """The second vectors of an open snapshot."""

    def __init__(self, folder: Path, dimension: int) -> None:
        """Open what `add` wrote; without any, or where there is no folder, every row is unknown."""
        parts = list(_sittings(folder))
        self.rows: Rows = np.concatenate([np.empty(0, np.int32), *(rows for rows, _ in parts)])
        self._codes = [codes for _, codes in parts]
        self._starts = np.cumsum([0, *(len(rows) for rows, _ in parts)])
        self._order = np.argsort(self.rows, kind="stable")
        self.dimension = dimension

    def known(self, rows: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which rows have a vector."""
        return np.isin(rows, self.rows)

    def nearest(self, vector: Vectors, limit: int, mask: NDArray[np.bool_]) -> Rows:
        """Return the rows of the mask whose vectors are nearest to a (d,) vector, the nearest first.

        All vectors are compared, which takes 7 ms for 100,000 of 384 dimensions.
        """
        admitted = np.flatnonzero(mask[self.rows])
        cosines = (self._products(vector) / self._lengths)[admitted]
        first = np.argpartition(-cosines, limit)[:limit] if len(cosines) > limit else np.arange(len(cosines))
        found: Rows = self.rows[admitted[first[np.lexsort((self.rows[admitted[first]], -cosines[first]))]]]
        return found

    def _products(self, vector: Vectors) -> NDArray[np.float32]:
        products = [block.astype(np.float32) @ vector for block in self._blocks()]
        return np.concatenate([np.empty(0, np.float32), *products])

    @cached_property
    def _lengths(self) -> NDArray[np.float32]:
        lengths = [np.linalg.norm(block.astype(np.float32), axis=1) for block in self._blocks()]
        return np.asarray(np.maximum(np.concatenate([np.empty(0, np.float32), *lengths]), 1), np.float32)

    def _blocks(self) -> Iterator[Codes]:
        for codes in self._codes:
            yield from (codes[begin : begin + _BLOCK] for begin in range(0, len(codes), _BLOCK))

    def vectors(self, rows: NDArray[np.integer]) -> Vectors:
        """Return the (n, d) vectors, of length 1, of rows that all have one."""
        places = self._order[np.searchsorted(self.rows, rows, sorter=self._order)]
        sitting = np.searchsorted(self._starts, places, "right") - 1
        codes = np.empty((len(places), self.dimension), np.int8)
        for number in np.unique(sitting):
            here = sitting == number
            codes[here] = self._codes[number][places[here] - self._starts[number]]
        return _restored(codes)


def _quantised(vectors: Vectors) -> Codes:
    """Return (n, d) codes of (n, d) vectors, each scaled to its largest component; a zero row stays zero.

    Eight bits, since what is read slowly should lose nothing, and few papers are.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    codes: Codes = np.rint(vectors * (127 / np.where(largest > _NOTHING, largest, 1))).astype(np.int8)
    return codes


def _restored(codes: Codes) -> Vectors:
    vectors = codes.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
    return vectors


def add(folder: Path, rows: Rows, vectors: Vectors) -> None:
    """Write the vectors of rows that have none yet; where there are many files, all become one."""
    folder.mkdir(exist_ok=True)
    order = np.argsort(rows)
    parts = [*_sittings(folder), (rows[order].astype(np.int32), _quantised(vectors[order]))]
    number = max((int(path.name.partition(".")[0]) + 1 for path in folder.glob("*.rows.npy")), default=0)
    kept = parts[-1:] if len(parts) <= _MOST_SITTINGS else parts
    _write(folder, number, kept)
    if len(kept) > 1:
        for path in folder.glob("*.npy"):
            if not path.name.startswith(f"{number}."):
                path.unlink()


def _write(folder: Path, number: int, parts: list[tuple[Rows, Codes]]) -> None:
    rows = np.concatenate([rows for rows, _ in parts])
    order = np.argsort(rows)
    np.save(folder / f"{number}.rows.npy", rows[order])
    np.save(folder / f"{number}.codes.npy", np.concatenate([codes for _, codes in parts])[order])


def _sittings(folder: Path) -> Iterator[tuple[Rows, Codes]]:
    for path in sorted(folder.glob("*.rows.npy"), key=lambda path: int(path.name.partition(".")[0])):
        yield np.load(path), np.load(path.with_name(path.name.replace("rows", "codes")), mmap_mode="r")
