"""How well new papers match what is followed, on a tiny real snapshot."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf import Meanings, paper, view

from broadsheet.index import Entry
from broadsheet.index.build import Builder
from broadsheet.index.snapshot import open_current
from broadsheet.query import parse
from broadsheet.rank import View
from broadsheet.rank.news import News
from broadsheet.records import Paper

THEN = datetime(2010, 6, 1, tzinfo=UTC)  # all papers of the shelf are dated later: all are news


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> View:
    return replace(view(tmp_path_factory.mktemp("index"), 40), now=THEN)


def keys(news: News, text: str, after: int = 0, threshold: float = 0.5) -> set[int]:
    return {pick.key for pick in news.matching(parse(text), after, threshold)}


def test_only_papers_that_came_later_are_found(shelf: View) -> None:
    assert keys(News(shelf, 0), "folding protein") == set(range(2, 41, 4))
    assert keys(News(shelf, 20), "folding protein") == {22, 26, 30, 34, 38}
    assert keys(News(shelf, 0), "folding protein", after=30) == {34, 38}


def test_papers_dated_long_ago_are_no_news(shelf: View) -> None:
    late = replace(shelf, now=datetime(2030, 5, 15, tzinfo=UTC))
    assert keys(News(late, 0), "folding protein") == {22, 26, 30, 34, 38}  # paper 20 is of May 2030


def test_words_that_all_have_say_less_than_rare_ones(shelf: View) -> None:
    news = News(shelf, 0)
    (best,) = {pick.score for pick in news.matching(parse("enzyme ada"), 24, 0.0) if pick.key == 26}
    (other,) = {pick.score for pick in news.matching(parse("enzyme ada"), 24, 0.0) if pick.key == 27}
    assert best > 0.8 > 0.3 > other
    assert {pick.words for pick in news.matching(parse("enzyme ada"), 24, 0.8)} == {("enzym", "ada")}


def test_what_is_forbidden_never_comes_and_what_is_demanded_must_be_there(shelf: View) -> None:
    news = News(shelf, 0)
    assert keys(news, "protein -folding") == set()
    assert keys(news, 'sleep "kittens hunt"') == set(range(4, 41, 4))
    assert keys(news, "title:telescope stars") == set()


def test_filters_alone_find_all_that_pass(shelf: View) -> None:
    news = News(shelf, 30)
    assert keys(news, "venue:acl") == {31, 34, 37, 40}
    assert keys(news, "cat:astro-ph") == {key for key in range(31, 41) if key % 3 == 2}
    assert keys(news, "cat:astro-ph after:2047") == {38}


@given(st.sampled_from(["cats", "old galaxies", "dogs -owners", "title:cats", "venue:zoo slowly", "nothing here"]))
def test_a_paper_scores_the_same_whatever_else_is_new(shelf: View, text: str) -> None:
    many = {pick.key: pick.score for pick in News(shelf, 0).matching(parse(text), 0, 0.1)}
    few = {pick.key: pick.score for pick in News(shelf, 30).matching(parse(text), 0, 0.1)}
    assert few == {key: score for key, score in many.items() if key > 30}


SPELLINGS = (
    ("Pretrained autoencoders", "We tune an autoencoder."),
    ("Pre-trained auto-encoders", "An auto encoder that is pre-trained."),
    ("LLMs for proteins", "What LLMs know."),
    ("Large language models", "A large language model reads proteins."),
    ("A large model of language", "The language of models."),
    ("Behaviour of colour", "Of behaviours."),
)


@pytest.fixture(scope="module")
def spelt(tmp_path_factory: pytest.TempPathFactory) -> View:
    folder = tmp_path_factory.mktemp("spelt")
    with Builder(folder, Meanings(), processes=0) as builder:
        builder.add([Entry.of(written(key)) for key in range(1, len(SPELLINGS) + 1)])
        builder.publish(1)
    return View(open_current(folder, lambda _: Meanings()), THEN)


def written(key: int) -> Paper:
    title, text = SPELLINGS[key - 1]
    return replace(paper(key), title=title, abstract=text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pre-trained auto-encoder", {1, 2}),
        ("pretrained autoencoder", {1, 2}),
        ("large language model", {3, 4, 5}),
        ("LLM", {3, 4}),
        ("color behavior", {6}),
    ],
)
@pytest.mark.parametrize("at_hand", [False, True])
def test_words_match_however_they_are_written(spelt: View, text: str, found: set[int], at_hand: bool) -> None:
    news = News(spelt, 0)
    if at_hand:
        news.take(written(key) for key in news.keys)
    picks = {pick.key: pick.score for pick in news.matching(parse(text), 0, 0.1)}
    assert {key for key, score in picks.items() if score >= 0.49} == found  # all of the words


@given(
    st.sampled_from(
        ["cats", "old galaxies", "dogs -owners", "title:cats", "ada slowly", "hunt* night", "hound", "a-gain far-away"]
    )
)
def test_texts_at_hand_change_nothing_but_the_time(shelf: View, text: str) -> None:
    plain, quick = News(shelf, 10), News(shelf, 10)
    quick.take(paper(key) for key in quick.keys)
    assert quick.matching(parse(text), 10, 0.05) == plain.matching(parse(text), 10, 0.05)


def test_what_is_prepared_is_what_would_be_found_without(shelf: View) -> None:
    plain, quick = News(shelf, 4), News(shelf, 4)
    quick.prepare([parse("cats"), parse("-dogs"), parse("cat:q-bio")], [1, 3, 999])
    for news in (plain, quick):
        assert [pick.key for pick in news.matching(parse("cats"), 8, 0.5)] == [12, 16, 20, 24, 28, 32, 36, 40]
    assert quick.resembling([1, 3], [5], 4, 0.1) == plain.resembling([1, 3], [5], 4, 0.1)
    assert quick.resembling([1, 2], [], 4, 0.1) == plain.resembling([1, 2], [], 4, 0.1)  # one was not prepared


def test_examples_find_their_like_and_say_which(shelf: View) -> None:
    picks = News(shelf, 4).resembling([1, 3], [], 4, 0.1)
    assert {pick.key % 4 for pick in picks} == {1, 3}
    assert all((pick.near or 0) % 4 == pick.key % 4 for pick in picks)


def test_unwanted_examples_take_away_and_examples_are_no_news_themselves(shelf: View) -> None:
    news = News(shelf, 0)
    alone = {pick.key: pick.score for pick in news.resembling([1], [], 0, 0.05)}
    against = {pick.key: pick.score for pick in news.resembling([1], [5], 0, 0.05)}
    assert 1 not in alone and 5 in alone
    assert all(score < alone[key] for key, score in against.items())
    assert news.resembling([], [1], 0, 0.0) == news.resembling([999], [], 0, 0.0) == []
