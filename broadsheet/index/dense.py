"""Vectors: one bit a dimension scanned exhaustively, the best 2,000 or more scored again with 4 bits a dimension.

The one-bit codes are a product quantiser's (Jégou and others, 2011), four bits for each four of the first dimensions,
scanned with a float query's table of products held in registers (André and others, 2015), as faiss does it. They are a
function of the 4-bit codes and of the codebook, so they can be made again at any time. A mask applies inside the scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import nibbles
from broadsheet.index.masks import Mask

CODES = "codes.i4"
BITS = "bits.faiss"
CODEBOOK = "codebook.npy"
TRAINING_ROWS = 20_000
_RESCORED = 2_000  # rows, at least
_TIMES = 4  # as many rows are scored again as are asked for
_FEW = 4_096  # rows that are scored with 4 bits at once, without the scan
_BLOCK = 16_384
_WIDEST = 256  # dimensions that are scanned, where an encoder's vectors may be cut
_GROUP, _BITS = 4, 4  # dimensions that share a one-bit code, and its bits
_VALUES = 1 << _BITS
_NOTHING = 1e-30  # a component that is none

Vectors = NDArray[np.float32]
Codes = NDArray[np.uint8]


def quantised(vectors: Vectors) -> Codes:
    """Return (n, d / 2) 4-bit codes of (n, d) vectors, each scaled to its largest component; a zero row stays zero."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    return nibbles.packed(np.rint(vectors * (127 / np.where(largest > _NOTHING, largest, 1))).astype(np.int8))


def restored(codes: Codes, dimension: int) -> Vectors:
    """Return (n, dimension) rows of length 1 from 4-bit codes: since vectors have length 1, no scale is kept."""
    vectors = nibbles.floats(codes)
    vectors /= _lengths(vectors)[:, None]
    return vectors[:, :dimension]


def _lengths(vectors: Vectors) -> NDArray[np.float32]:
    lengths: NDArray[np.float32] = np.sqrt(np.vecdot(vectors, vectors))
    return np.maximum(lengths, 1)


@dataclass(frozen=True, slots=True)
class Codebook:
    """What one-bit codes stand for: (16, w) values, of which each four dimensions have the four of one of the rows."""

    values: Vectors

    @property
    def dimension(self) -> int:
        """How many of the vectors' dimensions, the first ones, are scanned."""
        return int(self.values.shape[1])

    @classmethod
    def trained(cls, codes: Codes, dimension: int) -> Codebook:
        """Return the codebook for the first dimensions of a collection, from its first (n, d / 2) codes.

        The same codes give the same codebook.
        """
        quantiser = faiss.ProductQuantizer(_padded(dimension), _padded(dimension) // _GROUP, _BITS)
        quantiser.cp.min_points_per_centroid, quantiser.cp.max_points_per_centroid = 1, TRAINING_ROWS // _VALUES
        vectors = restored(codes, dimension)
        enough = np.resize(vectors, (max(len(vectors), _VALUES), dimension))  # the few again, or zeros
        quantiser.train(_widened(enough))
        values = faiss.vector_to_array(quantiser.centroids).reshape(-1, _VALUES, _GROUP)
        return cls(np.ascontiguousarray(values.transpose(1, 0, 2).reshape(_VALUES, -1)[:, :dimension]))

    def save(self, folder: Path) -> None:
        """Write the values as a .npy file."""
        (folder / CODEBOOK).unlink(missing_ok=True)  # may be a link to another snapshot's
        np.save(folder / CODEBOOK, self.values)

    @classmethod
    def load(cls, folder: Path) -> Codebook:
        """Return what `save` wrote."""
        return cls(np.load(folder / CODEBOOK))

    def scanner(self, codes: Codes) -> Any:
        """Return a faiss index of the one-bit codes of 4-bit codes: one list, so that a mask can be given."""
        dimension = _padded(self.dimension)
        quantiser: Any = faiss.IndexFlatIP(dimension)
        quantiser.add(np.zeros((1, dimension), np.float32))
        scanner = faiss.IndexIVFPQFastScan(
            quantiser, dimension, 1, dimension // _GROUP, _BITS, faiss.METRIC_INNER_PRODUCT
        )
        values = _widened(self.values).reshape(_VALUES, -1, _GROUP).transpose(1, 0, 2)
        faiss.copy_array_to_vector(np.ascontiguousarray(values).ravel(), scanner.pq.centroids)
        scanner.by_residual, scanner.is_trained = False, True
        for begin in range(0, len(codes), _BLOCK):
            scanner.add(_widened(restored(codes[begin : begin + _BLOCK], self.dimension)))
        scanner.own_fields = True
        quantiser.this.disown()
        return scanner


def scanned(prefixes: Sequence[int]) -> int:
    """Return how many dimensions are scanned of vectors that may be cut to some lengths, the last being the whole."""
    return max((prefix for prefix in prefixes if prefix <= _WIDEST), default=prefixes[-1])


def _padded(dimension: int) -> int:
    return -(-dimension // _GROUP) * _GROUP


def _widened(vectors: Vectors) -> Vectors:
    """Return (n, d) vectors with zeros up to the next whole group of dimensions."""
    missing = _padded(vectors.shape[1]) - vectors.shape[1]
    return np.pad(vectors, ((0, 0), (0, missing))) if missing else np.ascontiguousarray(vectors)


def write_codes(folder: Path, codes: Codes, codebook: Codebook) -> None:
    """Write the one-bit codes of a segment beside its 4-bit codes."""
    (folder / BITS).unlink(missing_ok=True)  # may be a link to another snapshot's
    faiss.write_index(codebook.scanner(codes), str(folder / BITS))


def open_codes(folder: Path, rows: int, dimension: int) -> Codes:
    """Return the (rows, dimension / 2) 4-bit codes of a segment, mapped from its file."""
    if not rows:
        return np.empty((0, nibbles.width(dimension)), np.uint8)
    return np.asarray(np.memmap(folder / CODES, np.uint8, "r", shape=(rows, nibbles.width(dimension))))


class Dense:
    """The vectors of a snapshot: `search` and `vectors`; thread-safe, one thread a search."""

    def __init__(
        self, folders: Sequence[Path], rows: Sequence[int], dimension: int, codebook: Codebook, alive: Mask
    ) -> None:
        self._dimension, self._scanned, self._alive = dimension, codebook.dimension, alive
        self._starts = np.concatenate([[0], np.cumsum(rows, dtype=np.int64)])
        self._codes = [open_codes(folder, n, dimension) for folder, n in zip(folders, rows, strict=True)]
        self._last: _Eligible | None = None
        self._scanners = [faiss.read_index(str(folder / BITS)) for folder in folders]

    def search(
        self, vector: Vectors, limit: int, mask: Mask | None = None
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the rows nearest to a (d,) vector among those of the mask, and their cosines, best first.

        Deleted rows never come; an all-zero vector, which means nothing, finds nothing.
        """
        length = float(np.sqrt(vector @ vector))
        eligible = self._eligible(mask) if limit > 0 else None
        if not length or eligible is None or not eligible.count:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        query = np.ascontiguousarray(vector, np.float32) / np.float32(length)
        few = eligible.count <= max(_FEW, limit)
        rows = eligible.rows() if few else self._scan(query, max(_TIMES * limit, _RESCORED), eligible)
        scores = _cosines(self._codes_of(rows), query)
        if limit < len(rows):
            enough = np.flatnonzero(scores >= np.partition(scores, -limit)[-limit])
            rows, scores = rows[enough], scores[enough]
        best = np.lexsort((rows, -scores))[:limit]
        return rows[best].astype(np.int32), scores[best]

    def vectors(self, rows: NDArray[Any]) -> Vectors:
        """Return the (n, d) vectors of rows, from their 4-bit codes; length 1, or zeros for an empty paper."""
        return restored(self._codes_of(np.asarray(rows, np.int64)), self._dimension)

    def cosines(self, rows: NDArray[Any], vector: Vectors) -> NDArray[np.float32]:
        """Return the (n,) products of rows' vectors, of length 1, with a (d,) vector."""
        return _cosines(self._codes_of(np.asarray(rows, np.int64)), np.asarray(vector, np.float32))

    def _codes_of(self, rows: NDArray[np.int64]) -> Codes:
        if len(self._codes) == 1:
            return np.asarray(self._codes[0].take(rows, axis=0))
        codes = np.empty((len(rows), nibbles.width(self._dimension)), np.uint8)
        segments = np.searchsorted(self._starts, rows, "right") - 1
        for segment in np.flatnonzero(np.bincount(segments)):
            here = segments == segment
            codes[here] = self._codes[segment].take(rows[here] - self._starts[segment], axis=0)
        return codes

    def _eligible(self, mask: Mask | None) -> _Eligible:
        """Return the living rows of a mask; most searches ask with the same one, so the last is remembered."""
        last = self._last
        if last is None or last.mask is not mask:
            self._last = last = _Eligible(mask, self._alive if mask is None else self._alive & mask, self._starts)
        return last

    def _scan(self, query: Vectors, count: int, eligible: _Eligible) -> NDArray[np.int64]:
        """Return the rows of the best one-bit estimates, which compare between segments, their codebook being one."""
        faiss.omp_set_num_threads(1)  # a setting of the calling thread
        wide = _widened(query[None, : self._scanned])
        found, products = [], []
        for scanner, start, bits in zip(self._scanners, self._starts[:-1], eligible.bits, strict=True):
            if not scanner.ntotal:
                continue
            estimates, numbers = scanner.search(wide, min(count, scanner.ntotal), params=_restricted(bits))
            real = numbers[0] >= 0
            found.append(numbers[0][real] + start)
            products.append(estimates[0][real])
        rows = np.concatenate(found)
        return rows[np.argsort(-np.concatenate(products), kind="stable")[:count]]


def _cosines(codes: Codes, query: Vectors) -> NDArray[np.float32]:
    """Return what `restored(codes) @ query` is, without dividing all of the vectors.

    Row by row, because BLAS would wake its threads for all of them, which costs ten times more on a busy machine.
    """
    vectors = nibbles.floats(codes)
    cosines: NDArray[np.float32] = np.vecdot(vectors[:, : len(query)], query) / _lengths(vectors)
    return cosines


class _Eligible:
    """The rows that a search may find: their number, and per segment as bits, None where all may be."""

    def __init__(self, mask: Mask | None, rows: Mask, starts: NDArray[np.int64]) -> None:
        self.mask, self._rows = mask, rows
        self.count = int(np.count_nonzero(rows))
        parts = [rows[begin:end] for begin, end in pairwise(starts.tolist())]
        self.bits = [None if part.all() else np.packbits(part, bitorder="little") for part in parts]

    def rows(self) -> NDArray[np.int64]:
        return np.flatnonzero(self._rows)


def _restricted(bits: NDArray[np.uint8] | None) -> Any:
    """Return faiss search parameters that admit only the rows whose bits are set."""
    make: Any = faiss.SearchParametersIVF  # faiss wraps its constructors at run time
    selector: Any = faiss.IDSelectorBitmap
    return make(nprobe=1, sel=None if bits is None else selector(bits))
