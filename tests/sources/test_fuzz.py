"""Damaged and hostile files of every format: nothing but SourceError, and every entry that is refused has a reason."""

from __future__ import annotations

import tempfile
import unicodedata
from pathlib import Path

import orjson
import pytest
from helpers import lines, written
from hypothesis import given, settings
from hypothesis import strategies as st
from test_jsonl import ARXIV
from test_pages import GLUED, PAGE, WIDE
from test_references import ACL, BIBTEX, RIS

from broadsheet.errors import SourceError
from broadsheet.records import SourceRecord, day_range
from broadsheet.sources import recognise
from broadsheet.text.normalise import best, is_front_matter

CSL = (
    '[{"id": "1", "type": "book", "title": "T", "author": [{"family": "A", "given": "B"}], "issued": {"raw": "2020"}}]'
)
SEEDS = {
    "jsonl": lines(ARXIV, {"id": "x:1", "title": "T", "keywords": "a;b", "citations": 3}, {"title": "No id"}),
    "bibtex": BIBTEX,
    "ris": RIS,
    "csl": CSL,
    "acl": ACL,
    "page": WIDE,
    "glued page": GLUED,
    "html": PAGE,
}
GARBAGE = [
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"{" * 3000, b"[" * 3000, b"<a>" * 3000, b"\\", b"$", b'"', b"}", b"\n", b"\r",
    b"&lol;", b"<!DOCTYPE x [", b"@article{", b"TY  - ", b"ER  - ", b"\xe2\x80\xae", b"%",
    b"\xf0\x9f\x98\x80", b"and ", b",",
]  # fmt: skip


def harvested(content: bytes) -> list[SourceRecord]:
    """Read a file as far as it can be read, checking what the store relies on."""
    with tempfile.TemporaryDirectory() as folder:
        records: list[SourceRecord] = []
        try:
            for batch in recognise(written(Path(folder), content)).harvest(None):
                records += batch.records
                for aside in batch.set_aside:
                    assert aside.where
                    assert aside.reason
                    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in aside.excerpt)
        except SourceError as error:
            assert str(error)
    for record in records:
        checked(record)
    return records


def checked(record: SourceRecord) -> None:
    assert record.title == " ".join(record.title.split()) != ""
    assert len(record.title) <= 2_000
    assert record.identifiers or is_front_matter(record.title)
    assert not record.identifiers or best(record.identifiers)
    content = repr(record)
    assert "\\x00" not in content
    content.encode()
    "".join([record.title, record.abstract or "", record.own_id]).encode()
    for date in (record.date, record.updated, record.announced):
        assert date is None or day_range(date)
    assert all(link.lower().startswith(("http://", "https://")) for link in record.links.values())


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(SEEDS[draw(st.sampled_from(sorted(SEEDS)))].encode())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.integers(0, 4)):
            case 0:
                del content[at:]
            case 1 if content:
                content[at] ^= 1 << draw(st.integers(0, 7))
            case 2:
                content[at:at] = draw(st.sampled_from(GARBAGE))
            case 3:
                del content[at : at + draw(st.integers(1, 40))]
            case _:
                content[at:at] = content[at : at + draw(st.integers(1, 200))]
    return bytes(content)


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_mutated_files_raise_nothing_but_source_errors(content: bytes) -> None:
    harvested(content)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.text(st.characters(exclude_categories=()), max_size=400)))
def test_any_bytes_raise_nothing_but_source_errors(content: bytes | str) -> None:
    harvested(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
FIELDS = """id title abstract text authors date venue categories keywords url pdf doi arxiv status track daily_date
    upvotes num_comments citations github project comment license summary pages topics venue_id arxiv_id acl_id
    authors_parsed versions update_date comments type author issued DOI URL container-title custom"""


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS.split()), VALUES, max_size=8), st.booleans())
def test_any_value_in_any_field_is_read_or_set_aside(item: dict[str, object], as_csl: bool) -> None:
    try:
        content = orjson.dumps({"id": "x:1", "title": "T"} | item)
    except (orjson.JSONEncodeError, TypeError):
        return
    harvested(b"[" + content + b"]" if as_csl else content + b"\n" + content)


@pytest.mark.parametrize(
    "content",
    [
        b"@article{k, title = {" + b"{" * 2000 + b"x" + b"}" * 2000 + b"}}",
        b"@article{k, title = {" + rb"\textbf{" * 500 + b"x" + b"}" * 500 + b"}}",
        b"@article{k, title = {" + b"$" * 3001 + b"}}",
        b"@article{k, author = {" + b"a and " * 5000 + b"}, title={T}}",
        b"@article{k, title = {x" + b"\\" * 999 + b"}}",
        b"<!DOCTYPE html><html>" + b"<div>" * 20_000 + b"<h2>x</h2>",
        b"<html><body data-props='" + b"[" * 5000 + b"'><article><h3>x</h3></article></body></html>",
        b"<collection id='x'><volume id='1'>" + b"<paper>" * 5000,
        b"<collection id='P18'><volume id='1'><paper id='1'><title>" + b"<i>" * 250 + b"x" + b"</i>" * 250
        + b"</title></paper></volume></collection>",
        b"TY  - JOUR\nTI  - " + b"x" * 3_000_000 + b"\nER  - \n",
        b'[{"title": "' + b"x" * 3_000_000 + b'"}]',
        b"Get trending papers in your email inbox\n" + b"Title\n" * 20_000,
        b"Get trending papers in your email inbox\nTitle\n" + b"a. B" * 300_000,
    ],
    ids=range(13),
)  # fmt: skip
def test_files_made_to_hurt(content: bytes) -> None:
    harvested(content)
