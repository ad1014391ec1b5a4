"""Training end to end on a few records written here: what it may read, what it writes, and that it learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from broadsheet.encode.static import Static
from broadsheet.errors import InputError
from broadsheet.text.tokens import stem

pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("tokenizers", reason="the extra `train` is not installed")

import torch

from broadsheet.training import corpus, static, vocabulary
from broadsheet.training.corpus import Corpus
from broadsheet.training.miners import Clusters
from broadsheet.training.objectives import OBJECTIVES
from broadsheet.training.phrases import Phrased
from broadsheet.training.recipe import RECIPES, Recipe, read
from broadsheet.training.views import KINDS, Views

SUBJECTS = ["graph kernels", "dark matter", "speech recognition", "lattice theory", "protein folding"]
DETAILS = ["molecules compared", "galaxies rotating", "phonemes heard", "quarks confined", "chains collapsing"]
METHODS = ["a variational bound", "Monte Carlo sampling", "a convolutional network", "spectral analysis"]
RECIPE = Recipe(pieces=400, dimension=32, prefixes=(16, 32), steps=60, batch=32, rate=0.02, held_out=20)


def record(number: int) -> dict[str, Any]:
    subject, detail, method = SUBJECTS[number % 5], DETAILS[number % 5], METHODS[number % 4]
    return {
        "id": f"2501.{number:05}",
        "title": f"On {subject} with {method}",
        "abstract": f"We report {detail} once more. Our tool is {method}. An experiment shows that it works well.",
        "date": "2025-01-01",
        "categories": [f"x.{number % 5}"],
    }


def write(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_bytes(zstandard.compress("".join(json.dumps(r) + "\n" for r in records).encode()))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    write(folder / "arxiv_2025_26.jsonl.zst", [record(n) for n in range(150)])
    old, new = record(1000) | {"date": "2015-12"}, record(1001) | {"date": "2016"}
    write(folder / "acl_anthology.jsonl.zst", [old, new, *[record(n) for n in range(150, 200)]])
    write(folder / "conferences.jsonl.zst", [record(2000)])
    return folder


def test_only_free_files_and_years_are_read(data: Path) -> None:
    paths = corpus.files(data)
    assert [path.name for path in paths] == ["acl_anthology.jsonl.zst", "arxiv_2025_26.jsonl.zst"]
    found = {paper["id"] for paper in corpus.records(paths)}
    assert "2501.01001" in found
    assert not found & {"2501.01000", "2501.02000"}
    assert len(found) == 201


def test_a_folder_without_free_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "conferences.jsonl.zst", [record(1)])
    with pytest.raises(InputError, match=r"arxiv_history\.jsonl\.zst"):
        corpus.files(tmp_path)


def test_the_hash_of_the_list_follows_content_and_name(data: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "arxiv_history.jsonl.zst", tmp_path / "arxiv_2025_26.jsonl.zst"
    write(first, [record(1)])
    write(second, [record(1)])
    hashes = {corpus.fingerprint(paths) for paths in ([first], [second], [first, second], corpus.files(data))}
    assert len(hashes) == 4


@pytest.fixture(scope="module")
def of_words(data: Path) -> Corpus:
    return corpus.read(corpus.records(corpus.files(data)))


@pytest.fixture(scope="module")
def papers(of_words: Corpus) -> Corpus:
    return vocabulary.cut(of_words, vocabulary.learn(of_words, 400))


@pytest.mark.parametrize("changes", [{}, {"phrases": 30}, {"calm": 0.5, "members": ({}, {"miner": "clusters"})}])
def test_training_writes_an_encoder_that_knows_words_of_one_subject(
    changes: dict[str, Any], data: Path, tmp_path: Path
) -> None:
    name = static.make(data, tmp_path / "new" / "static.safetensors", replace(RECIPE, **changes))
    encoder = (Phrased if "phrases" in changes else Static)(tmp_path / "new" / "static.safetensors")
    assert (encoder.id, encoder.dimension, encoder.prefixes) == (name, 32, (16, 32))
    assert encoder.about["data_sha256"] == corpus.fingerprint(corpus.files(data))
    assert json.loads(encoder.about["recipe"])["seed"] == RECIPE.seed
    nearest = (encoder.encode(SUBJECTS) @ encoder.encode(DETAILS).T).argmax(axis=1)
    assert nearest.tolist() == [0, 1, 2, 3, 4]


def test_the_same_pieces_and_seed_give_the_same_weights(papers: Corpus) -> None:
    first, again, other = (static.train(papers, replace(RECIPE, steps=3, seed=seed))[0] for seed in (1, 1, 2))
    assert first.table.equal(again.table)
    assert first.weights.equal(again.weights)
    assert not first.table.equal(other.table)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_tells_right_pairs_from_shuffled_ones(objective: str) -> None:
    torch.manual_seed(1)
    first, sharpness = torch.randn(64, 16), torch.tensor(20.0)
    second = first + 0.1 * torch.randn(64, 16)
    right = OBJECTIVES[objective](first, second, sharpness, None)
    assert right < OBJECTIVES[objective](first, second.roll(1, 0), sharpness, None)


@pytest.mark.parametrize("kind", KINDS)
def test_views_of_one_paper_never_share_a_position(kind: str, papers: Corpus) -> None:
    views = Views(papers, {kind: 1.0}, whole=0.0, seed=3)
    drawn = views.draw(np.arange(64))
    assert drawn.texts.max() < 128
    assert (drawn.values >= 1).all()
    assert len(np.unique(drawn.texts << 32 | drawn.pieces)) == len(drawn.pieces)
    whole = views.texts(np.arange(64))
    if kind not in ("keywords", "spans"):
        assert _times(drawn)[drawn.texts < 64].sum() + _times(drawn)[drawn.texts >= 64].sum() == _times(whole).sum()


def _times(drawn: Any) -> Any:
    return np.rint(np.exp(drawn.values - 1))


def test_clusters_put_near_papers_into_one_batch(papers: Corpus) -> None:
    subject = np.arange(len(papers)) % 5
    miner = Clusters(papers, np.arange(len(papers)), near=0.5, seed=1)
    miner.learn(lambda chosen, width: np.eye(5, width, dtype=np.float32)[subject[chosen]])
    drawn = miner.draw(40)
    assert len(np.unique(drawn)) == len(drawn) <= 40
    assert (np.bincount(subject[drawn], minlength=5).max()) >= 12  # of five subjects a random batch has 8 of each


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_a_recipe_can_be_read_and_names_what_there_is(path: Path) -> None:
    recipe = read(Path(path.stem))
    assert recipe.about
    assert recipe.objective in OBJECTIVES


def test_a_recipe_that_says_something_unknown_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text("speed = 1")
    with pytest.raises(InputError, match="speed"):
        read(tmp_path / "odd.toml")


def test_a_corpus_survives_its_pieces(of_words: Corpus) -> None:
    pieces = vocabulary.learn(of_words, 60)
    papers = vocabulary.cut(of_words, pieces)
    assert len(papers) == len(of_words)
    assert papers.starts[-1] == len(papers.tokens)
    spelt = "".join(pieces[token].removeprefix("##") for token in papers.tokens[: papers.title_ends[0]])
    title = [of_words.vocabulary[token] for token in of_words.tokens[: of_words.title_ends[0]]]
    assert spelt == "".join(map(stem, title))
