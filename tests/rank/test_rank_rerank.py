"""The transformer's second opinion: who moves, who keeps their place, and how long its vectors last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from shelf import Meanings, paper

from broadsheet.encode import Encoder
from broadsheet.index import Entry, describe
from broadsheet.index.build import Builder
from broadsheet.index.second import Second, add
from broadsheet.index.snapshot import open_current
from broadsheet.query import parse
from broadsheet.rank import Ranking, Rerank, View, rerank, run, unread
from broadsheet.text.tokens import words


class Transformer:
    """An encoder that knows two things of a text: whether it says "again", and that it is one."""

    name, id, dimension = "onnx:/second", "second-1", 2
    prefixes: tuple[int, ...] = (2,)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, 2) rows of length 1."""
        rows = np.array([[min(words(text).count("again"), 9), 1] for text in texts], np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def load(name: str) -> Encoder:
    return Transformer() if name == "onnx:/second" else Meanings()


def opened(folder: Path) -> View:
    return View(open_current(folder, load), datetime(2026, 11, 26, tzinfo=UTC))


def read(folder: Path, *keys: int) -> View:
    """Give papers second vectors."""
    with Builder(folder, Meanings(), processes=0) as builder:
        builder.read_again(Transformer(), keys, list(Transformer().encode([paper(key).title for key in keys])))
        builder.publish(builder.start)
    return opened(folder)


def keys(view: View, profile: str) -> list[int]:
    found: list[int] = view.snapshot.keys[run(profile, parse("cats again"), view).rows].tolist()
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixteen papers, four of them on cats, three of those again."""
    with Builder(tmp_path, Meanings(), processes=0) as builder:
        builder.add([Entry.of(paper(key)) for key in range(1, 17)])
        builder.publish(1)
    return tmp_path


def test_without_vectors_the_order_is_that_of_hybrid_and_a_note_says_so(folder: Path) -> None:
    view = opened(folder)
    assert keys(view, "rerank") == keys(view, "hybrid")
    assert "transformer" in run("rerank", parse("cats"), view).notes[0]


def test_those_without_a_vector_keep_their_places(folder: Path) -> None:
    before = keys(opened(folder), "hybrid")
    with_vector = [before[0], before[2], before[3]]
    after = keys(read(folder, *with_vector), "rerank")
    assert sorted(after) == sorted(before)
    assert [after[1], *after[4:]] == [before[1], *before[4:]]


def test_the_transformer_is_heard(folder: Path) -> None:
    before = keys(opened(folder), "hybrid")
    view, query = read(folder, *before), parse("again again again again again again again again again cats")
    ranking = Rerank(1.0, papers=1, nearest=100)(query, run("hybrid", query, view), view)
    assert "transformer" in ranking.shares
    said = [paper(int(key)).title.count("again") for key in view.snapshot.keys[ranking.rows]]
    assert said == sorted(said, reverse=True)
    assert len(set(said)) > 1


def test_what_is_like_the_best_is_lifted(folder: Path) -> None:
    """The query has both of two papers equally near; the best paper has one of them nearer."""
    query = parse("again again again again again again again again again cats")
    before = run("hybrid", query, opened(folder))
    lower, higher, best = sorted(opened(folder).snapshot.keys[before.rows].tolist())[:3]
    asked = float(np.arctan2(*Transformer().encode([query.plain])[0][::-1]))
    angles = {lower: asked - 0.5, higher: asked + 0.5, best: asked + 0.2}
    with Builder(folder, Meanings(), processes=0) as builder:
        vectors = [np.array([np.cos(angle), np.sin(angle)], np.float32) for angle in angles.values()]
        builder.read_again(Transformer(), list(angles), vectors)
        builder.publish(builder.start)
    view = opened(folder)
    after = Rerank(1.0, papers=1, nearest=0)(query, before, view)
    found = [key for key in view.snapshot.keys[after.rows].tolist() if key in angles]
    assert found == [best, higher, lower]


def _found(view: View, typed: str, hybrid: Ranking, nearest: int = 2) -> list[int]:
    query = parse(typed)
    rows = Rerank(1.0, papers=1, nearest=nearest)(query, hybrid, view).rows
    found: list[int] = view.snapshot.keys[rows].tolist()
    return found


def test_the_transformer_finds_what_words_and_meaning_did_not(folder: Path) -> None:
    """Of two papers on cats, the first found and another; two others say "again" as often as the query does."""
    query = "again again again cats"
    first = run("hybrid", parse(query), opened(folder)).cut(0, 2)
    one, other = opened(folder).snapshot.keys[first.rows].tolist()
    view = read(folder, one, 13, 14)
    assert [paper(key).title.count("again") for key in (13, 14)] == [3, 3]
    assert _found(view, query, first) == [13, other, 14, one]
    assert _found(view, query, first, nearest=0) == [one, other]


def test_what_is_found_passes_filters_and_forbidden_words(folder: Path) -> None:
    first = run("hybrid", parse("again again again cats"), opened(folder)).cut(0, 1)
    view = read(folder, 13, 14)
    kept = {key for key in (13, 14) if paper(key).venue == "ACL"}
    assert len(kept) == 1
    assert set(_found(view, "again again again cats venue:ACL", first)) & {13, 14} == kept
    assert set(_found(view, "again again again cats folding -dogs", first)) & {13, 14} == {14}


def test_of_what_is_found_the_features_are_known(folder: Path) -> None:
    query = parse("again again again cats puppies")
    first = run("hybrid", query, opened(folder)).cut(0, 1)
    view = read(folder, 13)
    ranking = Rerank(0.5, papers=1, nearest=1)(query, first, view)
    place = view.snapshot.keys[ranking.rows].tolist().index(13)
    assert ranking.features["lexical"][place] > 0
    assert ranking.shares["transformer"][place] == pytest.approx(0.5)


def test_too_many_vectors_are_not_compared_and_a_note_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerank, "_MOST_COMPARED", 1)
    query = parse("again again again cats")
    first = run("hybrid", query, opened(folder)).cut(0, 1)
    ranking = Rerank(1.0, papers=1, nearest=2)(query, first, read(folder, 13, 14))
    assert len(ranking) == 1
    assert "transformer" in ranking.notes[-1]


def test_vectors_outlive_a_refresh_and_go_with_their_paper(folder: Path) -> None:
    read(folder, 4, 8)
    changed = Entry(key=8, title="Cats, once more", text="They sleep.")
    with Builder(folder, Meanings(), processes=0) as builder:
        builder.add([changed, Entry.of(paper(17))])
        builder.publish(2)
    view = opened(folder)
    assert view.snapshot.second.known(view.snapshot.rows_of([4, 8, 17])).tolist() == [True, False, False]
    assert describe(folder)["second"] == {"encoder": "second-1", "papers": 1, "share": round(1 / 17, 4)}  # type: ignore[index]
    shared = next((view.snapshot.path / "second").glob("*.codes.npy"))
    assert shared.stat().st_nlink > 1


def test_another_second_encoder_begins_anew(folder: Path) -> None:
    read(folder, 4, 8)
    other = Transformer()
    other.id = "second-2"
    with Builder(folder, Meanings(), processes=0) as builder:
        builder.read_again(other, [4], list(other.encode(["again"])))
        builder.publish(builder.start)
    assert len(opened(folder).snapshot.second.rows) == 1


def test_what_is_unread_is_asked_for_first_then_the_newest(folder: Path) -> None:
    view = read(folder, 16, 3)
    assert view.snapshot.unread("second-1", [3, 5, 99], newest=3) == [5, 15, 14]
    assert view.snapshot.unread("second-2", [], newest=2) == [16, 15]
    assert set(unread(run("hybrid", parse("cats"), view), view)).isdisjoint({16, 3})


def test_many_sittings_become_one_file_and_stay_right(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    wanted: dict[int, NDArray[np.float32]] = {}
    for sitting in range(20):
        rows = np.arange(sitting, 200, 20, dtype=np.int32)[::-1]
        vectors = chance.normal(size=(10, 8)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        add(tmp_path, rows, vectors)
        wanted |= dict(zip(rows.tolist(), vectors, strict=True))
    second = Second(tmp_path, 8)
    rows = chance.permutation(200).astype(np.int32)
    assert len(list(tmp_path.glob("*.rows.npy"))) <= 8
    assert second.known(np.array([0, 199, 200])).tolist() == [True, True, False]
    assert np.einsum("ij,ij->i", second.vectors(rows), np.array([wanted[row] for row in rows])).min() > 0.999
