"""JSON lines in all their layouts, whole and resumed, sound and damaged."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest
import zstandard
from helpers import SHARED, lines, needs_shared, only, read, written

from broadsheet.errors import SourceError
from broadsheet.records import Author, Signal
from broadsheet.sources import recognise, sample
from broadsheet.text.normalise import best, fallback, title_identity

ARXIV = {
    "id": "2503.11731",
    "title": "Industrial-Grade  Sensor\n Simulation",
    "abstract": "Sensor simulation is pivotal.",
    "authors": ["Xianming Zeng", "Sicong Du"],
    "date": "2025-03-18",
    "venue": "arXiv",
    "categories": ["cs.CV", "cs.AI"],
    "doi": "10.1000/Sim",
    "url": "https://arxiv.org/abs/2503.11731",
}


def test_an_arxiv_record(tmp_path: Path) -> None:
    record = only(written(tmp_path, lines(ARXIV)))
    assert (record.source, record.scheme, record.own_id) == ("arxiv", "arxiv", "2503.11731")
    assert record.title == "Industrial-Grade Sensor Simulation"
    assert record.identifiers == ("arxiv:2503.11731", "doi:10.1000/sim")
    assert record.announced == record.date == "2025-03-18"
    assert record.categories == ("cs.CV", "cs.AI")
    assert record.links == {"page": "https://arxiv.org/abs/2503.11731"}
    assert record.authors == (Author("Xianming Zeng"), Author("Sicong Du"))


def test_a_conference_record_with_its_oddities(tmp_path: Path) -> None:
    record = only(
        written(
            tmp_path,
            lines(
                {
                    "id": "iclr2024:abcDEF",
                    "title": "T of a conference",
                    "date": 2024,
                    "venue": "ICLR 2024",
                    "status": "Desk Reject",
                    "keywords": "One;two; ;one",
                    "aff": "MIT;;ETH",
                    "rating_avg": [4.2, 3.4],
                    "citations": 25,
                    "url": "https://openreview.net/forum?id=abcDEF",
                    "arxiv": "1612.00496v2",
                    "github": "https://github.com/a/b",
                    "project": "javascript:alert(1)",
                    "tldr": "In short.",
                }
            ),
        )
    )
    assert (record.source, record.scheme, record.own_id) == ("conferences", "jsonl", "iclr2024:abcDEF")
    assert record.identifiers == ("openreview:abcDEF", "arxiv:1612.00496", fallback("jsonl", "iclr2024:abcDEF"))
    assert (record.date, record.announced, record.status) == ("2024", None, "rejected")
    assert record.keywords == ("One", "two", "one")
    assert record.links == {"page": "https://openreview.net/forum?id=abcDEF", "code": "https://github.com/a/b"}
    assert record.signals == (Signal("citations", "", 25.0, "conferences"),)
    assert record.note == "In short."


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Reject", "rejected"),
        ("Withdraw", "withdrawn"),
        ("Poster", "published"),
        ("Oral", "published"),
        (7, "published"),
    ],
)
def test_a_decision_marks_the_paper(tmp_path: Path, said: object, meant: str) -> None:
    assert only(written(tmp_path, lines({"id": "x2020:1", "title": "T", "status": said}))).status == meant


def test_an_acl_record(tmp_path: Path) -> None:
    record = only(
        written(
            tmp_path,
            lines(
                {
                    "id": "1952.earlymt-1.1",
                    "title": "Translation",
                    "date": "1952-06",
                    "venue": "earlymt",
                    "bibkey": "weaver-1952",
                    "url": "https://aclanthology.org/1952.earlymt-1.1",
                }
            ),
        )
    )
    assert (record.source, record.scheme, record.own_id) == ("acl", "acl", "1952.earlymt-1.1")
    assert record.identifiers == ("acl:1952.earlymt-1.1",)
    assert record.date == "1952-06"


def test_a_front_page_record_has_dated_signals(tmp_path: Path) -> None:
    record = only(
        written(
            tmp_path,
            lines(
                ARXIV
                | {"daily_date": "2025-03-20", "upvotes": 3, "num_comments": 0, "github_stars": 12, "citations": None}
                | {"github_repo": "https://github.com/a/b", "project_page": "https://a.example"}
            ),
        )
    )
    assert (record.source, record.scheme, record.announced) == ("front_page", "arxiv", "2025-03-20")
    assert record.date == "2025-03-18"
    assert {(s.kind, s.value, s.day) for s in record.signals} == {
        ("votes", 3.0, "2025-03-20"),
        ("comments", 0.0, "2025-03-20"),
        ("stars", 12.0, "2025-03-20"),
    }
    assert record.links["code"] == "https://github.com/a/b"
    assert record.links["project"] == "https://a.example"


def test_arxivs_own_snapshot(tmp_path: Path) -> None:
    record = only(
        written(
            tmp_path,
            lines(
                {
                    "id": "hep-th/9901001",
                    "submitter": "S",
                    "authors": "A. One, B. de Two",
                    "title": "A title that\n  was broken",
                    "comments": "This paper has been withdrawn by the author",
                    "doi": "10.1/a 10.1000/b",
                    "categories": "hep-th math.DG",
                    "license": "http://creativecommons.org/licenses/by/4.0/",
                    "abstract": "  We show\nthat.\n",
                    "versions": [
                        {"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"},
                        {"version": "v2", "created": "Tue, 3 Apr 2007 00:00:00 GMT"},
                    ],
                    "update_date": "2008-01-13",
                    "authors_parsed": [["One", "A.", ""], ["de Two", "B.", "Jr"], ["Collab", "", ""]],
                }
            ),
        )
    )
    assert (record.title, record.abstract) == ("A title that was broken", "We show that.")
    assert [a.name for a in record.authors] == ["A. One", "B. de Two Jr", "Collab"]
    assert (record.date, record.announced, record.updated) == ("2007-04-02", "2007-04-02", "2007-04-03")
    assert record.identifiers == ("arxiv:hep-th/9901001", "doi:10.1000/b")
    assert record.categories == ("hep-th", "math.DG")
    assert record.status == "withdrawn"


def test_a_sample_record_joins_its_conference_record(tmp_path: Path) -> None:
    item = {"title": "Barlow Twins", "summary": "A note.", "topics": ["a b"], "pages": [["000", 15], ["003", 9]]}
    record = only(written(tmp_path, lines(item | {"venue_id": "icml2021:site_5c", "acl_id": "P18-1001"})))
    conference = only(written(tmp_path, lines({"id": "icml2021:site_5c", "title": "Barlow Twins", "track": "main"})))
    assert record.source == "sample"
    assert (record.note, record.abstract, record.keywords) == ("A note.", None, ("a b",))
    assert set(record.identifiers) & set(conference.identifiers) == {fallback("jsonl", "icml2021:site_5c")}
    assert "acl:P18-1001" in record.identifiers
    assert [(s.kind, s.value, s.source) for s in record.signals] == [
        ("listed", 15.0, "page 000"),
        ("listed", 9.0, "page 003"),
    ]


def test_a_collection_whose_ids_are_mere_numbers_has_title_identities(tmp_path: Path) -> None:
    first, second = {"id": "1", "title": "One", "text": "A."}, {"id": "1", "title": "Other", "text": "B."}
    a = only(written(tmp_path, lines(first), "a"))
    b = only(written(tmp_path, lines(second), "b"))
    assert a.scheme == b.scheme == "title"
    assert a.own_id != b.own_id
    assert a.abstract == "A."
    assert a.identifiers == (fallback("title", title_identity("One", [], None)),)


def test_one_title_with_two_abstracts_is_kept_twice_as_one_paper(tmp_path: Path) -> None:
    records, _ = read(written(tmp_path, lines({"title": "Same", "text": "A."}, {"title": "Same", "text": "B."})))
    assert records[0].own_id != records[1].own_id
    assert records[0].identifiers == records[1].identifiers


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "not valid JSON"),
        ("[1]", "no JSON object"),
        ('{"id": "x:1"}', "no title"),
        ('{"id": "x:1", "title": " \\u0000 "}', "no title"),
        ('{"id": "x:1", "title": ["a"]}', "not a text but list"),
        ('{"id": "x:1", "title": "' + "a" * 2001 + '"}', "2,001 characters"),
        ('{"id": "x:1", "title": "a", "abstract": "' + "a" * 100_001 + '"}', "100,001 characters"),
        ('{"id": "' + "a" * 301 + '", "title": "a"}', "its id has 301"),
        ('{"title": "!?"}', "no letters or digits"),
        ('{"id": "x", "title": "a", "versions": []}', "no arXiv id"),
        ('{"id": "x:1", "title": "\\ud800"}', "not valid JSON"),
        ("[" * 5000, "not valid JSON"),
        ('{"id": "x:1", "title": "caf\udce9"}', "not valid JSON"),
    ],
)
def test_a_bad_line_is_set_aside_with_its_place_and_reason(tmp_path: Path, line: str, reason: str) -> None:
    content = lines(ARXIV).encode() + line.encode("utf-8", "surrogateescape") + b"\n\n" + lines(ARXIV).encode()
    records, aside = read(written(tmp_path, content))
    assert len(records) == 2
    assert len(aside) == 1
    assert aside[0].where.endswith(", line 2")
    assert reason in aside[0].reason
    assert len(aside[0].excerpt) <= 200
    assert aside[0].excerpt.isprintable()


def test_nothing_that_a_database_refuses_gets_through(tmp_path: Path) -> None:
    item = {
        "id": "a\x00b:1",
        "title": "T\x00i\x07tle\u202e",
        "abstract": "\x00A\nb\x1b[31m",
        "authors": ["X\x00Y", 3, ""],
    }
    record = only(written(tmp_path, lines(item)))
    assert (record.own_id, record.title, record.abstract) == ("ab:1", "Title", "A\nb[31m")
    assert record.authors == (Author("XY"),)


@pytest.mark.parametrize("value", ["2025-13-45", "soon", -1, 0, 99999, "20250101", True, None, [2025], "2025-02-30"])
def test_what_is_no_date_is_no_date(tmp_path: Path, value: object) -> None:
    assert only(written(tmp_path, lines({"id": "x:1", "title": "T", "date": value}))).date is None


@pytest.mark.parametrize("value", [float("1e400"), -3, "5", True, None, [1]])
def test_what_is_no_count_is_no_signal(tmp_path: Path, value: object) -> None:
    content = lines({"id": "x:1", "title": "T", "citations": value}).replace("Infinity", "1e400")
    records, aside = read(written(tmp_path, content))
    assert len(records) + len(aside) == 1
    assert all(record.signals == () for record in records)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, lzma.compress, zstandard.ZstdCompressor().compress])
def test_compressed_files_resume_exactly(tmp_path: Path, compress: object) -> None:
    assert callable(compress)
    items = [{"id": f"x:{number}", "title": f"Title {number}"} if number % 7 else {"id": 0} for number in range(1200)]
    source = recognise(written(tmp_path, compress(lines(*items).encode()), "some.name"))
    batches = list(source.harvest(None))
    assert [len(batch.records) + len(batch.set_aside) for batch in batches] == [500, 500, 200]
    assert batches[-1].cursor == "entry:1200 done"
    assert batches[-1].done == 1.0
    assert all(0 <= (batch.done or 0) <= 1 for batch in batches)
    for at, batch in enumerate(batches):
        assert list(source.harvest(batch.cursor)) == batches[at + 1 :]


def test_the_cursor_belongs_to_the_content(tmp_path: Path) -> None:
    one, two = written(tmp_path, lines(ARXIV), "a"), written(tmp_path, lines(ARXIV), "b")
    other = written(tmp_path, lines(ARXIV, ARXIV), "c")
    assert recognise(one).cursor_name == recognise(two).cursor_name != recognise(other).cursor_name
    assert recognise(one).cursor_name.startswith("file:")


def test_a_truncated_file_gives_what_it_has_and_then_says_so(tmp_path: Path) -> None:
    items = [{"id": f"x:{number}", "title": f"Title {number * 7919}"} for number in range(200_000)]
    content = zstandard.ZstdCompressor().compress(lines(*items).encode())
    source = recognise(written(tmp_path, content[: len(content) // 2]))
    got = 0
    with pytest.raises(SourceError, match="damaged after"):
        for batch in source.harvest(None):
            got += len(batch.records)
            assert "done" not in batch.cursor
    assert got > 1000


def test_a_line_of_many_mebibytes_is_set_aside_without_being_kept(tmp_path: Path) -> None:
    bomb = gzip.compress(lines(ARXIV).encode() + b"x" * (40 << 20) + b"\n" + lines(ARXIV).encode())
    records, aside = read(written(tmp_path, bomb))
    assert len(records) == 2
    assert "longer than 16 MiB" in aside[0].reason


def test_the_packaged_sample_is_read_whole() -> None:
    notes, facts = ([*map(str, sample.files())], [read(path) for path in sample.files()])
    assert all(name.endswith(".jsonl.zst") for name in notes)
    (first, none), (second, nothing) = facts
    assert (none, nothing) == ([], [])
    assert len(first) == 632
    assert all(record.note and record.abstract is None for record in first)
    assert 5_000 < len(second) < 5_200
    assert all(record.announced and record.signals for record in second)


@needs_shared
@pytest.mark.parametrize(
    ("name", "least"),
    [("front_pages", 9_124), ("conferences", 3_000), ("acl_anthology", 3_000), ("arxiv_history", 3_000)],
)
def test_real_files_have_no_bad_record(name: str, least: int) -> None:
    count = 0
    for batch in recognise(SHARED / "papers" / f"{name}.jsonl.zst").harvest(None):
        assert batch.set_aside == ()
        count += len(batch.records)
        assert all(best(record.identifiers) for record in batch.records)
        if count >= least:
            break
    assert count >= least
