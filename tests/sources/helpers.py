"""What the tests of sources share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from broadsheet.records import Batch, SetAside, SourceRecord
from broadsheet.sources import recognise

SHARED = Path(__file__).parents[2].parent / "shared"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="../shared, the data beside the repository, is absent")


def written(folder: Path, content: str | bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(*items: Mapping[str, Any]) -> str:
    return "".join(json.dumps(item) + "\n" for item in items)


def read(path: Path, since: str | None = None) -> tuple[list[SourceRecord], list[SetAside]]:
    return split(list(recognise(path).harvest(since)))


def split(batches: list[Batch]) -> tuple[list[SourceRecord], list[SetAside]]:
    assert all(len(batch.records) + len(batch.set_aside) <= 500 for batch in batches)
    return [r for batch in batches for r in batch.records], [a for batch in batches for a in batch.set_aside]


def only(path: Path) -> SourceRecord:
    records, aside = read(path)
    assert aside == []
    assert len(records) == 1
    return records[0]
