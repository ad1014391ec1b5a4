"""Concepts end to end on a few records written here: directions found, named by their words, and measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zstandard
from scipy.sparse import csr_matrix

from broadsheet.encode import concepts as shipped
from broadsheet.encode.static import SHIPPED, Static
from broadsheet.training import corpus, naming

pytest.importorskip("torch", reason="the extra `train` is not installed")
from broadsheet.training import concepts, sparse
from broadsheet.training.sparse import Sizes, SparseAutoEncoder

SUBJECTS = {
    "cs.LG": "graph neural networks for node classification in social networks",
    "astro-ph.GA": "dark matter halos and the rotation of spiral galaxies",
    "cs.CL": "machine translation of low resource languages with transformers",
    "math.GT": "knot invariants and the topology of hyperbolic manifolds",
    "hep-th": "black hole entropy in conformal field theory",
}


def write(folder: Path, count: int) -> None:
    chance = np.random.default_rng(1)
    lines = []
    for number in range(count):
        category = list(SUBJECTS)[number % len(SUBJECTS)]
        words = SUBJECTS[category].split()
        texts = [" ".join(chance.permutation(words)[:6]) for _ in range(2)]
        record = {
            "id": f"2501.{number:05}",
            "title": SUBJECTS[category],
            "abstract": f"We look at {texts[0]}. It concerns {texts[1]} and nothing else, says {number}.",
            "date": "2025-01-01",
            "categories": [category],
        }
        lines.append(json.dumps(record))
    (folder / "arxiv_2025_26.jsonl.zst").write_bytes(zstandard.compress("\n".join(lines).encode()))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path, 400)
    monkeypatch.setattr(naming, "_FEWEST", 5)
    monkeypatch.setattr(naming, "_MOST_COMMON", 0.5)
    return tmp_path


def test_concepts_are_made_named_and_measured(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concepts, "_EVERY", 1)
    out = data / "concepts.safetensors"
    figures = concepts.make(data, SHIPPED, out, 20)
    found = shipped.load(Static(SHIPPED).id, out)
    assert 5 <= figures["concepts"] == len(found.names) <= 20
    assert figures["auc"] > 0.9
    assert figures["named"] > 0.6
    assert figures["category_f1"] > 0.7
    words = {*" ".join(SUBJECTS.values()).split(), "concerns"}  # which every abstract says before its own words
    assert all(set(name.split()) <= words for name in found.names), found.names


def test_a_sparse_auto_encoder_is_measured_by_the_same_yardstick(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse, "_EVERY", 1)
    figures = sparse.measure(data, SHIPPED, Sizes(concepts=8, active=2, steps=60, batch=64))
    assert figures["told"] > 0.5
    assert figures["alive"] > 0.5
    assert figures["auc"] > 0.6


def test_an_auto_encoder_tells_sparse_vectors_better_the_longer_it_learns() -> None:
    chance = np.random.default_rng(2)
    atoms = chance.normal(size=(32, 24))
    told = chance.random((2_000, 32)) * (chance.random((2_000, 32)) < 0.08)
    vectors = (told @ atoms).astype(np.float32)
    sizes = [Sizes(concepts=64, active=4, steps=steps, batch=128, rate=1e-2) for steps in (1, 150)]
    shares = []
    for size in sizes:
        model = SparseAutoEncoder(vectors, size)
        model.train()
        shares.append(model.told(vectors)[0])
    assert shares[0] < shares[1]
    assert shares[1] > 0.6


def test_a_phrase_is_telling_where_concept_and_phrase_keep_together(data: Path) -> None:
    papers = corpus.read(corpus.records(corpus.files(data)))
    found = naming.phrases(papers)
    with_concept = csr_matrix((papers.groups[:, None] == np.arange(5)).astype(np.float32))
    best = naming.telling(found, with_concept)
    assert naming.predictions(found, best, with_concept).tolist() == pytest.approx([1.0] * 5)
    turned = csr_matrix((papers.groups[::-1, None] == np.arange(5)).astype(np.float32))
    assert np.nanmean(naming.predictions(found, best, turned)) < 0.9


def test_a_name_is_as_good_as_its_papers_are_those_of_the_concept() -> None:
    has = csr_matrix(np.repeat(np.eye(2, dtype=np.float32), 10, axis=0))
    assert concepts.named(has, has) == 1
    assert concepts.named(has, csr_matrix(has[::-1])) == 0
