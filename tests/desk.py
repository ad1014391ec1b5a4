"""A real library of a few papers in a home of its own, its readers, and browsers that log in as them."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from broadsheet.app import create
from broadsheet.library import Library
from broadsheet.records import Batch, SourceRecord
from broadsheet.settings import Settings

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
CRANES, BOATS, HATS = "arxiv:2603.00001", "arxiv:2603.00002", "arxiv:2603.00003"
_TITLES = {
    CRANES: "On the Folding of Paper Cranes",
    BOATS: "A Theory of Paper Boats",
    HATS: "Paper Hats and Their Uses",
}


def library(home: Path, **settings: Any) -> Library:
    """Open a library with three papers of one day."""
    shutil.copytree(_stocked(), home, dirs_exist_ok=True)
    return Library(Settings(home=home, **settings), clock=lambda: NOW)


@cache
def _stocked() -> Path:
    """Make the home that all others are copies of: migrations take longer than most tests."""
    home = Path(tempfile.mkdtemp(prefix="broadsheet-desk-"))
    atexit.register(shutil.rmtree, home)
    with Library(Settings(home=home), clock=lambda: NOW) as library:
        batch = Batch(tuple(paper(identifier) for identifier in _TITLES), "1")
        library.store.add(batch, cursor_name="file:1", source="test", now=NOW)
    return home


def paper(identifier: str, **more: Any) -> SourceRecord:
    """Return the record of one of the three papers."""
    fields = {"title": _TITLES.get(identifier, identifier), "identifiers": (identifier,), "date": "2026-03-13", **more}
    fields.setdefault("abstract", f"What is known about {fields['title']}.")
    return SourceRecord(source="arxiv", scheme="arxiv", own_id=identifier.partition(":")[2], **fields)


def browser(library: Library, *, local: bool = True, host: str = "localhost", **headers: str) -> TestClient:
    """Return a browser on the application over a library."""
    app = create(library.settings, library=library, local=local)
    return TestClient(
        app, base_url=f"http://{host}", follow_redirects=False, headers={"Accept": "text/html", **headers}
    )


def token(browser: TestClient, address: str = "/") -> str:
    """Return the token of the forms of a page, or nothing where it has none."""
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get(address).text)
    return found[1] if found else ""


def send(browser: TestClient, address: str, *, page: str = "/", **fields: str) -> Any:
    """Send a form as the page of ours that it stands on would."""
    return browser.post(address, data={"csrf": token(browser, page), **fields})
