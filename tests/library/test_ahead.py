"""A file read by a child process: the same papers, the same counts, the same complaint."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from broadsheet.library import Library, ahead
from broadsheet.settings import Settings


def added(home: Path, file: Path) -> tuple[dict[str, Any], list[str]]:
    with Library(Settings(home=home)) as library:
        report = library.add([file], refresh=False)
        return report, [paper.title for paper in library.store.papers(library.store.keys(0, 10_000))]


def test_a_child_brings_what_this_process_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"id": f"own{n}", "title": f"Read Ahead {n}", "date": "2026-11-20"}) for n in range(600)]
    content = gzip.compress("\n".join([*lines, "no paper"]).encode())
    (whole := tmp_path / "whole.jsonl.gz").write_bytes(content)
    (cut := tmp_path / "cut.jsonl.gz").write_bytes(content[:-20])
    here = [added(tmp_path / file.name[:3], file) for file in (whole, cut)]
    monkeypatch.setattr(ahead, "_LARGE", 0)
    assert [added(tmp_path / f"child-{file.name}", file) for file in (whole, cut)] == here
    assert (here[0][0]["new"], here[0][0]["set_aside"]) == (600, 1)
    assert "damaged" in here[1][0]["failed"][0]["reason"]
