"""Editions and trending through the library: over the year's end, empty, far ahead of UTC, and after a vote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broadsheet import Library
from broadsheet.errors import InputError
from broadsheet.library.foresight import Foresight
from broadsheet.records import Batch, Edition, Listing, Signal, SourceRecord, period_days, period_of
from broadsheet.settings import Settings

NOW = datetime(2027, 1, 2, 12, tzinfo=UTC)
DAYS = ("2026-12-21", "2026-12-28", "2026-12-31", "2027-01-01", "2027-01-03")


def record(number: int, day: str, votes: float | None = None) -> SourceRecord:
    signals = () if votes is None else (Signal("votes", day, votes, "front_page"),)
    return SourceRecord(
        source="front_page",
        scheme="arxiv",
        own_id=f"2612.{number:05}",
        title=f"Numbered Paper of the Year's End {number}",
        identifiers=(f"arxiv:2612.{number:05}",),
        announced=day,
        date=day,
        signals=signals,
    )


def fill(library: Library, *records: SourceRecord) -> None:
    library.store.add(Batch(records, ""), cursor_name="file:x", source="front_page", now=NOW)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(Settings(home=tmp_path), clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def filled(library: Library) -> Library:
    fill(library, *(record(n, day, votes=n) for n, day in enumerate(DAYS)))
    return library


def ids(found: Edition | Listing) -> list[int]:
    papers = found.papers if isinstance(found, Edition) else [hit.paper for hit in found.hits]
    return [int(paper.id[-5:]) for paper in papers]


def test_week_53_reaches_into_the_new_year(filled: Library) -> None:
    week = filled.week("2026-W53")
    assert (ids(week), week.total, week.kind) == ([4, 3, 2, 1], 4, "week")
    assert (week.earlier, week.later) == ("2026-W52", None)
    assert filled.week("2026-W52").later == "2026-W53"
    assert filled.week().day == "2026-W53"
    assert ids(filled.month("2026-12")) == [2, 1, 0]
    assert filled.month("2026-12").later == "2027-01"


@pytest.mark.parametrize("day", ["2024-12-30", "2026-12-31", "2027-01-01", "2021-01-03", "2020-02-29"])
def test_every_day_lies_in_its_week_and_month(day: str) -> None:
    for kind in ("day", "week", "month"):
        first, last = period_days(period_of(kind, day))
        assert first <= day <= last


@pytest.mark.parametrize("name", ["2025-W53", "2026-W54", "2026-13", "2026", "2026-06-31", "9999-W52", "x"])
def test_what_is_no_day_week_or_month_is_said(filled: Library, name: str) -> None:
    with pytest.raises(InputError, match="2026-W27"):
        filled.edition(name)


def test_an_empty_instance_has_empty_editions_and_nothing_trends(library: Library) -> None:
    for found in (library.front(), library.week(), library.month(), library.edition("2026-06-30")):
        assert (found.papers, found.earlier, found.later, found.total) == ((), None, None, 0)
    assert (library.trending().hits, library.trending().total) == ((), 0)
    assert library.rising(library.front()) == []


def test_a_day_without_papers_names_the_nearest(filled: Library) -> None:
    day = filled.front("2026-12-29")
    assert (day.papers, day.earlier, day.later) == ((), "2026-12-28", "2026-12-31")
    month = filled.month("2026-06")
    assert (month.papers, month.earlier, month.later) == ((), None, "2026-12")


def test_the_newest_edition_is_not_one_of_the_future(filled: Library) -> None:
    assert filled.front().day == "2027-01-03"  # tomorrow: somewhere it is that day already
    fill(filled, record(9, "2062-01-01"))
    assert filled.front().day == "2027-01-03"
    assert filled.front("2062-01-01").total == 1


def test_today_is_where_the_instance_is(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, timezone="Pacific/Kiritimati")
    with Library(settings, clock=lambda: datetime(2026, 12, 31, 12, tzinfo=UTC)) as library:
        assert library.front().day == "2027-01-01"
        fill(library, record(1, "2027-01-01", votes=5))
        standing = library.standing("2612.00001")
        assert standing is not None and standing.age == 2


def test_trending_goes_on_with_older_editions_and_never_ends_in_nothing(library: Library) -> None:
    days = [f"2024-{month:02}-{day:02}" for month in range(1, 6) for day in range(1, 29, 3)]
    fill(library, *(record(n, day, votes=n % 7) for n, day in enumerate(days)))
    first = library.trending(limit=20)
    assert len(first.hits) == 20 and first.next == 2
    pages = [first]
    while (following := pages[-1].next) is not None:
        pages.append(library.trending(limit=20, page=following))
    found = [number for page in pages for number in ids(page)]
    assert sorted(found) == list(range(len(days)))
    assert library.trending(limit=20, page=9).hits == ()


def test_a_vote_counts_at_the_next_ranking(filled: Library) -> None:
    reader = filled.local_reader()
    assert reader is not None
    assert ids(filled.front("2026-12-31")) == [2]
    fill(filled, record(7, "2026-12-31", votes=2))
    before = filled.standing("2612.00007")
    assert filled.vote(reader, "arxiv:2612.00007")
    after = filled.standing("2612.00007")
    assert before is not None and after is not None and after.score > before.score
    assert ids(filled.front("2026-12-31")) == [7, 2]
    filled.unvote(reader, "arxiv:2612.00007")
    assert filled.standing("2612.00007") == before


def test_what_died_before_it_foresaw_is_made_up_for(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(library, *(record(n, "2027-01-02") for n in range(3)))
    with monkeypatch.context() as dying:
        dying.setattr(Foresight, "keep", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            library.refresh()
    assert library.behind
    library.refresh()
    assert not library.behind
    assert all(paper.expected > 0 for paper in library.store.fronts.between("2027-01-02", "2027-01-02", 9))


def test_indexing_foresees_and_orders_a_day_without_votes(library: Library) -> None:
    known = SourceRecord(
        source="front_page", scheme="arxiv", own_id="1", title="An Earlier Success", date="2026-11-01",
        announced="2026-11-02", identifiers=("arxiv:2611.00001",), signals=(Signal("votes", "2026-11-02", 90, "x"),),
        authors=record(1, "2027-01-01").authors,
    )  # fmt: skip
    fill(library, known, *(record(n, "2027-01-02") for n in range(3)))
    library.refresh()
    found = library.store.fronts.between("2027-01-02", "2027-01-02", 9)
    assert all(paper.expected > 0 for paper in found)
    assert [paper.expected for paper in found] == sorted((paper.expected for paper in found), reverse=True)
