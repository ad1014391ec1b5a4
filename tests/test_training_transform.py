"""Vectors carried from one encoder's space into another's."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

from broadsheet.training.transform import MAPS, carried, rotation


def _units(random: np.random.Generator, count: int) -> np.ndarray:
    vectors = random.normal(size=(count, 16)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.mark.parametrize("way", MAPS)
def test_a_turned_space_is_turned_back_for_vectors_never_seen(way: str) -> None:
    random = np.random.default_rng(1)
    turn = np.linalg.qr(random.normal(size=(16, 16)))[0].astype(np.float32)
    old = _units(random, 500)
    along = MAPS[way](old[:400], old[:400] @ turn)
    assert carried(old[400:], along) == pytest.approx(old[400:] @ turn, abs=0.02)


def test_a_rotation_keeps_lengths_whatever_it_is_shown() -> None:
    random = np.random.default_rng(2)
    along = rotation(_units(random, 100), _units(random, 100))
    assert along @ along.T == pytest.approx(np.eye(16), abs=1e-5)
