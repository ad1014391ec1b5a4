"""The shipped concepts: of which encoder, with which names, and what they say of texts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from broadsheet.encode import concepts
from broadsheet.encode.concepts import MOST, NOTHING, SHIPPED, Concepts
from broadsheet.encode.static import Static
from broadsheet.text.normalise import slug


@pytest.fixture(scope="module")
def encoder() -> Static:
    return Static()


@pytest.fixture(scope="module")
def shipped(encoder: Static) -> Concepts:
    return concepts.load(encoder.id)


def test_concepts_are_of_the_shipped_encoder_and_of_no_other(shipped: Concepts, encoder: Static) -> None:
    assert shipped.id
    assert shipped.directions.shape == (len(shipped.names), encoder.dimension)
    assert len(shipped.names) >= 4_000
    assert concepts.load("onnx-other-12345678") is NOTHING
    assert NOTHING.named(np.ones((2, 3), np.float32)) == [(), ()]


def test_no_name_and_no_address_stands_twice(shipped: Concepts) -> None:
    assert len(set(shipped.names)) == len(shipped.names)
    assert all(slug(name) for name in shipped.names)
    assert len({slug(name) for name in shipped.names}) == len(shipped.names)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Dark matter halos in cosmological simulations of galaxy clusters", "dark matter"),
        ("Graph neural networks for node classification on large graphs", "gnns"),
        ("Neural machine translation of low-resource languages", "translation"),
    ],
)
def test_a_text_has_the_concepts_that_it_is_about(text: str, word: str, shipped: Concepts, encoder: Static) -> None:
    (found,) = shipped.named(encoder.encode([text]))
    assert 0 < len(found) <= MOST
    assert any(word in name for name in found), found


def test_the_strongest_come_first_and_an_empty_text_has_none(shipped: Concepts, encoder: Static) -> None:
    vectors = encoder.encode(["Quantum error correction with surface codes", ""])
    of_text, of_nothing = shipped.of(vectors)
    strength = vectors[0] @ shipped.directions[of_text].T - shipped.least[of_text]
    assert of_text
    assert (np.diff(strength) <= 0).all()
    assert (strength > 0).all()
    assert of_nothing == []


def test_vectors_move_along_concepts_that_are_known(shipped: Concepts) -> None:
    start = shipped.directions[5:7]
    moved = shipped.moved(start, {shipped.names[0]: 0.5, shipped.names[1]: -0.5, "no such concept": 1})
    assert (moved @ shipped.directions[0] > start @ shipped.directions[0]).all()
    assert (moved @ shipped.directions[1] < start @ shipped.directions[1]).all()
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1, rtol=1e-5)
    assert shipped.moved(start, {"no such concept": 1}) is start


def test_a_file_of_another_encoder_is_left_alone(tmp_path: Path) -> None:
    about = {"encoder": "mine", "id": "concepts-1", "figures": json.dumps({})}
    save_file(load_file(SHIPPED), tmp_path / "other.safetensors", about)
    assert concepts.load("mine", tmp_path / "other.safetensors").id == "concepts-1"
    assert concepts.load("yours", tmp_path / "other.safetensors") is NOTHING
    assert concepts.load("mine", tmp_path / "absent.safetensors") is NOTHING
