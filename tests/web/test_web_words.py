"""Facts in words, addresses and the geometry of pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.records import Facets, Hit, Paper, Reasons, SourceStatus, Span
from broadsheet.web import addresses, filters, metadata, pictures
from broadsheet.web.addresses import Asked
from broadsheet.web.categories import category_name
from broadsheet.web.rendering import maths

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def paper(**more: object) -> Paper:
    given = {"key": 1, "id": "bs:abc", "identifiers": ("bs:abc",), "title": "A Title"} | more
    return Paper(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2025", "2025"),
        ("2025-11", "November 2025"),
        ("2025-11-03", "3 November 2025"),
        ("2025-13-01", "2025-13-01"),
        ("spring", "spring"),
        (None, ""),
    ],
)
def test_dates_keep_their_precision(date: str | None, words: str) -> None:
    assert filters.date_words(date) == words


def test_days_in_full_and_short() -> None:
    assert filters.day_words("2026-06-30") == "Tuesday, 30 June 2026"
    assert filters.short_day("2026-06-30") == "Tuesday 30 June"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=30), "just now"),
        (timedelta(minutes=11), "11 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(hours=30), "yesterday"),
        (timedelta(days=5), "5 days ago"),
        (timedelta(days=262), "on 4 March 2026"),
        (-timedelta(minutes=5), "just now"),
    ],
)
def test_how_long_ago(before: timedelta, words: str) -> None:
    assert filters.ago((NOW - before).isoformat(), NOW) == words


def test_a_source_whose_last_visit_failed_is_late() -> None:
    seen = (NOW - timedelta(hours=3)).isoformat()
    sources = [SourceStatus(name="arxiv", seen=seen, failure="503"), SourceStatus(name="front_page", seen=seen)]
    assert [(source.words, source.late) for source in filters.freshness(sources, NOW)] == [
        ("arXiv seen 3 hours ago, but the last visit failed", True),
        ("Front pages seen 3 hours ago", False),
    ]


def test_facts_are_always_in_the_same_order() -> None:
    signals = {"comments": 1.0, "stars": 1234.0, "votes": 2.0, "listed": 3.0, "citations": 0.0}
    told = filters.facts(
        paper(signals=signals, links={"code": "https://example.org/c", "pdf": "https://example.org/p"})
    )
    assert [fact.text + fact.unsaid for fact in told] == ["2 votes", "1,234 stars", "1 comment", "PDF", "Code"]


def test_only_web_addresses_become_links() -> None:
    links = {
        "page": "javascript:alert(1)",
        "pdf": "HTTPS://example.org/",
        "code": "data:text/html,x",
        "slides": "http://[",
    }
    assert filters.external_links(paper(links=links)) == [("PDF", "HTTPS://example.org/")]


def test_an_arxiv_paper_has_a_pdf_though_no_source_says_so() -> None:
    assert filters.external_links(paper(id="arxiv:2606.1")) == [("PDF", "https://arxiv.org/pdf/2606.1")]


@pytest.mark.parametrize(
    ("identifier", "name", "link"),
    [
        ("arxiv:hep-th/9901001", "arXiv:hep-th/9901001", "https://arxiv.org/abs/hep-th/9901001"),
        ("doi:10.1/x", "doi:10.1/x", "https://doi.org/10.1/x"),
        ("acl:P18-1001", "ACL P18-1001", "https://aclanthology.org/P18-1001"),
        ("bs:abc", "bs:abc", None),
        ("nonsense", "nonsense", None),
    ],
)
def test_identifiers_as_people_write_them(identifier: str, name: str, link: str | None) -> None:
    assert (filters.identifier_name(identifier), filters.identifier_link(identifier)) == (name, link)


def test_a_hit_whose_words_stand_late_shows_its_best_sentence() -> None:
    late = "Filler. " * 50 + "Here the word stands."
    at = late.index("word")
    reasons = Reasons(sentence="Here the word stands.")
    hit = Hit(paper=paper(abstract=late), score=1.0, text_marks=(Span(at, at + 4),), reasons=reasons)
    shown = filters.excerpt(hit)
    assert shown and shown.text[shown.marks[0].start : shown.marks[0].end] == "word"
    early = Hit(paper=paper(abstract="A word."), score=1.0, text_marks=(Span(2, 6),), reasons=reasons)
    assert filters.excerpt(early) is None


def test_categories_have_names() -> None:
    assert (category_name("cs.CL"), category_name("I.2.7")) == ("Language", "I.2.7")


def test_an_address_keeps_the_question_and_drops_the_page() -> None:
    asked = Asked(q="a b", category="cs.CL", page=3)
    assert asked.but(sort="new") == "/search?q=a+b&category=cs.CL&sort=new"
    assert asked.but(page=2) == "/search?q=a+b&category=cs.CL&page=2"
    assert Asked().but() == "/search" and Asked().empty and not asked.empty


def test_names_without_letters_have_no_page() -> None:
    assert addresses.author_path("Jürgen Müller") == "/authors/jurgen-muller"
    assert addresses.author_path("???") is None


@given(st.dictionaries(st.integers(1900, 2100), st.integers(1, 10_000)))
def test_the_histogram_counts_every_paper_once(years: dict[int, int]) -> None:
    bars = pictures.histogram(Facets(years=tuple(years.items())).years)
    assert sum(bar.count for bar in bars) == sum(years.values())
    assert len(bars) <= 36 and all(0 <= bar.height <= 100 for bar in bars)
    assert all(before.last + 1 == after.first for before, after in pairwise(bars))


@given(st.dictionaries(st.text(max_size=5), st.floats(-10, 10)))
def test_shares_fill_the_bar(parts: dict[str, float]) -> None:
    pieces = pictures.shares(parts)
    assert {piece.name for piece in pieces} == {name for name, value in parts.items() if value > 0}
    assert not pieces or abs(sum(piece.width for piece in pieces) - 100) <= 0.1 * len(pieces)


@pytest.mark.parametrize("day", ["0001-01-31", "2024-02-29", "9999-12-01"])
def test_a_month_has_all_its_days(day: str) -> None:
    month = pictures.month(day[:7], [(day, 7), ("1800-01-01", 3)])
    cells = [cell for week in month.weeks for cell in week.days if cell]
    assert [cell.number for cell in cells] == list(range(1, len(cells) + 1)) and len(cells) in (28, 29, 30, 31)
    assert [(cell.day, cell.level) for cell in cells if cell.papers] == [(day, 4)]


def test_the_publishers_doi_comes_before_arxivs() -> None:
    known = paper(identifiers=("arxiv:1", "doi:10.48550/arxiv.1", "doi:10.1000/x"))
    assert metadata.cite_as(known) == "https://doi.org/10.1000/x"
    assert ("citation_doi", "10.1000/x") in metadata.highwire(known, "https://example.org/")


@given(st.text(max_size=200), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 20)), max_size=4))
def test_any_text_becomes_html_that_holds_no_tag_of_its_own(text: str, places: list[tuple[int, int]]) -> None:
    spans = tuple(Span(start, start + size) for start, size in sorted(places) if start + size <= len(text))
    assert "<script" not in maths(text, spans) and "<img" not in maths(text, spans)
