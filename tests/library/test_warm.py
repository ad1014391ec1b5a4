"""What a server does before its first reader asks."""

from __future__ import annotations

import gc
import json
import time
import weakref
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from broadsheet import Library
from broadsheet.app import create
from broadsheet.errors import NoSnapshot
from broadsheet.settings import Settings


def _filled(home: Path) -> Settings:
    paper = {"id": "2401.00001", "title": "Graph neural networks", "abstract": "Messages pass.", "date": "2024-01-10"}
    (home / "papers.jsonl").write_text(json.dumps(paper))
    with Library(Settings(home=home)) as library:
        library.add([home / "papers.jsonl"])
        library.refresh()
    return Settings(home=home)


def test_what_searches_need_is_loaded_when_a_server_starts(tmp_path: Path) -> None:
    app = create(_filled(tmp_path))
    library: Library = app.state.library
    with TestClient(app, base_url="http://localhost"):
        for _ in range(1_000):
            if "encoder" in library.snapshot.__dict__:
                break
            time.sleep(0.01)
        assert "encoder" in library.snapshot.__dict__


def test_a_snapshot_that_is_exchanged_is_freed_though_the_program_is_kept_from_the_collector(tmp_path: Path) -> None:
    app = create(_filled(tmp_path))
    library: Library = app.state.library
    try:
        with TestClient(app, base_url="http://localhost"):
            assert gc.get_freeze_count()
            masks = weakref.ref(library.snapshot._masks)  # holds itself, as what remembers answers does
        gc.collect()
        assert masks() is None
    finally:
        gc.unfreeze()


def test_a_server_without_an_index_starts(tmp_path: Path) -> None:
    with Library(Settings(home=tmp_path)) as library, pytest.raises(NoSnapshot):
        library.warm()
    with TestClient(create(Settings(home=tmp_path)), base_url="http://localhost") as client:
        assert client.get("/healthz").status_code == 200
