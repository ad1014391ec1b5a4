"""Records: partial dates, and what a paper says of itself."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import records
from broadsheet.records import Paper, day_range


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-11", "2025-11-01", "2025-11-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025-11-03", "2025-11-03", "2025-11-03"),
    ],
)
def test_a_date_stands_for_all_its_days(text: str, first: str, last: str) -> None:
    assert day_range(text) == (first, last)


@given(st.dates())
def test_a_day_lies_in_its_month_and_year(day: date) -> None:
    text = day.isoformat()
    for precision in (4, 7, 10):
        first, last = day_range(text[:precision])
        assert first <= text <= last
    following = date.fromisoformat(day_range(text[:7])[1])
    assert following == date.max or (following + timedelta(days=1)).day == 1


@pytest.mark.parametrize("text", ["", "25", "2025-13", "2025-02-30", "2025-1", "2025-11-03T00:00", "0000", " 2025"])
def test_other_texts_are_not_dates(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        day_range(text)


@given(st.text(max_size=12))
def test_any_text_is_a_date_or_a_value_error(text: str) -> None:
    try:
        first, last = day_range(text)
    except ValueError:
        return
    assert date.fromisoformat(first) <= date.fromisoformat(last)


def test_what_there_is_to_read_is_the_abstract_else_the_note() -> None:
    bare = Paper(key=1, id="arxiv:2501.00001", identifiers=("arxiv:2501.00001",), title="T")
    assert bare.text == ""
    assert dataclasses.replace(bare, note="N").text == "N"
    assert dataclasses.replace(bare, note="N", abstract="A").text == "A"


def test_only_published_papers_that_are_papers_are_ranked() -> None:
    paper = Paper(key=1, id="x", identifiers=("x",), title="T")
    assert paper.ranked
    assert not dataclasses.replace(paper, status="withdrawn").ranked
    assert not dataclasses.replace(paper, front_matter=True).ranked


def test_records_are_frozen_and_slotted() -> None:
    nouns = [kind for kind in vars(records).values() if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
    assert len(nouns) > 10
    for noun in nouns:
        assert noun.__dataclass_params__.frozen, noun  # type: ignore[attr-defined]
        assert "__slots__" in vars(noun), noun
