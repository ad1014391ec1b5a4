"""The shipped telling phrases: of the shipped concepts, few bytes, and as good as they are said to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from broadsheet.encode import concepts, telling
from broadsheet.encode.static import Static
from broadsheet.encode.telling import SHIPPED


@pytest.fixture(scope="module")
def encoder() -> str:
    return str(Static().id)


def test_every_concept_has_at_most_eight_phrases_and_not_its_name(encoder: str) -> None:
    found = telling.load(encoder)
    assert list(found) == list(concepts.load(encoder).names)
    assert all(len(set(phrases)) == len(phrases) <= 8 for phrases in found.values())
    assert not any(name in phrases for name, phrases in found.items())
    assert sum(map(len, found.values())) > 7.5 * len(found)


def test_phrases_tell_unseen_papers_where_names_alone_do_not() -> None:
    with safe_open(SHIPPED, framework="np") as file:
        figures = json.loads(file.metadata()["figures"])
    assert figures["told"]["1"] < 0.7
    assert figures["told"]["2"] > 0.85
    assert 0.4 < figures["of_another"] < 0.55
    assert SHIPPED.stat().st_size < 150_000


def test_a_phrase_is_known_by_its_stems(encoder: str) -> None:
    told, found = telling.told(encoder), telling.load(encoder)
    phrase = found["dark matter"][0]
    assert "dark matter" in told[phrase]
    assert sum(map(len, told.values())) <= sum(map(len, found.values()))


def test_a_file_of_other_concepts_is_left_alone(encoder: str, tmp_path: Path) -> None:
    save_file(load_file(SHIPPED), tmp_path / "other.safetensors", {"concepts": "concepts-1"})
    assert telling.load(encoder, tmp_path / "other.safetensors") == {}
    assert telling.load(encoder, tmp_path / "absent.safetensors") == {}
    assert telling.load("onnx-other-12345678") == {}
    assert telling.told("onnx-other-12345678") == {}
