"""The one tokenizer: folding, words of many scripts, and positions that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.text import tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Self-supervised GPT-4, state_of_the_art", ["self", "supervised", "gpt", "4", "state", "of", "the", "art"]),
        ("naïve Größe Ångström", ["naive", "große", "angstrom"]),
        ("eﬃcient ﬁne", ["efficient", "fine"]),
        ("don't O’Brien", ["don't", "o’brien"]),  # noqa: RUF001
        ("深度 learning", ["深", "度", "learning"]),
        ("हिन्दी भाषा।", ["हिन्दी", "भाषा"]),
        ("العَرَبِيَّة", ["العربية"]),
        ("한국어 처리", ["한국어", "처리"]),
        ("Ёж Σίσυφος", ["еж", "σισυφος"]),
        ("", []),
    ],
)
def test_words_of_many_scripts(text: str, words: list[str]) -> None:
    assert tokens.words(text) == words


@pytest.mark.parametrize(
    ("word", "term"), [("networks", "network"), ("model's", "model"), ("o'brien", "obrien"), ("don't", "don")]
)
def test_terms_are_stems(word: str, term: str) -> None:
    assert tokens.stem(word) == term


def test_content_terms_leave_out_common_words() -> None:
    assert tokens.content_terms("What is the attention of models") == ["attent", "model"]


@given(st.text())
def test_positions_tell_the_same_words(text: str) -> None:
    folded = tokens.fold(text)  # else signs like "™", which divide words where they stand, are letters once folded
    assert sorted(tokens.located(folded)[0]) == sorted(tokens.words(text))


@given(st.text())
def test_words_fold_to_themselves(text: str) -> None:
    for word in tokens.words(text):
        assert tokens.words(word) == [word]


@given(st.text())
def test_groups_hold_the_words_in_order(text: str) -> None:
    assert [word for group in tokens.groups(text) for word in group] == tokens.words(text)


SIGNS = "aBz9é'’Σσςβ½™²ﬁŉ＇ㄱㅏ각हि深℃_- \u0301\u20d7\u1026\u102e\x00"  # noqa: RUF001


@given(st.text(st.sampled_from(SIGNS) | st.characters()))
def test_words_found_sign_by_sign_are_those_of_the_whole_text(text: str) -> None:
    quick, where = tokens.located(text)
    slow, there = tokens.located(f"{text} ﬁ")  # a sign that folds to two: each word is folded by itself
    assert [*quick, "fi"] == slow
    assert [where(place) for place in range(len(quick))] == [there(place) for place in range(len(quick))]
