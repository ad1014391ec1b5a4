"""The methods of the laboratory on a few records: each learns, and does what sets it apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("tokenizers", reason="the extra `train` is not installed")

import torch
from test_training_static import DETAILS, RECIPE, SUBJECTS, record, write

from broadsheet.training import align, corpus, pretraining, static
from broadsheet.training.contextual import READERS, Attention, Convolution
from broadsheet.training.corpus import Corpus
from broadsheet.training.fields import ABSTRACT, GROUP, QUERY, TITLE, Fields
from broadsheet.training.fusion import Orthogonal, parted
from broadsheet.training.methods import METHODS
from broadsheet.training.model import start
from broadsheet.training.pooling import POOLINGS
from broadsheet.training.pretraining import TASKS
from broadsheet.training.static import Prepared
from broadsheet.training.views import Views, bags

NUMBERS = {"dropout": 0.3, "batch": 32, "steps": 20, "told": 5}


@pytest.fixture(scope="module")
def of_words(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("papers")
    authors = {"authors": ["Ada Lovelace", "Emmy Noether"]}
    write(folder / "arxiv_2025_26.jsonl.zst", [record(n) | authors for n in range(200)])
    return corpus.read(corpus.records(corpus.files(folder)))


@pytest.fixture(scope="module")
def ready(of_words: Corpus) -> Prepared:
    return static.prepared(of_words, RECIPE)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_makes_an_encoder_that_knows_words_of_one_subject(
    method: str, of_words: Corpus, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, method=method, numbers=NUMBERS)
    made = METHODS[method](of_words, recipe, tmp_path / "made.safetensors", None)
    vectors = made.encoder.encode([*SUBJECTS, *DETAILS, ""])
    assert np.allclose(np.linalg.norm(vectors[:-1], axis=1), 1, atol=1e-5)
    assert not vectors[-1].any()
    assert (vectors[:5] @ vectors[5:10].T).argmax(axis=1).tolist() == [0, 1, 2, 3, 4]
    assert 0 < made.known <= 1
    assert made.bytes >= (tmp_path / "made.safetensors").stat().st_size


@pytest.mark.parametrize("name", POOLINGS)
def test_a_pooling_says_the_same_in_torch_and_in_numpy(name: str) -> None:
    noise = torch.Generator().manual_seed(1)
    pooling, rows = POOLINGS[name](8), torch.randn(7, 8, generator=noise)
    for part in pooling.parameters:
        part.data += torch.randn(part.shape, generator=noise)
    learnt = pooling(rows, torch.tensor([0, 0, 0, 1, 1, 1, 1]), torch.tensor([3, 4])).detach().numpy()
    for vector, of in zip(learnt, rows.split([3, 4]), strict=True):
        assert np.allclose(vector, pooling.vector(of.numpy()), atol=1e-5)
        assert name == "sum" or not np.allclose(
            vector / np.linalg.norm(vector), of.sum(0) / of.sum(0).norm(), atol=1e-2
        )


@pytest.mark.parametrize("task", TASKS)
def test_every_task_before_the_pairs_is_learnt(task: str, ready: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    losses: list[float] = []
    monkeypatch.setattr(pretraining, "repeat", lambda name, steps, once: losses.extend(map(once, range(1, steps + 1))))
    recipe = replace(RECIPE, rate=0.05, before={task: 100})
    begun = start(ready.papers.counts(), recipe)
    table, _ = pretraining.pretrained(ready.papers, begun, recipe)
    assert np.mean(losses[-10:]) < 0.97 * np.mean(losses[:10])
    assert not torch.allclose(table, begun[0], atol=0.01)


@pytest.mark.parametrize("task", ["denoised", "bag", "duplex"])
def test_a_text_told_again_brings_words_of_one_subject_together(task: str, ready: Prepared) -> None:
    recipe = replace(RECIPE, rate=0.05, before={task: 150})
    begun = start(ready.papers.counts(), recipe)
    table, weights = pretraining.pretrained(ready.papers, begun, recipe)
    assert _agreement(ready, table, weights) > _agreement(ready, *begun) + 0.02


def _agreement(ready: Prepared, table: torch.Tensor, weights: torch.Tensor) -> float:
    """Return how much nearer titles are to abstracts of their subject than to others."""
    views, papers = Views(ready.papers, {"title": 1.0}, 0.0, seed=1), np.arange(50)
    held = views.bags(views.titles_and_abstracts(papers))
    sums = np.zeros((100, table.shape[1]), np.float32)
    np.add.at(sums, held.texts, (table * weights[:, None]).numpy()[held.pieces] * held.values[:, None])
    units = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    scores, same = units[:50] @ units[50:].T, (papers[:, None] - papers) % 5 == 0
    return float(scores[same].mean() - scores[~same].mean())


def test_what_the_vector_of_one_sentence_says_beside_the_whole_is_nothing() -> None:
    fusion = Orthogonal(replace(RECIPE, dimension=4))
    fusion.projection.data[4:] = torch.eye(4)
    parts = parted(np.array([0, 1, 2], np.int32), np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    sums = torch.tensor([[1.0, 0, 0, 0], [0, 1, 3, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 3, 0]])
    one, two = fusion(sums, parts).detach()
    assert torch.allclose(one, torch.tensor([1.0, 0, 0, 0]))
    assert not torch.allclose(two, sums[1] / sums[1].norm(), atol=0.05)


def test_dropped_fields_leave_the_title_and_the_query(ready: Prepared) -> None:
    places = Views(ready.papers, {"sentence": 1.0}, 0.0, seed=1).places(np.arange(20))
    kinds = {
        chance: set(Fields(replace(RECIPE, numbers={"dropout": chance})).divided(ready.papers, places).kinds.tolist())
        for chance in (0.0, 1.0)
    }
    assert kinds[1.0] == {QUERY, TITLE}
    assert kinds[0.0] > {QUERY, TITLE, ABSTRACT, GROUP}
    untitled = Views(ready.papers, {"title": 1.0}, 0.0, seed=1).places(np.arange(20))
    left = Fields(replace(RECIPE, numbers={"dropout": 1.0})).divided(ready.papers, untitled)
    assert set(left.kinds.tolist()) == {QUERY, ABSTRACT}


def test_attention_begins_as_the_weighted_sum_and_padding_changes_nothing() -> None:
    rows, weights = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(1)), torch.rand(2, 5)
    wanted = torch.nn.functional.normalize((rows * weights[..., None]).sum(1), dim=1)
    assert torch.allclose(Attention(16)(rows, weights), wanted, atol=1e-5)
    for kind in READERS:
        reader: Any = READERS[kind](16)
        for part in reader.parameters:
            part.data += 0.1
        longer = torch.cat((rows, torch.zeros(2, 3, 16)), 1), torch.cat((weights, torch.zeros(2, 3)), 1)
        assert torch.allclose(reader(rows, weights), reader(*longer), atol=1e-4), kind


def test_a_convolution_reads_in_order() -> None:
    rows, weights = torch.randn(1, 6, 16, generator=torch.Generator().manual_seed(1)), torch.ones(1, 6)
    reader = Convolution(16)
    assert not torch.allclose(reader(rows, weights), reader(rows.flip(1), weights), atol=1e-2)


def test_reading_together_tells_a_paper_with_the_very_pieces_from_one_alike() -> None:
    rows = np.eye(4, dtype=np.float32)
    rows[3] = (rows[0] + rows[1]) / np.sqrt(2)
    twin = align.Twin(rows)
    texts = bags(np.array([0, 1, 0, 1, 3], np.int32), np.array([0, 0, 1, 1, 2]), 3)
    query, very, alike = twin.vectors(texts)
    assert torch.allclose(query @ very, query @ alike)
    read, shares = twin.loudest(texts, 2)
    near = align.nearness((read[0], shares[0]), (read[1:], shares[1:]))
    assert near[0, 0] == pytest.approx(1)
    assert near[1, 0] < 0.01


@pytest.mark.parametrize("distilled", [False, True])
def test_a_fuser_learns_what_tells_the_right_paper(distilled: bool) -> None:
    noise = torch.Generator().manual_seed(1)
    near = torch.rand(32, 8, 14, generator=noise)
    near[:, 0, 2] += 1
    given = [(torch.rand(32, 8, generator=noise) * 0.1, near)] * 60
    fuser = align.fused(given, 1, distilled)
    assert (fuser(*given[0]).argmax(1) == 0).float().mean() > 0.9
