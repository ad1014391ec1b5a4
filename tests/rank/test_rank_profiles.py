"""Profiles on a tiny real snapshot: words, meaning, both, examples; reasons and facets; anything typed."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shelf

from broadsheet.encode import concepts
from broadsheet.encode.concepts import Concepts
from broadsheet.errors import InputError
from broadsheet.query import Query, parse, plain
from broadsheet.rank import PROFILES, Ranking, View, explain, facets, run, understood
from broadsheet.rank.understanding import MOST_WORDS

_EVERY = ("lexical", "dense", "hybrid")


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return shelf.view(tmp_path_factory.mktemp("index"))


def _keys(view: View, ranking: Ranking) -> list[int]:
    keys: list[int] = view.snapshot.keys[ranking.rows].tolist()
    return keys


def _subjects(view: View, ranking: Ranking) -> set[int]:
    return {key % 4 for key in _keys(view, ranking)}


def test_words_find_papers_that_have_them(view: View) -> None:
    ranking = run("lexical", parse("kittens"), view)
    assert _subjects(view, ranking) == {0}
    assert ranking.total == 4
    assert not ranking.by_meaning.any()


def test_meaning_finds_papers_without_the_word_and_marks_them(view: View) -> None:
    ranking = run("hybrid", parse("feline"), view, 4)
    assert _subjects(view, ranking) == {0}
    assert ranking.by_meaning.all()
    assert ranking.total == 0


def test_words_answer_where_the_encoder_of_the_index_is_gone(tmp_path: Path) -> None:
    view = shelf.view(tmp_path, opened_with=shelf.Others())
    ranking = run("hybrid", parse("kittens"), view)
    assert _subjects(view, ranking) == {0}
    assert "broadsheet refresh" in ranking.notes[0]


def test_both_agree_on_the_best(view: View) -> None:
    ranking = run("hybrid", parse("dog owners telescope"), view)
    assert _keys(view, ranking)[0] % 4 == 1
    assert ranking.total == 8
    np.testing.assert_allclose(sum(ranking.shares.values()), ranking.scores, rtol=1e-6)


@pytest.mark.parametrize("profile", _EVERY)
def test_filters_hold_whatever_the_profile(view: View, profile: str) -> None:
    ranking = run(profile, parse("cat dog venue:ACL after:2012 before:2024"), view)
    assert _keys(view, ranking)
    assert all(key % 3 == 1 and 2 <= key < 14 for key in _keys(view, ranking))


@pytest.mark.parametrize("profile", _EVERY)
def test_what_is_left_out_or_required_binds_meaning_too(view: View, profile: str) -> None:
    assert _subjects(view, run(profile, parse("cat dog -puppy"), view)) == {0}
    assert _subjects(view, run(profile, parse('feline cat "hunt at night"'), view)) == {0}
    assert _keys(view, run(profile, parse("dog author:hound"), view)) == [9]


@pytest.mark.parametrize("profile", _EVERY)
def test_another_order_goes_over_word_matches(view: View, profile: str) -> None:
    ranking = run(profile, parse("cat sort:new"), view)
    assert _keys(view, ranking) == [16, 12, 8, 4]
    assert not ranking.by_meaning.any()


@pytest.mark.parametrize("profile", _EVERY)
def test_without_words_all_papers_pass_newest_first(view: View, profile: str) -> None:
    assert _keys(view, run(profile, parse(""), view, 3)) == [16, 15, 14]


def test_an_unknown_id_finds_nothing_and_says_so(view: View) -> None:
    ranking = run("hybrid", parse("cat id:2401.99999"), view)
    assert len(ranking) == 0
    assert "id:" in ranking.notes[0]


def test_an_unknown_profile_is_an_input_error(view: View) -> None:
    with pytest.raises(InputError, match="hybrid"):
        run("best", parse("x"), view)


@pytest.mark.parametrize("profile", _EVERY)
def test_pages_are_slices_and_runs_repeat(view: View, profile: str) -> None:
    query = parse("cat star folding")
    whole = _keys(view, run(profile, query, view))
    assert whole == _keys(view, run(profile, query, view))
    assert _keys(view, run(profile, query, view).cut(3, 6)) == whole[3:6]


def test_of_a_long_query_the_words_that_say_most_are_looked_for(view: View) -> None:
    unknown = [f"zebra{number}" for number in range(100)]
    query = plain(" ".join([*unknown[:50], "cats", *unknown[50:]]))
    short, notes = understood(query, view)
    assert len({term.words for term in short.terms}) == MOST_WORDS
    assert ("cat",) in [term.words for term in short.terms] and not notes
    assert understood(short, view) == (short, ())
    assert len(understood(plain("cats dogs " * 50), view)[0].terms) == 8
    assert understood(parse('"cats" -dogs'), view)[0].terms == parse('"cats" -dogs').terms


def _like(*keys: int, unlike: tuple[int, ...] = ()) -> Query:
    return replace(parse(""), like=keys, unlike=unlike)


def test_similar_leaves_out_the_examples(view: View) -> None:
    ranking = run("similar", _like(4), view, 3)
    assert sorted(_keys(view, ranking)) == [8, 12, 16]


def test_similar_serves_every_interest(view: View) -> None:
    assert _subjects(view, run("similar", _like(4, 8, 12, 3), view, 4)) == {0, 3}


def test_similar_keeps_away_from_what_is_unwanted(view: View) -> None:
    ranking = run("similar", _like(4, 5, unlike=(9,)), view, 3)
    assert _subjects(view, ranking) == {0}


def test_similar_is_more_or_less_about_concepts(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    directions = np.eye(4, 8, dtype=np.float32)
    known = Concepts("", ("cats", "dogs", "enzymes", "galaxies"), directions, np.zeros(4, np.float32))
    monkeypatch.setattr(concepts, "load", lambda encoder: known)
    cat, both = _like(4), _like(4, 9)
    assert _subjects(view, run("similar", replace(cat, more=("galaxies",)), view, 6)) == {0, 3}
    assert _places(view, replace(both, less=("cats",))) > _places(view, both)


def _places(view: View, query: Query) -> int:
    """Return the sum of the places of papers on cats among the first six alike."""
    keys = _keys(view, run("similar", query, view, 6))
    return sum(place for place, key in enumerate(keys) if key % 4 == 0)


def test_similar_without_known_examples_says_so(view: View) -> None:
    assert "compare" in run("similar", _like(999), view).notes[0]
    assert "compare" in run("similar", _like(), view).notes[0]


def test_reasons_name_words_sentence_and_shares(view: View) -> None:
    query = parse("kitten hunting -dog")
    page = run("hybrid", query, view, 2)
    reasons = explain("hybrid", query, view, page, [shelf.paper(_keys(view, page)[0]), None])
    assert reasons[1] is None
    assert reasons[0] is not None
    assert set(reasons[0].words) == {"Kittens", "hunt"}
    assert reasons[0].sentence == "Kittens hunt at night."
    assert reasons[0].shares.keys() == {"words", "meaning", "evidence"}
    assert sum(reasons[0].shares.values()) == pytest.approx(1)


def test_a_hit_by_meaning_shows_its_nearest_sentence(view: View) -> None:
    query = parse("feline")
    page = run("hybrid", query, view, 1)
    (reasons,) = explain("hybrid", query, view, page, [shelf.paper(_keys(view, page)[0])])
    assert reasons is not None
    assert reasons.words == {}
    assert reasons.sentence == "Kittens hunt at night."


def test_facets_count_years_categories_and_venues(view: View) -> None:
    counted = facets(run("lexical", parse("cat"), view), view)
    assert counted.years == ((2014, 1), (2018, 1), (2022, 1), (2026, 1))
    assert counted.categories == (("q-bio", 3), ("astro-ph", 1))
    assert counted.venues == (("ACL", 2), ("Zoo", 1))


def _typed(chance: random.Random) -> str:
    parts = ["cat", "dog*", '"', "-", "title:", "author:", "venue:ACL", "after:2012", "sort:votes", "the", " ", "\x00"]
    parts += ["深度", "½", ":", "*", "id:1", "show:everything", "\ud800", "(", "|", "AND", "~2", "^", "\\", "[a TO b]"]
    return "".join(chance.choice((*parts, " ", chr(chance.randrange(0x3000)))) for _ in range(chance.randrange(12)))


def test_ten_thousand_random_queries_all_get_an_answer_in_time(view: View) -> None:
    chance = random.Random(7)
    slowest = 0.0
    for _ in range(10_000):
        typed = _typed(chance)
        began = time.perf_counter()
        ranking = run(chance.choice(_EVERY), parse(typed), view, 20)
        slowest = max(slowest, time.perf_counter() - began)
        assert len(ranking) <= 20
        assert np.isfinite(ranking.scores).all(), typed
    assert slowest < 5


def test_an_empty_snapshot_answers(tmp_path: Path) -> None:
    nothing = shelf.view(tmp_path, papers=0)
    for profile in PROFILES:
        assert len(run(profile, parse("cat"), nothing)) == 0
    assert facets(run("hybrid", parse("cat"), nothing), nothing).years == ()
