"""Marks, the best sentence and snippets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.query import parse
from broadsheet.text import highlight
from broadsheet.text.sentences import sentences

TEXT = (
    "We train deep Neural Networks, e.g. those of Smith et al. (2020). "
    "State space models, and the space of states, are compared. Does J. Doe transform naïve réseaux? Yes."
)


def _marked(text: str, typed: str) -> list[str]:
    return [text[span.start : span.end] for span in highlight.marks(text, parse(typed).terms)]


@pytest.mark.parametrize(
    ("typed", "marked"),
    [
        ("network", ["Networks"]),
        ('"state space"', ["State space"]),
        ("transf*", ["transform"]),
        ("naive RESEAUX", ["naïve", "réseaux"]),
        ("deep -networks author:smith", ["deep"]),
        ("space state", ["State", "space", "space", "states"]),
        ("absent", []),
        ("", []),
    ],
)
def test_what_a_query_marks(typed: str, marked: list[str]) -> None:
    assert _marked(TEXT, typed) == marked


@given(st.text(), st.text())
def test_marks_are_in_order_and_apart(text: str, typed: str) -> None:
    spans = highlight.marks(text, parse(typed).terms)
    places = [place for span in spans for place in (span.start, span.end)]
    assert places == sorted(places)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


def test_sentences_end_where_they_do() -> None:
    assert sentences(TEXT) == [
        "We train deep Neural Networks, e.g. those of Smith et al. (2020).",
        "State space models, and the space of states, are compared.",
        "Does J. Doe transform naïve réseaux?",
        "Yes.",
    ]
    assert sentences("深度学习。很好！") == ["深度学习。", "很好！"]  # noqa: RUF001
    assert sentences("flow past a wing . an experiment .") == ["flow past a wing .", "an experiment ."]


@given(st.text())
def test_sentences_lose_no_word(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_the_best_sentence_has_the_most_distinct_words() -> None:
    assert highlight.best_sentence(TEXT, parse("networks space states").terms) == sentences(TEXT)[1]
    assert highlight.best_sentence(TEXT, parse("absent").terms) is None


@given(st.text(), st.text(max_size=20), st.integers(10, 100))
def test_a_snippet_is_no_longer_than_asked(text: str, typed: str, length: int) -> None:
    assert len(highlight.snippet(text, parse(typed).terms, length)) <= length


def test_a_snippet_begins_at_the_best_sentence() -> None:
    assert highlight.snippet(TEXT, parse("compared").terms, 40) == "… State space models, and the space …"
