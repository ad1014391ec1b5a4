"""What an encoder finds alone, by an encoder whose numbers are words that a test can see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from learning import lines
from numpy.typing import NDArray

from broadsheet.evaluation.collections import Collection
from broadsheet.text.tokens import words

pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("tokenizers", reason="the extra `train` is not installed")

from broadsheet.encode.pieces import Pieces
from broadsheet.training import align, alone

WORDS = ["kernel", "graph", "galaxy", "quark", "dark", "matter", "long", "other"]


class Words:
    """One number for each word."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return how often each word stands in texts, of length 1."""
        counts = np.array([[words(text).count(word) for word in WORDS] for text in texts], np.float32)
        return np.asarray(counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1))


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    long = "Long long long long other other other. Dark matter."
    papers = [("a", "Graph kernel", "Quark."), ("b", "Galaxy", long), ("c", "Other", "Dark long."), ("d", "Quark", "")]
    lines(tmp_path / "corpus.jsonl", [{"id": i, "title": title, "text": text} for i, title, text in papers])
    lines(tmp_path / "queries.jsonl", [{"id": "1", "text": "dark matter"}])
    (tmp_path / "qrels.tsv").write_text("1\tb\t1\n")
    return Collection(tmp_path)


def test_a_paper_is_found_by_its_abstract_and_not_where_only_titles_are_known(collection: Collection) -> None:
    assert alone.dense(Words(), collection)[0] == pytest.approx(1 / np.log2(3))  # after the one that is shorter
    assert alone.dense(Words(), collection, titles=True)[0] < 1 / np.log2(3)


def test_the_best_sentence_finds_what_a_long_text_hides(collection: Collection) -> None:
    assert alone.by_sentences(Words(), collection, 1.0) == (1, 1 + 8 / 4)
    assert alone.by_sentences(Words(), collection, 0.0)[0] == pytest.approx(1 / np.log2(3))


def test_half_of_a_vector_has_length_one_again() -> None:
    halves = [alone.Half(Words(), number).encode(["graph dark dark", ""]) for number in (0, 1)]
    assert halves[0].tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]
    assert halves[1].tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]


def test_a_fuser_puts_in_order_what_the_twin_found(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(align, "_DEPTH", 4)
    fuser = align.Fuser(1)
    fuser.sharpness.data.fill_(-1)
    twin, cut = align.Twin(np.eye(len(WORDS), dtype=np.float32)), Pieces(WORDS)
    found = align.ranked(twin, {"turned": fuser}, collection, cut)
    orders = {name: [one.doc_id for one in sorted(of, key=lambda one: -one.score)] for name, of in found.items()}
    assert set(orders["twin"][:2]) == {"b", "c"}
    assert orders["turned"] != orders["twin"]
    assert sorted(orders["turned"]) == ["a", "b", "c", "d"]
