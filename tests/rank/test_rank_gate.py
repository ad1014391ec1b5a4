"""The gate: what it reads from tokens, what its trees make of that, and what it never does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shelf
from numpy.typing import NDArray

from broadsheet.index import Entry
from broadsheet.index.build import Builder
from broadsheet.index.snapshot import Snapshot, open_current
from broadsheet.query import parse, plain
from broadsheet.rank import Ranking, View, run
from broadsheet.rank.evidence import Asked, Evidence
from broadsheet.rank.gate import Gate, described, learned_trees
from broadsheet.rank.profiles import BEST, BLENDED, GATE_WEIGHT
from broadsheet.rank.trees import Trees

_PAPERS = (
    ("Neural ranking", "We rank documents. Neural networks learn to order documents by relevance."),
    ("Documents", "Relevance is judged by people. Ranking needs judgements."),
    ("Galaxies", "Telescopes see stars."),
    ("", ""),
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("evidence")
    with Builder(folder, shelf.Meanings(), processes=0) as builder:
        builder.add([Entry(key=key, title=title, text=text) for key, (title, text) in enumerate(_PAPERS, 1)])
        builder.publish(1)
    return open_current(folder, lambda _: shelf.Meanings())


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return shelf.view(tmp_path_factory.mktemp("index"))


def _columns(snapshot: Snapshot, text: str) -> dict[str, list[float]]:
    rows = np.arange(len(_PAPERS), dtype=np.int32)
    evidence = Evidence(Asked.of(plain(text), snapshot), snapshot, rows).columns()
    return {name: np.round(column, 3).tolist() for name, column in evidence.items()}


def test_evidence_tells_how_much_of_a_query_a_paper_has(snapshot: Snapshot) -> None:
    found = _columns(snapshot, "neural ranking of documents")
    assert found["covered"][0] == 1.0
    assert found["covered_words"] == [1.0, pytest.approx(2 / 3, abs=1e-3), 0.0, 0.0]
    assert found["rarest"][:2] == [1.0, 0.0]
    assert found["bm25"][0] > found["bm25"][1] > 0
    assert found["first_place"][0] == 0.0
    assert found["density"][0] > found["density"][1]


def test_evidence_tells_titles_from_texts(snapshot: Snapshot) -> None:
    found = _columns(snapshot, "documents")
    assert found["title"] == [0.0, 1.0, 0.0, 0.0]
    assert found["title_words"] == [0.0, 1.0, 0.0, 0.0]
    assert found["text"] == [1.0, 0.0, 0.0, 0.0]


def test_evidence_tells_words_side_by_side_from_words_apart(snapshot: Snapshot) -> None:
    found = _columns(snapshot, "neural ranking")
    assert found["pairs"] == [1.0, 0.0, 0.0, 0.0]
    assert _columns(snapshot, "ranking neural")["pairs"] == [0.0, 0.0, 0.0, 0.0]
    assert found["near"][0] > 0
    assert found["best_sentence"] == [
        1.0,
        pytest.approx(1 - found["rarest_three"][0] + found["covered"][1], abs=0.01),
        0,
        0,
    ]


@pytest.mark.parametrize("text", ["zyzzyva", "the of and", "документ", "k-NN GPT-4o", "neural " * 300])
def test_evidence_of_any_query_is_finite(snapshot: Snapshot, text: str) -> None:
    assert all(np.isfinite(column).all() for column in _columns(snapshot, text).values())


def test_papers_bring_the_words_they_share(snapshot: Snapshot) -> None:
    expanded = _columns(snapshot, "ranking")["expanded"]
    assert min(expanded[:2]) > expanded[3] == 0.0


def test_trees_lead_each_row_to_its_leaves() -> None:
    # column 1 <= 0.5 ? 1 : (column 0 <= 2 ? 10 : 20), and a tree that is only a leaf
    trees = Trees(
        features=("a", "b"),
        roots=_ints(0, 5),
        column=_ints(1, 0, 0, 0, 0, 0),
        threshold=np.array([0.5, 0, 2, 0, 0, 0], np.float64),
        left=_ints(1, 1, 3, 3, 4, 5),
        right=_ints(2, 1, 4, 3, 4, 5),
        value=np.array([0, 1, 0, 10, 20, 0.25]),
        depth=2,
    )
    assert trees.scores(np.array([[9, 0.5], [2, 0.6], [3, 0.6]], np.float32)).tolist() == [1.25, 10.25, 20.25]


def _ints(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


def test_a_file_of_trees_says_what_was_written(tmp_path: Path) -> None:
    shipped = learned_trees()
    file = tmp_path / "trees.json"
    file.write_text(json.dumps(shipped.plain()))
    rows = np.random.default_rng(1).normal(size=(20, len(shipped.features))).astype(np.float32)
    assert (Trees.read(file).scores(rows) == shipped.scores(rows)).all()


def test_the_shipped_trees_read_the_features_that_are_computed(view: View) -> None:
    query = parse("dog owners telescope")
    names, features = described(query, BLENDED(query, Ranking.empty(), view), view, BEST)
    assert names == learned_trees().features
    assert features.shape[1] == len(names)
    assert np.isfinite(features).all()


def test_the_gate_orders_the_best_and_leaves_the_others_behind_them(view: View) -> None:
    query = parse("dog owners telescope cat night")
    blended = BLENDED(query, Ranking.empty(), view)
    gated = Gate(4, GATE_WEIGHT)(query, blended, view)
    assert set(gated.rows[:4]) == set(blended.rows[:4])
    assert gated.rows[4:].tolist() == blended.rows[4:].tolist()
    assert (np.diff(gated.scores) <= 0).all()
    np.testing.assert_allclose(sum(gated.shares.values()), gated.scores, rtol=1e-5, atol=1e-6)


def test_without_weight_the_gate_changes_nothing(view: View) -> None:
    query = parse("dog owners telescope cat night")
    blended = BLENDED(query, Ranking.empty(), view)
    assert Gate(BEST, 0.0)(query, blended, view).rows.tolist() == blended.rows.tolist()


def test_one_paper_or_none_needs_no_gate(view: View) -> None:
    assert len(run("hybrid", parse("dog author:hound"), view)) == 1
    nothing = replace(parse("dog"), filters=parse("venue:nowhere").filters)
    assert len(run("hybrid", nothing, view)) == 0


@pytest.mark.parametrize("name", ["blend~", "lexical~", "dense~"])
def test_more_of_a_channel_never_puts_a_paper_lower(name: str) -> None:
    trees = learned_trees()
    less = np.random.default_rng(1).normal(size=(2_000, len(trees.features))).astype(np.float32)
    more = less.copy()
    more[:, trees.features.index(name)] += 1
    assert (trees.scores(more) >= trees.scores(less) - 1e-5).all()
    assert (trees.scores(more) > trees.scores(less)).any()
