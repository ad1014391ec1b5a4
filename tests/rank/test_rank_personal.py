"""Recommending out of a snapshot: interests, what is known, what is unwanted, other readers, reasons."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shelf

from broadsheet.query import parse
from broadsheet.rank import Personal, Ranking, Taste, View, because, personal, run

DOGS, PROTEINS, CATS = 1, 2, 4  # papers of the shelf go by key % 4


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return shelf.view(tmp_path_factory.mktemp("index"), 40)


def _read(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    return {key: (shelf.paper(key).title, shelf.paper(key).text) for key in keys}


def _ranked(typed: str, view: View) -> Ranking:
    """Return what is recommended before versions of one work are collapsed, of which the shelf has many."""
    return Personal()(parse(typed), Ranking.empty(), view)


def _recommended(view: View, weights: Mapping[int, float], typed: str = "", **more: object) -> list[int]:
    taste = Taste(weights, _read, **more)  # type: ignore[arg-type]
    found = _ranked(typed, replace(view, taste=taste))
    return [int(key) for key in view.snapshot.keys[found.rows]]


def test_one_paper_brings_its_own_subject(view: View) -> None:
    found = _recommended(view, {DOGS: 1})
    assert [key % 4 for key in found[:9]] == [1] * 9
    assert DOGS not in found


def test_interests_come_in_turn(view: View) -> None:
    weights = dict.fromkeys((1, 5, 9, 13), 1.0) | {PROTEINS: 1.0}
    first = [key % 4 for key in _recommended(view, weights)[:6]]
    assert first.count(1) == 4
    assert first.count(2) == 2  # the square root of four papers is two


def test_what_is_known_does_not_come_again(view: View) -> None:
    assert not {5, 9} & set(_recommended(view, {DOGS: 1}, known=frozenset({5, 9})))


def test_what_is_unwanted_moves_only_what_is_near(view: View) -> None:
    weights = {DOGS: 1.0, PROTEINS: 1.0}
    before = _recommended(view, weights)
    after = _recommended(view, weights | {5: -1.0})
    assert 5 in before and 5 not in after
    of = [[key for key in found if key % 4 == 2] for found in (before, after)]
    assert of[0] == of[1]  # proteins stand in the order they had


def test_the_profile_is_this_stage_without_versions(view: View) -> None:
    own = replace(view, taste=Taste({DOGS: 1.0}, _read))
    assert set(run("personal", parse(""), own).rows.tolist()) < set(_ranked("", own).rows.tolist())


def test_filters_narrow_it(view: View) -> None:
    found = _recommended(view, {DOGS: 1}, "after:2040")
    assert found and min(found) >= 30


def test_nothing_saved_or_nothing_near_is_said(view: View) -> None:
    for weights in ({}, {DOGS: -1.0}, {999: 1.0}):
        found = _ranked("", replace(view, taste=Taste(weights, _read)))
        assert not len(found) and found.notes
    assert _ranked("", view).notes


def test_other_readers_warm_what_is_near_to_what_they_saved(view: View) -> None:
    """Readers of this paper on dogs read cats as well; without them, cats come last."""
    others = [(reader, key) for reader in range(6) for key in (DOGS, CATS)]
    taste = Taste({DOGS: 1.0}, _read, others=others)
    warm, cold = (_ranked("", replace(view, taste=one)) for one in (taste, Taste({DOGS: 1.0}, _read)))
    subjects = view.snapshot.keys[warm.rows] % 4
    assert warm.features["others"][subjects == 0].min() > warm.features["others"][subjects == 3].max()
    assert not cold.features["others"].any()


def test_each_paper_names_the_saved_one_it_is_most_like(view: View) -> None:
    own = replace(view, taste=Taste({DOGS: 1.0, PROTEINS: 1.0, 6: -1.0}, _read))
    rows = view.snapshot.rows_of([9, 10])
    assert because(own, rows) == [DOGS, PROTEINS]
    assert because(view, rows) == [None, None]


def test_texts_are_read_once(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def read(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
        asked.extend(keys)
        return _read(keys)

    monkeypatch.setattr(personal, "_memories", type(personal._memories)())
    for _ in range(3):
        _ranked("", replace(view, taste=Taste({DOGS: 1.0}, read)))
    assert sorted(asked) == sorted(set(asked))
    monkeypatch.setattr(personal, "_REMEMBERED", 1)
    asked.clear()
    _ranked("", replace(view, taste=Taste({3: 1.0, PROTEINS: 1.0}, read)))
    assert len(personal.remembered(view.snapshot)._bags) <= 40


def test_a_paper_more_changes_no_other_interest() -> None:
    vectors = np.eye(4, dtype=np.float32)[[0, 1, 0, 2]]
    before, after = personal._interests(vectors[:3])[0], personal._interests(vectors)[0]
    assert after[:3].tolist() == before.tolist() == [0, 1, 0]
    assert after[3] == 2


def test_interests_are_few() -> None:
    found, middles = personal._interests(np.eye(20, dtype=np.float32))
    assert len(middles) == personal._MOST_INTERESTS == found.max() + 1


def test_what_is_remembered_keeps_no_snapshot_open(tmp_path: Path) -> None:
    short = shelf.view(tmp_path, 8)
    assert _recommended(short, {DOGS: 1})
    snapshot = weakref.ref(short.snapshot)
    del short
    gc.collect()
    assert snapshot() is None


def test_words_forgotten_while_texts_are_read_are_still_there(view: View) -> None:
    memory = personal.Memory(view.snapshot)
    rows = view.snapshot.rows_of([1, 2])
    memory.papers(rows[:1], Taste({}, _read))

    def forgetful(keys: Sequence[int]) -> dict[int, tuple[str, str]]:
        memory._bags.clear()  # as another reader's request does when there are too many
        return _read(keys)

    assert len(memory.papers(rows, Taste({}, forgetful))) == 2
