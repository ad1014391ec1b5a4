"""A library becomes a shelf: by page, by command's method, from Zotero; what is not here waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import desk
import pytest

from broadsheet.errors import InputError, SourceError
from broadsheet.library import Library, importing
from broadsheet.records import Batch, Reader
from broadsheet.sources.zotero import record

BIBTEX = b"""@article{one, title = {A Theory of Paper Boats}, eprint = {2603.00002}, archiveprefix = {arXiv}}
@article{two, title = {Something That Is Not Here}, author = {Byron, Ada}, year = 2025}
@article{three, note = {no title at all}}
"""
RIS = b"TY  - JOUR\nTI  - Paper Hats and Their Uses\nDO  - 10.48550/arXiv.2603.00003\nPY  - 2026\nER  - \n"
CSL = json.dumps([{"title": "On the Folding of Paper Cranes", "URL": "https://arxiv.org/abs/2603.00001"}]).encode()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with desk.library(tmp_path / "home") as library:
        yield library


@pytest.fixture
def reader(library: Library) -> Reader:
    found = library.local_reader()
    assert found is not None
    return found


def _titles(library: Library, reader: Reader) -> list[str]:
    return sorted(paper.title for paper, _ in library.shelf(reader))


@pytest.mark.parametrize(
    ("content", "title"),
    [
        (BIBTEX, "A Theory of Paper Boats"),
        (RIS, "Paper Hats and Their Uses"),
        (CSL, "On the Folding of Paper Cranes"),
    ],
)
def test_a_file_becomes_a_shelf(library: Library, reader: Reader, content: bytes, title: str) -> None:
    found = library.import_text(reader, content, name="C:\\papers\\my library.bib")
    assert (found.shelf, found.matched, found.saved) == ("my library", 1, 1)
    assert _titles(library, reader) == [title]
    assert library.import_text(reader, content, name="my library.bib").saved == 0


def test_what_is_not_here_waits_and_joins_when_it_comes(library: Library, reader: Reader) -> None:
    found = library.import_text(reader, BIBTEX, shelf="Later")
    assert (found.records, len(found.missing), len(found.set_aside)) == (2, 1, 1)
    assert "1 of 2 references are papers here" in found.words and "1 could not be read" in found.words
    assert [(shelf, one.title) for shelf, one in library.missing(reader)] == [("Later", "Something That Is Not Here")]
    come = desk.paper("arxiv:2603.00010", title="Something that is not here", authors=(), date="2025")
    library.join_missing()
    assert not library.joining_due
    library.store.add(Batch((come,), "2"), cursor_name="file:2", source="test", now=desk.NOW)
    with desk.browser(library) as browser:
        assert "Something That Is Not Here" in browser.get("/shelf").text
    assert len(library.missing(reader)) == 1  # looking writes nothing: the loop does
    assert library.joining_due
    assert library.join_missing() == {"joined": 1}
    assert library.missing(reader) == [] and not library.joining_due
    assert _titles(library, reader) == ["A Theory of Paper Boats", "Something that is not here"]


def test_by_the_page(library: Library, reader: Reader) -> None:
    with desk.browser(library) as browser:
        token = desk.token(browser, "/shelf/import")
        answer = browser.post(
            "/shelf/import",
            data={"csrf": token, "shelf": "Über <b>"},
            files={"file": ("x.bib", BIBTEX, "application/x-bibtex")},
        )
        assert answer.status_code == 303
        page = browser.get("/shelf").text
        assert "1 of 2 references are papers here" in page and "Something That Is Not Here" in page
        assert "Über &lt;b&gt;" in page
        for sent, status in (({"csrf": token}, 422), ({"csrf": "x"}, 403)):
            files = {"file": ("x", b"\x89PNG\r\n", "image/png")}
            assert browser.post("/shelf/import", data=sent, files=files).status_code == status
        assert browser.post("/shelf/import", data={"csrf": token}).status_code == 400
        empty = browser.post("/shelf/import", data={"csrf": token}, files={"file": ("x", b"", "text/plain")})
        assert empty.status_code == 422
    with desk.browser(library, local=False) as nobody:
        assert nobody.get("/shelf/import").status_code == 403


def test_nothing_is_read_of_those_who_are_not_known(library: Library) -> None:
    with desk.browser(library, local=False) as browser:
        assert browser.post("/shelf/import", files={"file": ("x.bib", b"x" * (17 << 20))}).status_code in (401, 403)


def test_bounds_are_said(library: Library, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_RECORDS", 1)
    with pytest.raises(InputError, match="more than"):
        library.import_text(reader, BIBTEX)
    with pytest.raises(SourceError):
        library.import_text(reader, b"no such format")


ITEMS: list[dict[str, Any]] = [
    {"itemType": "preprint", "title": "A Theory of Paper Boats", "extra": "arXiv: 2603.00002 [cs]", "date": "2026-03"},
    {
        "itemType": "journalArticle",
        "title": "Not Here At All Yet",
        "creators": [{"creatorType": "author", "name": "X Y"}],
    },
    {"itemType": "attachment", "title": "A PDF"},
    {"itemType": "book", "title": ""},
]


class _Zotero(BaseHTTPRequestHandler):
    """Answers as Zotero's Web API v3 does, two items a page."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        start = int(parse_qs(url.query).get("start", ["0"])[0])
        if url.path != "/api/groups/12/items/top":
            self.send_error(404)
            return
        shown = [{"key": f"K{n}", "data": item} for n, item in enumerate(ITEMS)][start : start + 2]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if start + 2 < len(ITEMS):
            self.send_header("Link", f'<{self.server.base}{url.path}?limit=2&start={start + 2}>; rel="next"')  # type: ignore[attr-defined]
        self.end_headers()
        self.wfile.write(json.dumps(shown).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def zotero() -> Iterator[str]:
    pytest.importorskip("pyzotero")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Zotero)
    server.base = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{server.base}/api"  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def test_a_zotero_library_becomes_a_shelf(library: Library, reader: Reader, zotero: str) -> None:
    found = library.import_zotero(reader, "groups/12", endpoint=zotero)
    assert (found.shelf, found.records, found.matched, len(found.set_aside)) == ("Zotero", 2, 1, 1)
    assert _titles(library, reader) == ["A Theory of Paper Boats"]
    assert [one.title for _, one in library.missing(reader)] == ["Not Here At All Yet"]
    with pytest.raises(SourceError, match="could not be read"):
        library.import_zotero(reader, "groups/13", endpoint=zotero)


def test_a_zotero_library_has_a_name(library: Library, reader: Reader) -> None:
    for wrong in ("", "12", "users/x", "users/", "other/12"):
        with pytest.raises(SourceError, match="users/NUMBER"):
            library.import_zotero(reader, wrong)


def test_what_an_item_says() -> None:
    made = record(
        {
            "title": "T One Two Three",
            "creators": [
                {"creatorType": "author", "firstName": "Ada", "lastName": "Lovelace"},
                {"creatorType": "editor", "name": "Nobody"},
            ],
            "DOI": "10.1000/X",
            "proceedingsTitle": "Proc.",
            "date": "2020-05-01",
            "url": "https://example.org/a",
        }
    )
    assert [author.name for author in made.authors] == ["Ada Lovelace"]
    assert made.identifiers == ("doi:10.1000/x",) and made.venue == "Proc." and made.date == "2020-05-01"
