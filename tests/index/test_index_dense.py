"""Nearest vectors against exact search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from broadsheet.index import dense
from broadsheet.index.dense import Codebook, Dense

ROWS, DIMENSION, SCANNED = 30_000, 256, 128
Rows = NDArray[np.int64]


def clustered(rows: int) -> dense.Vectors:
    """Return unit vectors in clusters, with some dimensions much larger than others."""
    chance = np.random.default_rng(3)
    centres = chance.standard_normal((50, DIMENSION))
    vectors = centres[chance.integers(0, 50, rows)] + chance.standard_normal((rows, DIMENSION))
    vectors *= np.arange(1, DIMENSION + 1) ** -0.4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


@pytest.fixture(scope="module")
def vectors() -> dense.Vectors:
    """The vectors that are indexed, as four bits a number keep them."""
    return dense.restored(dense.quantised(clustered(ROWS)), DIMENSION)


@pytest.fixture(scope="module")
def index(vectors: dense.Vectors, tmp_path_factory: pytest.TempPathFactory) -> Dense:
    """The vectors in three segments, every hundredth row deleted."""
    codes = dense.quantised(vectors)
    codebook, sizes, folders, start = Codebook.trained(codes[:5_000], SCANNED), [20_000, 9_990, 10], list[Path](), 0
    for size in sizes:
        folders.append(tmp_path_factory.mktemp("segment"))
        codes[start : start + size].tofile(folders[-1] / dense.CODES)
        dense.write_codes(folders[-1], codes[start : start + size], codebook)
        start += size
    return Dense(folders, sizes, DIMENSION, codebook, np.arange(ROWS) % 100 != 0)


def exact(vectors: dense.Vectors, query: dense.Vectors, allowed: NDArray[np.bool_], limit: int) -> set[int]:
    """Return the best rows by all products."""
    return set(np.argsort(np.where(allowed, -(vectors @ query), 9))[:limit].tolist())


@pytest.mark.parametrize("share", [1.0, 0.3, 0.01])
def test_recall_against_exact_search(vectors: dense.Vectors, index: Dense, share: float) -> None:
    mask = np.random.default_rng(4).random(ROWS) < share
    allowed = mask & (np.arange(ROWS) % 100 != 0)
    found = 0
    for query in clustered(ROWS + 40)[ROWS:]:
        rows, scores = index.search(query, 100, None if share == 1 else mask)
        assert allowed[rows].all()
        assert (np.diff(scores) <= 0).all()
        np.testing.assert_allclose(scores, vectors[rows] @ query, atol=0.01)
        found += len(set(rows.tolist()) & exact(vectors, query, allowed, 100))
    assert found / 4_000 > 0.95


def test_a_vector_is_nearest_to_itself(vectors: dense.Vectors, index: Dense) -> None:
    for row in (1, 19_999, 20_001, ROWS - 1):
        assert index.search(vectors[row], 1)[0].tolist() == [row]


def test_vectors_come_back_nearly_whole(vectors: dense.Vectors, index: Dense) -> None:
    rows = np.array([29_995, 5, 20_000, 5])
    np.testing.assert_allclose(index.vectors(rows), vectors[rows], atol=0.01)


def test_nothing_is_near_to_nothing(index: Dense) -> None:
    zero, some = np.zeros(DIMENSION, np.float32), np.ones(DIMENSION, np.float32)
    assert index.search(zero, 5)[0].size == 0
    assert index.search(some, 0)[0].size == 0
    assert index.search(some, 5, np.zeros(ROWS, bool))[0].size == 0


@given(st.lists(st.floats(-1, 1, width=32), min_size=8, max_size=8))
def test_four_bits_keep_the_direction(values: list[float]) -> None:
    vector = np.array([values], np.float32)
    length = float(np.linalg.norm(vector))
    restored = dense.restored(dense.quantised(vector), 8)
    if length > 1e-6:
        np.testing.assert_allclose(restored, vector / length, atol=0.08)
    else:
        assert np.isfinite(restored).all()
