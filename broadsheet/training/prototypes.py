"""Concepts as prototypes: for each of a corpus's telling phrases, the mean of the papers that have it (row 38)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from broadsheet.training.naming import BY_LENGTH, Phrases

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_ALIKE = 0.85  # two directions nearer than this are one concept
_CANDIDATES = 3  # phrases looked at for each concept that is wanted
_LEAST_TELLING = 0.8


def prototypes(has: csr_matrix, vectors: Floats) -> Floats:
    """Return (phrases, d) directions of length 1: the mean of the vectors that have a phrase, less that of all."""
    sums = np.asarray(has.T @ vectors, np.float32)
    counts = np.maximum(np.asarray(has.sum(axis=0)).ravel(), 1)
    directions: Floats = sums / counts[:, None] - vectors.mean(axis=0)
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    return directions


def telling(has: csr_matrix, vectors: Floats, directions: Floats) -> NDArray[np.float64]:
    """Return for each phrase how probably a paper that has it lies further along its direction than another."""
    columns = has.tocsc()
    areas = np.full(len(directions), np.nan)
    for phrase, direction in enumerate(directions):
        having = columns.indices[columns.indptr[phrase] : columns.indptr[phrase + 1]]
        if 0 < len(having) < len(vectors):
            order = np.empty(len(vectors), np.int64)
            order[np.argsort(vectors @ direction)] = np.arange(1, len(vectors) + 1)
            wins = order[having].sum() - len(having) * (len(having) + 1) / 2
            areas[phrase] = wins / (len(having) * (len(vectors) - len(having)))
    return areas


def chosen(found: Phrases, areas: NDArray[np.float64], directions: Floats, wanted: int) -> Ints:
    """Return the most telling phrases, longer ones first among alike, no two of which lie in one direction."""
    worth = np.where(areas >= _LEAST_TELLING, areas * np.sqrt(BY_LENGTH[found.sizes]), -1)
    order = np.argsort(-worth, kind="stable")[: _CANDIDATES * wanted]
    kept: list[int] = []
    taken = np.empty((wanted, directions.shape[1]), np.float32)
    for phrase in order[worth[order] > 0].tolist():
        if len(kept) < wanted and not (taken[: len(kept)] @ directions[phrase] > _ALIKE).any():
            taken[len(kept)] = directions[phrase]
            kept.append(phrase)
    return np.array(kept, np.int64)


def least(has: csr_matrix, vectors: Floats, directions: Floats) -> Floats:
    """Return what a product must exceed so that as many of the vectors have each concept as have its phrase."""
    counts = np.asarray(has.sum(axis=0)).ravel().astype(int)
    limits = np.empty(len(directions), np.float32)
    for concept, direction in enumerate(directions):
        products = vectors @ direction
        limits[concept] = np.partition(products, -counts[concept])[-counts[concept]]
    return limits
