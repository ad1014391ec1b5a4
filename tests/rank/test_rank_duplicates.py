"""Versions of one work: which papers are, which are not, and what becomes of them in a ranking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from shelf import Meanings

from broadsheet.index import Entry
from broadsheet.index.build import Builder
from broadsheet.index.snapshot import open_current
from broadsheet.index.works import mark_of, people_of
from broadsheet.query import parse
from broadsheet.rank import Collapse, Ranking, View, run
from broadsheet.rank.duplicates import cosines, least_cosine, perhaps_near

TITLE, CATS, STARS = "A study of cats at night", "Cats and kittens sleep.", "Stars and galaxies shine."
ADA, ALAN = ("Ada Lovelace", "Grace Hopper"), ("Alan Turing",)


@pytest.fixture
def of(tmp_path: Path) -> Callable[..., View]:
    """Return a view of the papers given, keys from 1 on."""

    def made(*papers: tuple[str, str, tuple[str, ...]]) -> View:
        with Builder(tmp_path, Meanings(), processes=0) as builder:
            builder.add([Entry(key=k, title=t, text=x, authors=a) for k, (t, x, a) in enumerate(papers, 1)])
            builder.publish(1)
        return View(open_current(tmp_path, lambda _: Meanings()), datetime(2026, 11, 26, tzinfo=UTC))

    return made


def _found(view: View, profile: str = "hybrid") -> dict[int, list[int]]:
    """Return the keys found for "cats", each with those that it stands for."""
    ranking = run(profile, parse("cats"), view)
    keys = view.snapshot.keys
    return {int(keys[row]): [int(keys[other]) for other in ranking.also.get(row, ())] for row in ranking.rows.tolist()}


def test_one_title_and_one_author_are_one_work(of: Callable[..., View]) -> None:
    found = _found(of((TITLE, CATS, ADA), (TITLE.upper(), "Cats, and their kittens.", ADA[:1]), ("Cats", CATS, ALAN)))
    ((first, others),) = [(key, others) for key, others in found.items() if others]
    assert {first, *others} == {1, 2}
    assert 3 in found


def test_one_text_and_one_author_are_one_work_whatever_its_title(of: Callable[..., View]) -> None:
    text = "Cats and kittens sleep, said the felines."
    found = _found(of((TITLE, text, ADA), ("When kittens sleep", text, ADA)))
    assert sum(len(others) for others in found.values()) == 1


@pytest.mark.parametrize(
    "other",
    [
        (TITLE, CATS, ALAN),  # other people
        (TITLE, STARS, ADA),  # about something else
        (TITLE, STARS, ()),
        ("A second study of cats", STARS, ADA),
    ],
)
def test_other_papers_stay_apart(of: Callable[..., View], other: tuple[str, str, tuple[str, ...]]) -> None:
    assert not any(_found(of((TITLE, CATS, ADA), other)).values())


def test_numbers_in_titles_keep_papers_apart(of: Callable[..., View]) -> None:
    assert not any(_found(of(("Cats at CatConf 2013", CATS, ADA), ("Cats at CatConf 2014", CATS, ADA))).values())


def test_words_alone_are_not_collapsed(of: Callable[..., View]) -> None:
    assert _found(of((TITLE, CATS, ADA), (TITLE, CATS, ADA)), "lexical") == {1: [], 2: []}


def test_a_collapsed_ranking_keeps_the_best_and_loses_nobody(of: Callable[..., View]) -> None:
    view = of(*[(TITLE, CATS, ADA)] * 3, ("Cats", CATS, ALAN))
    before = Ranking(np.array([2, 3, 0, 1], np.int32), np.array([4, 3, 2, 1], np.float32))
    after = Collapse()(parse("cats"), before, view)
    assert after.rows.tolist() == [2, 3]
    assert after.also == {2: (0, 1)}
    assert after.unfolded.tolist() == [2, 0, 1, 3]
    assert after.cut(0, 1).also[2] == (0, 1)


def test_marks_do_not_depend_on_how_a_title_is_written() -> None:
    assert mark_of("The $K_3$ Problem: A Study") == mark_of("the K3 problem - a study")
    assert mark_of("The K3 problem") != mark_of("The K4 problem")
    assert mark_of("…") == 0
    assert people_of(["Lovelace, Ada", "Alan Turing"]) == people_of(["A. Turing", "Ada Lovelace"])
    assert people_of([]) == 0


def test_what_is_not_known_never_makes_versions() -> None:
    nan, half = np.float32("nan"), np.float32(0.5)
    pairs = [(False, nan, True), (False, half, False), (True, np.float32(0.1), True)]
    titled, shared, texts = (np.array(column) for column in zip(*pairs, strict=True))
    assert (least_cosine(titled, shared, texts) > 1).all()


@pytest.mark.parametrize("dimension", [1, 7, 64])
@pytest.mark.parametrize("count", [2, 60])
def test_no_near_pair_is_overlooked(count: int, dimension: int) -> None:
    chance = np.random.default_rng(dimension)
    centres = chance.normal(size=(5, dimension))
    vectors = (centres[chance.integers(5, size=count)] + chance.normal(size=(count, dimension)) / 4).astype(np.float32)
    vectors /= np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    exact = vectors @ vectors.T
    possible = perhaps_near(vectors, 0.9)
    assert possible[exact >= 0.9].all()
    first, second = np.nonzero(possible)
    assert np.allclose(cosines(vectors, first, second), exact[first, second], atol=1e-5)
    assert dimension == 1 or count == 2 or not possible.all()
