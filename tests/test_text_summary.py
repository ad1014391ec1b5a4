"""The one-line summary: which sentence, how it is shortened, and what it never does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.text.summary import MOST_WORDS, cuts, summary

TITLE = "Adaptive loss scaling for training in half precision"
TEXT = (
    "Training neural networks is slow (Smith et al., 2019) and takes much memory. "
    "Half precision is fast, but gradients vanish in it [3, 4]. "
    "To address this, we propose adaptive loss scaling (ALS), a method that chooses the scale of each layer by itself, "
    "without tuning. "
    "Experiments on ImageNet show the same accuracy at half the time."
)


def test_it_is_the_sentence_that_says_what_the_paper_does() -> None:
    line = summary(TITLE, TEXT)
    assert line is not None
    assert "propose adaptive loss scaling" in line
    assert "(ALS)" not in line


def test_it_does_not_depend_on_where_that_sentence_stands() -> None:
    first, *rest = TEXT.split(". ")
    assert summary(TITLE, ". ".join([*rest[:2], first])) != first


@pytest.mark.parametrize("text", ["", "  \n "])
def test_without_a_text_there_is_none(text: str) -> None:
    assert summary(TITLE, text) is None


def test_a_note_of_one_sentence_is_its_own_summary() -> None:
    assert summary("A title", "Scales losses by themselves.") == "Scales losses by themselves."


def test_a_long_sentence_ends_with_an_ellipsis() -> None:
    line = summary("A title", "We show " + "very " * 80 + "much.")
    assert line is not None
    assert line.endswith(" …")
    assert len(line.split()) == MOST_WORDS + 1


def test_cuts_leave_what_can_stand_alone() -> None:
    sentence = "To address this (see above), we train a small network of many layers, which needs no labels at all."
    assert [cut.text for cut in cuts(sentence)] == [
        "To address this, we train a small network of many layers, which needs no labels at all.",
        "To address this, we train a small network of many layers.",
        "We train a small network of many layers, which needs no labels at all.",
        "We train a small network of many layers.",
    ]


def test_formulas_and_brackets_are_never_cut() -> None:
    sentence = (
        "We bound $f(a, b, c) = \\max_{i, j} x$ for all functions (those of $x, y$ too), in any given metric space."
    )
    for cut in cuts(sentence):
        assert cut.text.count("$") % 2 == 0
        assert cut.text.count("(") == cut.text.count(")")
        assert "$f(a, b, c) = \\max_{i, j} x$" in cut.text


@given(st.text(max_size=400), st.text(max_size=2_000))
def test_any_text_has_at_most_one_line(title: str, text: str) -> None:
    line = summary(title, text)
    assert (line is None) == (not text.strip())
    if line is not None:
        assert len(line.split()) <= MOST_WORDS + 1
        assert "\n" not in line
