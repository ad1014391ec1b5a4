"""Papers like others: their words beside their meaning, and the reasons that are given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shelf
from shelf import Meanings

from broadsheet.index import Entry
from broadsheet.index.build import Builder
from broadsheet.index.forward import numbers
from broadsheet.index.snapshot import open_current
from broadsheet.query import Query, parse
from broadsheet.rank import View, explain, run
from broadsheet.rank.similar import Said

_TEXTS = {
    1: ("Quokka marsupials of Rottnest", "The quokka eats leaves beside a cat."),
    2: ("Leaves that animals eat", "Quokka herds eat leaves."),
    3: ("Kittens", "A cat and a kitten sleep beside a felin."),
    4: ("Islands", "Rottnest has beaches. The zorblaxian wind blows."),
    5: ("Enzymes fold", "A protein is folded."),
    6: ("Weather", "Where zorblaxian winds are."),
}


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    """Six papers, of which the encoder knows what three are about."""
    folder = tmp_path_factory.mktemp("similar")
    with Builder(folder, Meanings(), processes=0) as builder:
        builder.add([Entry(key=key, title=title, text=text) for key, (title, text) in _TEXTS.items()])
        builder.publish(1)
    return View(open_current(folder, lambda _: Meanings()), datetime(2026, 11, 26, tzinfo=UTC))


def _like(*keys: int, typed: str = "") -> Query:
    return replace(parse(typed), like=keys)


def _keys(view: View, query: Query) -> list[int]:
    keys: list[int] = view.snapshot.keys[run("similar", query, view).rows].tolist()
    return keys


def test_words_find_what_no_vector_knows(view: View) -> None:
    assert _keys(view, _like(2))[0] == 1
    assert _keys(view, _like(6))[0] == 4


def test_words_and_meaning_each_have_a_share(view: View) -> None:
    ranking = run("similar", _like(1), view)
    found = dict(zip(view.snapshot.keys[ranking.rows].tolist(), range(len(ranking)), strict=True))
    assert ranking.shares["lexical"][found[2]] > 0.3 > ranking.shares["dense"][found[2]]
    assert ranking.shares["dense"][found[3]] > 0.3 > ranking.shares["lexical"][found[3]]
    assert np.allclose(ranking.scores, ranking.shares["lexical"] + ranking.shares["dense"])


def test_filters_hold_for_what_words_bring(tmp_path: Path) -> None:
    view = shelf.view(tmp_path)
    inside = _like(4, typed="venue:ACL")
    assert {key % 3 for key in _keys(view, inside)} == {1}


def test_a_word_of_the_title_weighs_more_and_rare_words_most(view: View) -> None:
    said = Said.by(view.snapshot.rows_of([1]), view.snapshot)
    weights = dict(zip(said.numbers.tolist(), said.weights[:, 0].tolist(), strict=True))
    quokka, marsupial, cat = (weights[numbers()[stem]] for stem in ("quokka", "marsupi", "cat"))
    assert quokka > cat  # both stand in two papers
    assert marsupial > cat


def test_what_may_be_another_word_is_scored_but_not_looked_up(view: View) -> None:
    said = Said.by(view.snapshot.rows_of([6]), view.snapshot)
    assert numbers().term(numbers()["zorblaxian"]) is None
    assert {term.words[0] for term in said.terms(0, 9)} == {"weather", "wind"}
    unknown, wind, other = said.heaviest(["zorblaxian", "wind", "quokka"]).tolist()
    assert unknown > wind > other == 0


def test_reasons_name_the_words_in_common_and_both_shares(view: View) -> None:
    query = _like(1)
    page = run("similar", query, view).cut(0, 2)
    papers = [replace(shelf.paper(int(key)), title=_TEXTS[key][0], abstract=_TEXTS[key][1]) for key in (2,)]
    (why, gone) = explain("similar", query, view, page, [*papers, None])
    assert gone is None and why is not None
    assert list(why.words) == ["Quokka", "Leaves", "eat"]
    assert set(why.shares) == {"words", "meaning"}
    assert sum(why.shares.values()) == pytest.approx(1)
    assert why.sentence == "Quokka herds eat leaves."
