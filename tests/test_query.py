"""The query language: what is understood, what is remarked upon, and that nothing raises."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.query import LONGEST, MOST_TERMS, Query, Term, parse, plain, show

_PIECES = st.sampled_from(
    [
        "deep",
        "Größe",
        "深度学习",
        "हिन्दी",
        '"',
        "“",
        "-",
        "\u2013",
        "*",
        ":",
        "title:",
        "author:",
        "cat:",
        "venue:",
        "after:2024-02",
        "before:31",
        "sort:new",
        "sort:x",
        "id:1706.03762",
        "show:everything",
        " ",
        "  ",
        "\n",
        "\x00",
        "\ud800",
        "½",
        "\u2019s",
        "arxiv:1706.03762",
        "https://doi.org/10.1000/x",
        "the",
        "foo:",
        ",",
        "İ",
        "ß",
        "ﬁ",
        "e\u0301",
    ]
)
_TYPED = st.lists(_PIECES | st.text(max_size=6)).map("".join)


def _words(query: Query) -> list[str]:
    return [" ".join(term.words) for term in query.terms]


def test_words_are_stemmed_and_common_ones_left_out() -> None:
    assert _words(parse("the Learning of Networks")) == ["learn", "network"]


def test_a_phrase_holds_its_common_words_and_is_required() -> None:
    assert parse('"state of the art"').terms == (Term(("state", "of", "the", "art"), phrase=True, required=True),)


@pytest.mark.parametrize("sign", ["-", "\u2013", "\u2212"])
def test_a_minus_leaves_out_a_word(sign: str) -> None:
    query = parse(f"transformer {sign}survey")
    assert [term.negative for term in query.terms] == [False, True]
    assert query.plain == "transformer"


def test_fields_are_required_and_case_does_not_matter() -> None:
    query = parse('Title:BERT author:"Geoffrey Hinton"')
    assert [(term.field, term.words, term.required) for term in query.terms] == [
        ("title", ("bert",), True),
        ("author", ("geoffrey",), True),
        ("author", ("hinton",), True),
    ]
    assert query.plain == "BERT"


def test_a_hyphenated_word_is_its_words_but_holds_together_when_left_out() -> None:
    assert _words(parse("self-supervised")) == ["self", "supervis"]
    assert parse("x -self-supervised").terms[1] == Term(("self", "supervis"), phrase=True, negative=True)


def test_a_star_asks_for_beginnings_unstemmed() -> None:
    assert parse("transforming*").terms == (Term(("transforming",), prefix=True),)


def test_filters_join_those_typed_with_those_chosen_beside_the_box() -> None:
    filters = parse("x cat:cs.CL,cs.CV venue:'ICLR' after:2023", after="2024/2", category="stat.ML").filters
    assert filters.categories == ("stat.ML", "cs.CL", "cs.CV")
    assert filters.after == "2024-02"


def test_a_script_without_spaces_is_looked_for_together() -> None:
    assert parse("深度学习").terms == (Term(("深", "度", "学", "习"), phrase=True),)


@pytest.mark.parametrize(
    ("typed", "identifier"),
    [
        ("1706.03762", "arxiv:1706.03762"),
        (" https://arxiv.org/abs/1706.03762v5 ", "arxiv:1706.03762"),
        ("https://doi.org/10.1000/XyZ", "doi:10.1000/xyz"),
        ("id:1706.03762", "arxiv:1706.03762"),
        ("1706.03762 attention", None),
        ("attention", None),
    ],
)
def test_an_identifier_alone_names_its_paper(typed: str, identifier: str | None) -> None:
    assert parse(typed).identifier == identifier


@pytest.mark.parametrize(
    ("typed", "remark"),
    [
        ('"deep learning', "quotation mark"),
        ("x after:yesterday", "not a date"),
        ("x after:2024-02-31", "not a date"),
        ("x after:2025 before:2024", "nothing can match"),
        ("x sort:best", "sorted by"),
        ("x show:me", "show:everything"),
        ("x -cat:cs.CL", "minus sign"),
        ("deep -deep", "both asked for and left out"),
        ("-deep", "what to leave out"),
        ("to be or not to be", "very common"),
        ("глубокое обучение", "English"),
        ("les images pour la vision dans une rue", "English"),
        ("a " * 5_000, "4,000 characters"),
        ("x y z w v u " * 60, "words were looked for"),
        ("".join(f"cat:c{n} " for n in range(30)), "values of cat:"),
    ],
)
def test_what_surprises_gets_a_note(typed: str, remark: str) -> None:
    assert any(remark in note for note in parse(typed).notes)


def test_what_is_well_formed_gets_no_note() -> None:
    assert parse('attention "state space" -survey title:bert after:2024 before:2025 cat:cs sort:new').notes == ()


def test_a_sentence_has_no_operators() -> None:
    query = plain('Is "a-b": -dropout title:bert* 1706.03762 better?')
    assert all(term == Term(term.words, also=term.also, whole=term.whole, reach=term.reach) for term in query.terms)
    assert query.identifier is None
    assert "dropout" in query.plain


def test_very_long_queries_are_bounded() -> None:
    query = parse("word%d " * 100_000)
    assert len(query.words) <= LONGEST
    assert len(query.terms) <= MOST_TERMS


@given(_TYPED)
def test_showing_and_parsing_again_asks_the_same(typed: str) -> None:
    query = parse(typed)
    again = parse(show(query))
    assert again == query
    assert show(again) == show(query)


@given(st.text())
def test_a_sentence_survives_being_shown(typed: str) -> None:
    query = plain(typed)
    assert parse(show(query)).terms == query.terms


@given(_TYPED, st.text(max_size=12), st.text(max_size=12), st.text(max_size=5))
def test_nothing_chosen_beside_the_box_raises(typed: str, after: str, venue: str, sort: str) -> None:
    query = parse(typed, after=after, before=after, category=venue, venue=venue, sort=sort)
    assert parse(show(query)) == query


@pytest.mark.parametrize("typed", ['"' * 100_001, "-" * 100_000, "a:" * 50_000, "x" * 1_000_000, "\x00" * 100_000])
def test_hostile_lengths_take_no_time(typed: str) -> None:
    began = time.perf_counter()
    parse(typed)
    assert time.perf_counter() - began < 1
