"""Saved result pages, in text and HTML: every title and abstract whole, none invented."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
from helpers import SHARED, needs_shared, only, read, written

from broadsheet.errors import SourceError
from broadsheet.records import Signal
from broadsheet.sources import recognise

HEADER = ["new", "Get trending papers in your email inbox!", "Subscribe", "byAK and the research community", "Mar 14"]
ABSTRACT = "We study a problem that matters. Our method is 5.2times faster than ell_2 baselines. " * 6
PAPERS = [
    ("Attention or ....", ABSTRACT.strip()),
    (
        "Musika! Fast Infinite Waveform Music Generation",
        "Short but real. " * 14 + "It ends with a link https://a.example",
    ),
    ("A Second Title: With a Colon?", "Texttt{D}ual. " + ABSTRACT.strip()),
    ("Attention or ....", "Another abstract under the same title. " + ABSTRACT.strip()),
]
FLAT = [line for paper in PAPERS for line in paper]
WIDE = "\n\n".join([*HEADER, *FLAT])
GLUED = "\n".join(["Get trending papers in your email inbox once a day!", HEADER[1], "Subscribe" + FLAT[0], *FLAT[1:]])


@pytest.mark.parametrize(
    "content", [WIDE, GLUED, WIDE.replace("\n", "\r\n"), "\n".join(HEADER) + "\n" + "\n".join(FLAT)]
)
def test_both_layouts_give_titles_and_abstracts_whole_and_in_order(tmp_path: Path, content: str) -> None:
    records, aside = read(written(tmp_path, content))
    assert aside == []
    assert [(record.title, record.abstract) for record in records] == PAPERS
    assert [record.signals for record in records] == [(Signal("listed", "", rank, "page"),) for rank in (1, 2, 3, 4)]
    assert all(record.announced is None and record.date is None for record in records)


def test_the_same_title_with_another_abstract_is_another_record_of_one_paper(tmp_path: Path) -> None:
    records, _ = read(written(tmp_path, WIDE))
    assert records[0].own_id != records[3].own_id
    assert records[0].identifiers == records[3].identifiers != records[2].identifiers


def test_a_page_without_its_masthead_is_known_by_its_shape(tmp_path: Path) -> None:
    assert len(read(written(tmp_path, "\n".join(FLAT)))[0]) == 4


def test_what_stands_alone_is_set_aside_and_joined_to_nothing(tmp_path: Path) -> None:
    content = "\n\n".join([*HEADER, "A heading", *FLAT[:2], ABSTRACT + "An orphan.", *FLAT[2:4], "Last title"])
    records, aside = read(written(tmp_path, content))
    assert [(record.title, record.abstract) for record in records] == PAPERS[:2]
    assert [(one.where.split(", ")[1], one.reason) for one in aside] == [
        ("line 11", "a line without an abstract after it"),
        ("line 17", "a paragraph without a title before it"),
        ("line 23", "a line without an abstract after it"),
    ]


def test_lines_broken_at_a_width_are_joined_again(tmp_path: Path) -> None:
    words = ABSTRACT.split()
    broken = "\n".join(" ".join(words[at : at + 9]) for at in range(0, len(words), 9))
    records, _ = read(written(tmp_path, "\n\n".join([*HEADER, "A Title", broken])))
    assert [(record.title, record.abstract) for record in records] == [("A Title", ABSTRACT.strip())]


@needs_shared
@pytest.mark.parametrize(("name", "count"), [("000", 77), ("001", 59), ("003", 233)])
def test_the_real_pages(name: str, count: int) -> None:
    (path,) = (SHARED / "pages").glob(f"{name}_*.txt")
    records, aside = read(path)
    assert aside == []
    sample = [json.loads(line) for line in (SHARED / "sample.jsonl").read_text(encoding="utf-8").splitlines()]
    listed = sorted((at, item["title"]) for item in sample for page, at in item["pages"] if page == name)
    assert [record.title for record in records] == [title for _, title in listed]
    assert len(records) == count
    content = path.read_text(encoding="utf-8")
    assert all(record.abstract and record.abstract in content for record in records)
    used = sum(len(record.title) + len(record.abstract or "") for record in records)
    assert len("".join(content.split("\n"))) - used < 200


ARTICLES = "".join(
    f'<article><a href="/papers/2501.0000{at}"><img src="x"></a><h3><a href="/papers/2501.0000{at}">'
    f"{html.escape(title)}</a></h3><p>4 authors</p><p>{html.escape(text)}</p></article>"
    for at, (title, text) in enumerate(PAPERS, 1)
)
PAGE = f"<!DOCTYPE html><html><body><h1>Trending Papers</h1><p>Get them in your email.</p>{ARTICLES}</body></html>"


def test_articles_of_an_html_page(tmp_path: Path) -> None:
    records, aside = read(written(tmp_path, PAGE))
    assert aside == []
    assert [(record.title, record.abstract) for record in records] == PAPERS
    assert [record.identifiers for record in records] == [(f"arxiv:2501.0000{at}",) for at in (1, 2, 3, 4)]
    assert [record.signals[0].value for record in records] == [1, 2, 3, 4]


def test_headings_with_paragraphs_of_an_html_page(tmp_path: Path) -> None:
    body = "".join(f"<div><h2>{title}</h2></div><div><p>{text}</p></div>" for title, text in PAPERS)
    records, _ = read(written(tmp_path, f"<html><body>{body}</body></html>"))
    assert [(record.title, record.abstract) for record in records] == PAPERS


def test_data_of_an_html_page(tmp_path: Path) -> None:
    paper = {"id": "2501.00001", "title": "From data", "summary": "We\nshow.", "authors": [{"name": "A. One"}]}
    data = json.dumps({"dailyPapers": [{"title": "From data", "summary": "x", "paper": paper}, {"paper": paper}]})
    record = only(written(tmp_path, f'<html><div data-props="{html.escape(data)}"></div>{ARTICLES}</html>'))
    assert (record.title, record.abstract, record.identifiers) == ("From data", "We show.", ("arxiv:2501.00001",))
    assert record.authors[0].name == "A. One"


def test_an_html_page_without_papers_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="without papers"):
        read(written(tmp_path, "<html><body><h1>Hello</h1><p>World</p></body></html>"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"  \n\0 ", "is empty"),
        (b"%PDF-1.7 x", "is a PDF"),
        (b"\x89PNG\r\n", "a picture"),
        (b"PK\x03\x04", "zip archive"),
        (bytes(range(256)) * 40, "no text"),
        (b"name,age\nx,1\n", "JSON lines"),
        (b"# Readme\n\nThis is a program.\n", "no known format"),
        (b"<svg xmlns='x'/>", "no known format"),
        (b"\x28\xb5\x2f\xfdgarbage", "damaged"),
        (b"\x1f\x8bgarbage", "damaged"),
    ],
)
def test_what_is_no_papers_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        recognise(written(tmp_path, content, "papers.jsonl"))


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        recognise(tmp_path / "absent")
    with pytest.raises(SourceError, match="is a folder"):
        recognise(tmp_path)
