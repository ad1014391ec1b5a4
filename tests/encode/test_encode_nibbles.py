"""Fifteen numbers in four bits."""

from __future__ import annotations

import numpy as np
import pytest

from broadsheet.encode import nibbles


@pytest.mark.parametrize("dimension", [1, 7, 8])
def test_what_is_packed_comes_back_as_the_nearest_of_fifteen(dimension: int) -> None:
    numbers = np.random.default_rng(1).integers(-127, 128, (300, dimension)).astype(np.int8)
    together = nibbles.packed(numbers)
    assert together.shape == (300, nibbles.width(dimension))
    back = nibbles.whole(together)
    levels = np.unique(back)
    assert len(levels) <= 15
    nearest = np.abs(numbers[:, :, None].astype(int) - levels).min(axis=2)
    assert (np.abs(numbers.astype(int) - back[:, :dimension]) == nearest).all()
    assert (nibbles.floats(together) == back).all()
    assert not back[:, dimension:].any()


@pytest.mark.parametrize("value", [0, 127, -127])
def test_nothing_and_the_greatest_stay(value: int) -> None:
    assert (nibbles.whole(nibbles.packed(np.full((1, 4), value, np.int8))) == value).all()


def test_a_direction_is_kept() -> None:
    vectors = np.random.default_rng(2).standard_normal((50, 512))
    numbers = np.rint(vectors * 127 / np.abs(vectors).max(axis=1, keepdims=True)).astype(np.int8)
    back = nibbles.floats(nibbles.packed(numbers))
    cosines = (back * vectors).sum(axis=1) / np.linalg.norm(back, axis=1) / np.linalg.norm(vectors, axis=1)
    assert cosines.min() > 0.985
