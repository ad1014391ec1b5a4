"""What a paper says, given what its records say; signals, lists and changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from making import NOW, TITLE, add, only, record

from broadsheet.records import Author, Batch, SetAside, Signal
from broadsheet.store import Store
from broadsheet.store.merging import earliest, newest

TODAY = NOW.date().isoformat()
X = ("arxiv:2501.00001",)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with Store(database_url, tmp_path / "home") as opened:
        yield opened


def test_a_paper_quotes_its_best_sources(store: Store) -> None:
    page = record("p", source="page", identifiers=X, note="A note.", keywords=("folding",), date=None)
    venue = record(
        "v",
        source="conferences",
        identifiers=(*X, "openreview:abcde"),
        abstract="Short.",
        venue="ICML 2025",
        date="2025",
    )
    arxiv = record(
        "a",
        source="arxiv",
        identifiers=X,
        abstract="Long.",
        venue="arXiv",
        date="2025-01-02",
        updated="2025-03-01",
        categories=("cs.CG",),
        links={"pdf": "https://example.org/a"},
        comment="5 pages",
        licence="CC0",
    )
    (paper,) = store.papers([only(store, page, venue, arxiv)])
    assert (paper.id, paper.title, paper.abstract, paper.note) == (X[0], TITLE, "Long.", "A note.")
    assert (paper.venue, paper.date, paper.updated, paper.announced) == (
        "ICML 2025",
        "2025-01-02",
        "2025-03-01",
        "2025-01-02",
    )
    assert (paper.categories, paper.keywords) == (("cs.CG",), ("folding",))
    assert (paper.comment, paper.licence, dict(paper.links)) == ("5 pages", "CC0", {"pdf": "https://example.org/a"})
    assert set(paper.identifiers) == {X[0], "openreview:abcde"}
    assert paper.sources == ("arxiv", "conferences", "page")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("rejected", "published"), "published"),
        (("withdrawn", "rejected"), "rejected"),
        (("deleted", "withdrawn"), "withdrawn"),
        (("deleted",), "deleted"),
    ],
)
def test_status(store: Store, statuses: tuple[str, ...], expected: str) -> None:
    key = only(store, *(record(f"r{i}", identifiers=X, status=s) for i, s in enumerate(statuses)))
    assert store.papers([key])[0].status == expected
    assert store.newest(10) == ([key] if expected == "published" else [])


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("2025", "2025-11-03"), "2025-11-03"),
        (("2025-11", "2025-11-03", "2026-01-01"), "2025-11-03"),
        (("2024", "2025-01-05"), "2024"),
        ((None, "2025"), "2025"),
        ((None,), None),
    ],
)
def test_earliest_date(dates: tuple[str | None, ...], expected: str | None) -> None:
    assert earliest(dates) == expected


def test_announced_is_the_front_page_then_the_first_version_then_the_live_harvest(store: Store) -> None:
    add(store, record("a", "Paper with a Front Page", date="2025-01-02", announced="2025-01-07"))
    add(store, record("b", "Paper with a Version Day", date="2025-01-02"))
    add(store, record("c", "Paper with a Year Only", date="2025"))
    add(store, record("d", "Paper that was Harvested Live", date="2025"), live=True)
    found = {paper.title: paper.announced for paper in store.papers(store.keys(0, 10))}
    assert list(found.values()) == ["2025-01-07", "2025-01-02", None, TODAY]


def test_the_day_first_harvested_live_stays(store: Store) -> None:
    add(store, record("a"), live=True)
    add(store, record("a", note="changed"), live=True, now=NOW + timedelta(days=3))
    assert store.editions(limit=5) == [(TODAY, 1)]


def test_orcids_are_taken_from_wherever_they_are_known(store: Store) -> None:
    known = record("b", identifiers=X)
    known = type(known)(
        **{**{f: getattr(known, f) for f in known.__slots__}, "authors": (Author("Ada Lovelace", "0-1"),)}
    )
    key = only(store, record("a", source="arxiv", identifiers=X), known)
    assert store.papers([key])[0].authors == (Author("Ada Lovelace", "0-1"),)
    assert store.orcid("ada-lovelace") == "0-1"
    assert store.orcid("nobody") is None


def test_signals_without_a_day_are_dated_once(store: Store) -> None:
    votes = (Signal("votes", "", 7, "front_page"),)
    announced = record("a", announced="2025-01-07", signals=votes, date="2025-01-02")
    later = NOW + timedelta(days=9)
    key = only(store, announced)
    add(store, announced, now=later)
    add(store, record("a", announced="2025-01-07", signals=votes, date="2025-01-02", note="changed"), now=later)
    assert store.series(key) == [Signal("votes", "2025-01-07", 7.0, "front_page")]


def test_signals_of_papers_without_a_day_make_a_series(store: Store) -> None:
    key = only(store, record("a", signals=(Signal("stars", "", 10, "jsonl"),)))
    add(store, record("a", signals=(Signal("stars", "", 12, "jsonl"),)), now=NOW + timedelta(days=1))
    assert [(s.day, s.value) for s in store.series(key)] == [(TODAY, 10.0), ("2026-03-15", 12.0)]
    assert store.papers([key])[0].signals == {"stars": 12.0}


def test_the_newest_value_counts_and_of_ranks_the_best() -> None:
    signals = [
        Signal("votes", "2025-01-02", 5, "a"),
        Signal("votes", "2025-01-01", 9, "a"),
        Signal("votes", "2025-01-02", 6, "b"),
        Signal("listed", "2025-01-02", 3, "a"),
        Signal("listed", "2025-01-02", 1, "b"),
    ]
    assert newest(signals) == {"listed": 1.0, "votes": 6.0}


def test_editions_go_by_day_and_an_edition_by_votes(store: Store) -> None:
    for day, name, votes in (("05", "a", 1), ("05", "b", 9), ("07", "c", 0), ("06", "d", 4)):
        signals = (Signal("votes", "", votes, "t"),) if votes else ()
        date = f"2025-01-{day}"
        add(store, record(name, f"Paper of the Letter {name}", date=date, announced=date, signals=signals))
    assert store.editions(limit=2) == [("2025-01-07", 1), ("2025-01-06", 1)]
    assert store.editions(before="2025-01-06", limit=9) == [("2025-01-05", 2)]
    assert store.editions(after="2025-01-05", limit=1) == [("2025-01-06", 1)]
    a, b, c, d = store.keys(0, 10)
    assert [found.key for found in store.fronts.between("2025-01-05", "2025-01-05", 9)] == [b, a]
    assert [found.key for found in store.fronts.between("2025-01-05", "2025-01-05", 1)] == [b]
    assert store.newest(2) == [c, d]
    assert store.newest(9, 2) == [b, a]


def test_the_day_on_a_front_page_comes_before_arxivs_own(store: Store) -> None:
    known: dict[str, Any] = {"identifiers": ("arxiv:2501.00001",), "date": "2025-01-02"}
    add(store, record("a", source="arxiv", announced="2025-01-02", **known))
    assert store.editions(limit=2) == [("2025-01-02", 1)]
    add(store, record("b", source="front_page", announced="2025-01-06", **known), cursor="2")
    assert store.editions(limit=2) == [("2025-01-06", 1)]


def test_authors_and_venues_have_pages(store: Store) -> None:
    add(
        store,
        record("a", "First Paper about the Cranes", authors=("Ada Lovelace", "Émile Borel"), venue="ICML", date="2024"),
    )
    add(store, record("b", "Second Paper about the Cranes", authors=("Emile Borel",), venue="ICML", date="2025"))
    add(store, record("c", "Third Paper about the Cranes", authors=("Emile Borel",), venue="ICML", status="rejected"))
    a, b, _ = store.keys(0, 10)
    assert store.by_author("emile-borel", 10, 0) == ("Emile Borel", 2, [b, a])
    assert store.by_author("emile-borel", 1, 1) == ("Emile Borel", 2, [a])
    assert store.by_author("nobody", 10, 0) == (None, 0, [])
    assert store.by_venue("icml", 10, 0) == ("ICML", 2, [b, a])
    add(store, record("a", "First Paper about the Cranes", authors=("Ada Lovelace",), venue="Nature", date="2024"))
    assert store.by_author("emile-borel", 10, 0)[2] == [b]
    assert store.by_venue("icml", 10, 0)[2] == [b]


def test_an_author_counts_a_merged_paper_once(store: Store) -> None:
    key = only(store, record("a", identifiers=X), record("b", identifiers=X))
    assert store.by_author("ada-lovelace", 10, 0) == ("Ada Lovelace", 1, [key])


def test_unchanged_records_write_nothing(store: Store) -> None:
    assert add(store, record("a"), record("b", "Another Title of Five Words")).counts()["new"] == 2
    last = store.last_change()
    again = add(store, record("a"), record("b", "Another Title of Five Words"), cursor="2")
    assert (again.unchanged, again.new, store.last_change(), store.cursor("file:1")) == (2, 0, last, "2")


def test_each_paper_has_one_change_its_newest(store: Store) -> None:
    add(store, record("a"), record("b", "Another Title of Five Words"))
    add(store, record("a", note="changed"))
    a, b = store.keys(0, 10)
    assert [(c.number, c.key) for c in store.changes(0, 10)] == [(2, b), (3, a)]
    assert [c.number for c in store.changes(0, 1)] == [2]
    assert (store.last_change(), store.count_changes(2)) == (3, 1)


def test_bad_records_are_set_aside_with_a_reason(store: Store) -> None:
    bad = [
        record("a", " "),
        record("b", date="sometime"),
        record("c", announced="2025"),
        record("d", "A Title with half \ud800 a Character"),
        record("e", identifiers=("doi:10.1/\0",)),
        record("f", signals=(Signal("votes", "", float("nan"), "t"),)),
        record("g", signals=(Signal("votes", "2025", 1, "t"),)),
        record("h", abstract="word " * 300_000),
    ]
    earlier = SetAside("line 3", "no \0 JSON", "{\ud800")
    batch = Batch((*bad, record("good")), "9", (earlier,))
    for _ in range(2):
        added = store.add(batch, cursor_name="file:1", source="test", now=NOW)
        assert added.set_aside == len(bad) + 1
    assert store.counts()["set_aside"] == len(bad) + 1
    assert all(item.reason for _, item in store.set_aside(100))
    (status,) = store.sources()
    assert (status.name, status.records, status.set_aside) == ("test", 1, len(bad) + 1)


def test_sources_say_how_fresh_they_are(store: Store) -> None:
    store.failed("arxiv", "it was late", now=NOW)
    (status,) = store.sources()
    assert (status.seen, status.failure) == (None, "it was late")
    store.seen("arxiv", now=NOW)
    (status,) = store.sources()
    assert (status.seen, status.failure) == ("2026-03-14T09:30:00+00:00", None)


def test_leases_expire(store: Store) -> None:
    assert store.lease("work", "one", now=NOW, seconds=60)
    assert not store.lease("work", "two", now=NOW, seconds=60)
    assert store.lease("work", "one", now=NOW + timedelta(seconds=30), seconds=60)
    assert not store.lease("work", "two", now=NOW + timedelta(seconds=61), seconds=60)
    assert store.lease("work", "two", now=NOW + timedelta(seconds=91), seconds=60)
    store.release("work", "one")
    assert not store.lease("work", "one", now=NOW + timedelta(seconds=91), seconds=60)
    store.release("work", "two")
    assert store.lease("work", "one", now=NOW + timedelta(seconds=91), seconds=60)


def test_state_is_kept_by_name(store: Store) -> None:
    assert store.state("a") is None
    store.set_state("a", "1")
    store.set_state("a", "2")
    assert store.state("a") == "2"


def test_times_without_a_zone_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="time zone"):
        add(store, record("a"), now=NOW.replace(tzinfo=None))


def test_an_identifier_that_no_database_takes_is_just_unknown(store: Store) -> None:
    assert store.resolve("doi:10.1/\0") is None
    assert store.resolve("doi:10.1/\ud800") is None
