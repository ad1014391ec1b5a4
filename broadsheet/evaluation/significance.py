"""Is the difference between two systems more than chance? Paired tests over queries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DRAWS = 20_000
_BLOCK = 500  # draws at a time
_SEED = 1


def paired(differences: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of (n,) differences having mean 0, by Fisher's randomisation test.

    Each difference could as well have had the other sign; p is the share of 20,000 such draws (seeded) whose mean is at
    least as far from 0 (Smucker, Allan and Carterette, 2007).
    """
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    random, seen = np.random.default_rng(_SEED), abs(moved.sum()) - 1e-9
    as_far = sum(
        int((np.abs(random.choice((-1.0, 1.0), (_BLOCK, len(moved))) @ moved) >= seen).sum())
        for _ in range(_DRAWS // _BLOCK)
    )
    return (1 + as_far) / (1 + _DRAWS)


def corrected(values: Sequence[float]) -> list[float]:
    """Return the p-values of several tests as those of one, so that the least says no more than it may (Holm, 1979)."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    result, least = [0.0] * len(values), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(values) - rank) * values[i]))
        result[i] = least
    return result
