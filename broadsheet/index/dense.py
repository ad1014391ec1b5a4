"""Vectors: one bit a dimension scanned exhaustively, the best 2,000 scored again with 8 bits a dimension.

The one-bit codes are RaBitQ's (Gao and Long, 2024) as faiss scans them: a float query, in 8 bits, against the signs of
rotated and centred documents. They are a function of the 8-bit codes and of (rotation, centre), so they can be made
again at any time. A mask applies inside the scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from broadsheet.index.masks import Mask

CODES = "codes.i8"
BITS = "bits.faiss"
TRAINING_ROWS = 20_000
_RESCORED = 2_000
_FEW = 4_096  # rows that are scored with 8 bits at once, without the scan
_BLOCK = 16_384
_SEED = 1
_QUERY_BITS = 8
_NOTHING = 1e-30  # a component that is none

Vectors = NDArray[np.float32]
Codes = NDArray[np.int8]


def quantised(vectors: Vectors) -> Codes:
    """Return (n, d) 8-bit codes of (n, d) vectors, each scaled to its largest component; a zero row stays zero."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    codes: Codes = np.rint(vectors * (127 / np.where(largest > _NOTHING, largest, 1))).astype(np.int8)
    return codes


def restored(codes: Codes) -> Vectors:
    """Return (n, d) rows of length 1 from 8-bit codes: since vectors have length 1, no scale is kept."""
    vectors = codes.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.maximum(lengths, 1)[:, None]
    return vectors


@dataclass(frozen=True, slots=True)
class Basis:
    """What one-bit codes are relative to: an orthogonal (d, d) rotation, and the (d,) centre after rotating."""

    rotation: Vectors
    centre: Vectors

    @classmethod
    def trained(cls, codes: Codes) -> Basis:
        """Return the basis for a collection, from its first (n, d) codes; the same codes give the same basis."""
        dimension = codes.shape[1]
        random = faiss.RandomRotationMatrix(dimension, dimension)
        random.init(_SEED)
        rotation = faiss.vector_to_array(random.A).reshape(dimension, dimension).T.copy()
        centre = restored(codes).mean(axis=0) if len(codes) else np.zeros(dimension, np.float32)
        return cls(rotation, (centre @ rotation).astype(np.float32))

    def save(self, folder: Path) -> None:
        """Write both arrays as .npy files."""
        for name, values in (("rotation.npy", self.rotation), ("centre.npy", self.centre)):
            (folder / name).unlink(missing_ok=True)  # may be a link to another snapshot's
            np.save(folder / name, values)

    @classmethod
    def load(cls, folder: Path) -> Basis:
        """Return what `save` wrote."""
        return cls(np.load(folder / "rotation.npy"), np.load(folder / "centre.npy"))

    def scanner(self, codes: Codes) -> Any:
        """Return a faiss index of the one-bit codes of (n, d) 8-bit codes: one list, so that a mask can be given."""
        dimension = len(self.centre)
        quantiser: Any = faiss.IndexFlatL2(dimension)
        quantiser.add(self.centre[None])
        scanner = faiss.IndexIVFRaBitQFastScan(quantiser, dimension, 1, faiss.METRIC_L2)
        scanner.train(self.centre[None])
        for begin in range(0, len(codes), _BLOCK):
            scanner.add(restored(codes[begin : begin + _BLOCK]) @ self.rotation)
        scanner.own_fields = True
        quantiser.this.disown()
        return scanner


def write_codes(folder: Path, codes: Codes, basis: Basis) -> None:
    """Write the one-bit codes of a segment beside its 8-bit codes."""
    (folder / BITS).unlink(missing_ok=True)  # may be a link to another snapshot's
    faiss.write_index(basis.scanner(codes), str(folder / BITS))


def open_codes(folder: Path, rows: int, dimension: int) -> Codes:
    """Return the (rows, dimension) 8-bit codes of a segment, mapped from its file."""
    if not rows:
        return np.empty((0, dimension), np.int8)
    return np.asarray(np.memmap(folder / CODES, np.int8, "r", shape=(rows, dimension)))


class Dense:
    """The vectors of a snapshot: `search` and `vectors`; thread-safe, one thread a search."""

    def __init__(self, folders: Sequence[Path], rows: Sequence[int], basis: Basis, alive: Mask) -> None:
        self._basis, self._alive = basis, alive
        self._starts = np.concatenate([[0], np.cumsum(rows, dtype=np.int64)])
        dimension = len(basis.centre)
        self._codes = [open_codes(folder, n, dimension) for folder, n in zip(folders, rows, strict=True)]
        self._scanners = [faiss.read_index(str(folder / BITS)) for folder in folders]

    def search(
        self, vector: Vectors, limit: int, mask: Mask | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the rows nearest to a (d,) vector among those of the mask, and their cosines, best first.

        Deleted rows never come; an all-zero vector, which means nothing, finds nothing.
        """
        length = float(np.sqrt(vector @ vector))
        eligible = self._alive if mask is None else self._alive & mask
        count = int(np.count_nonzero(eligible))
        if not length or not count or limit < 1:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        query = np.ascontiguousarray(vector, np.float32) / np.float32(length)
        few = count <= max(_FEW, limit)
        rows = np.flatnonzero(eligible) if few else self._scan(query, max(limit, _RESCORED), eligible)
        scores = _cosines(self._codes_of(rows), query)
        best = np.lexsort((rows, -scores))[:limit]
        return rows[best].astype(np.int32), scores[best]

    def vectors(self, rows: NDArray[Any]) -> Vectors:
        """Return the (n, d) vectors of rows, from their 8-bit codes; length 1, or zeros for an empty paper."""
        return restored(self._codes_of(np.asarray(rows, np.int64)))

    def _codes_of(self, rows: NDArray[np.int64]) -> Codes:
        codes = np.empty((len(rows), len(self._basis.centre)), np.int8)
        segments = np.searchsorted(self._starts, rows, "right") - 1
        for segment in np.unique(segments):
            here = segments == segment
            codes[here] = self._codes[segment].take(rows[here] - self._starts[segment], axis=0)
        return codes

    def _scan(self, query: Vectors, count: int, eligible: Mask) -> NDArray[np.int64]:
        """Return the rows of the best one-bit estimates; distances of all segments compare, their basis being one."""
        faiss.omp_set_num_threads(1)  # a setting of the calling thread
        rotated = np.einsum("i,ij->j", query, self._basis.rotation)[None]
        found, distances = [], []
        for scanner, start in zip(self._scanners, self._starts[:-1], strict=True):
            if not scanner.ntotal:
                continue
            own = eligible[start : start + scanner.ntotal]
            estimates, numbers = scanner.search(rotated, min(count, scanner.ntotal), params=_restricted(own))
            real = numbers[0] >= 0
            found.append(numbers[0][real] + start)
            distances.append(estimates[0][real])
        rows = np.concatenate(found)
        return rows[np.argsort(np.concatenate(distances), kind="stable")[:count]]


def _cosines(codes: Codes, query: Vectors) -> NDArray[np.float32]:
    """Return what `restored(codes) @ query` is, without writing the vectors out.

    By einsum, because BLAS would wake its threads for it, which costs ten times more on a busy machine.
    """
    vectors = codes.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    cosines: NDArray[np.float32] = np.einsum("ij,j->i", vectors, query) / np.maximum(lengths, 1)
    return cosines


def _restricted(mask: Mask) -> Any:
    """Return faiss search parameters that admit only the rows of a mask."""
    make: Any = faiss.IVFRaBitQSearchParameters  # faiss wraps its constructors at run time
    selector: Any = faiss.IDSelectorBitmap
    return make(nprobe=1, qb=_QUERY_BITS, sel=None if mask.all() else selector(np.packbits(mask, bitorder="little")))
