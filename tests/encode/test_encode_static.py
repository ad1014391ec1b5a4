"""The static encoder through its interface: the shipped weights, and a small one whose numbers can be worked out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from broadsheet import encode
from broadsheet.encode.pieces import Pieces
from broadsheet.encode.static import SHIPPED, Static
from broadsheet.errors import SettingsError
from broadsheet.text.tokens import words

PIECES = ["graph", "network", "##s", "a", "##b", "##bc", "b", "deep", "learn"]
TEXTS = ["Graph neural networks for molecules", "", "Bose\u2013Einstein condensates in optical lattices", "graph " * 50]


def small(folder: Path) -> Static:
    """A static encoder whose numbers can be worked out: nine pieces, eight dimensions."""
    path = folder / "small.safetensors"
    table = np.random.default_rng(5).integers(-127, 128, (len(PIECES), 8)).astype(np.int8)
    tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "table": table,
        "scale": np.linspace(0.01, 0.02, len(PIECES)).astype(np.float32),
        "pieces": np.frombuffer("\n".join(PIECES).encode(), np.uint8),
    }
    save_file(tensors, path, {"id": "small", "prefixes": json.dumps([2, 4, 8])})
    return Static(path)


@pytest.fixture(scope="module")
def shipped() -> encode.Encoder:
    return encode.load()


def test_rows_have_length_one_and_an_empty_text_gives_zeros(shipped: encode.Encoder) -> None:
    vectors = shipped.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), shipped.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 1, 1], abs=1e-5)


def test_a_vector_depends_on_its_text_alone(shipped: encode.Encoder) -> None:
    together = shipped.encode(TEXTS * 700)  # more than one batch
    apart = np.concatenate([shipped.encode([text]) for text in TEXTS])
    assert np.array_equal(together, np.tile(apart, (700, 1)))
    assert np.array_equal(apart, Static().encode(TEXTS))


def test_words_already_divided_give_the_same_vectors(tmp_path: Path) -> None:
    encoder = small(tmp_path)
    assert np.array_equal(encoder.encode(TEXTS), encoder.encode_words([words(text) for text in TEXTS]))


def test_no_texts_give_no_rows(shipped: encode.Encoder) -> None:
    assert shipped.encode([]).shape == (0, shipped.dimension)


def test_the_formula(tmp_path: Path) -> None:
    encoder = small(tmp_path)
    row = encoder.encode(["graph", "deep"])
    raw = [np.linalg.norm(encoder._table[PIECES.index(word)] * s) for word, s in (("graph", 0.01), ("deep", 0.01875))]
    wanted = (1 + np.log(3)) * raw[0] * row[0] + raw[1] * row[1]
    assert encoder.encode(["graph deep Graph GRAPH"])[0] == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-4)


def test_every_prefix_still_finds_the_paper_meant(shipped: encode.Encoder) -> None:
    papers = [
        "Attention is all you need: a sequence transduction model with self-attention only, for machine translation",
        "Superconductivity in twisted bilayer graphene near the magic angle",
        "Deep residual learning for image recognition with very deep convolutional networks",
        "Constraints on dark matter from gamma-ray observations of dwarf galaxies",
    ]
    queries = ["translation with transformers", "graphene superconductors", "image classification", "dark matter"]
    assert shipped.prefixes[-1] == shipped.dimension
    assert list(shipped.prefixes) == sorted(shipped.prefixes)
    for width in shipped.prefixes:
        scores = shipped.encode(queries)[:, :width] @ shipped.encode(papers)[:, :width].T
        assert scores.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_unseen_characters_add_nothing(shipped: encode.Encoder) -> None:
    plain, odd = shipped.encode(["graph networks", "graph networks \U00012000\U00012001 \ue000"])
    assert np.array_equal(plain, odd)
    assert not shipped.encode(["\U00012000", "!?", "\x00\n"]).any()


def test_a_very_long_text_counts_only_so_far(shipped: encode.Encoder) -> None:
    words_of_it = [f"w{i}" for i in range(4096)]
    bounded, longer = shipped.encode([" ".join(words_of_it), " ".join([*words_of_it, "graph"])])
    assert np.array_equal(bounded, longer)
    assert np.isfinite(shipped.encode(["x" * 1_000_000])).all()


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text_gives_finite_rows_of_length_one_or_zero(texts: list[str]) -> None:
    vectors = encode.load().encode(texts)
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.isfinite(vectors).all()
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))


@pytest.mark.parametrize(
    ("word", "cut"),
    [
        ("graph", ["graph"]),
        ("graphs", ["graph"]),
        ("abc", ["a", "##bc"]),
        ("ab", ["a", "##b"]),
        ("qab", ["##b"]),
        ("aqb", ["a", "##b"]),
        ("qqq", []),
    ],
)
def test_words_are_stemmed_and_cut_by_longest_match(word: str, cut: list[str]) -> None:
    assert [PIECES[number] for number in Pieces(PIECES)[word]] == cut


def test_the_weights_are_small_and_say_where_they_come_from() -> None:
    encoder = Static()
    assert SHIPPED.stat().st_size <= 20_000_000
    assert encoder.about["licence"] == "Apache-2.0"
    assert len(encoder.about["data_sha256"]) == 64
    card = (Path(__file__).parents[2] / "docs" / "encoder-card.md").read_text(encoding="utf-8")
    for fact in (encoder.id, encoder.about["data_sha256"], encoder.about["cpu_seconds"], encoder.about["papers"]):
        assert fact in card


def test_load_returns_one_encoder_a_name() -> None:
    assert encode.load() is encode.load()


@pytest.mark.parametrize("name", ["", "onnx", "onnx:", "sentence-transformers:", "static:x", "other:y"])
def test_an_unknown_name_says_which_there_are(name: str) -> None:
    with pytest.raises(SettingsError, match="use static, onnx:FOLDER or sentence-transformers:NAME"):
        encode.load(name)


def test_what_is_encoded_of_a_paper_holds_title_and_text() -> None:
    assert words(encode.paper_text("On graphs", "We prove it.")) == ["on", "graphs", "we", "prove", "it"]


def test_heavy_modules_stay_out() -> None:
    code = """import sys, broadsheet.encode as e
e.load().encode(["a query"])
print([m for m in ("torch", "tokenizers", "onnxruntime", "sentence_transformers", "scipy") if m in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
