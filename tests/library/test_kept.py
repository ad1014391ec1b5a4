"""Answers that are kept: as good as made anew, whoever writes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broadsheet.library import Library
from broadsheet.records import Batch, SourceRecord
from broadsheet.settings import Settings
from broadsheet.store.fronts import Fronts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def paper(number: int) -> Batch:
    record = SourceRecord(
        source="arxiv",
        scheme="arxiv",
        own_id=f"2611.0000{number}",
        title=f"Kept Paper {number}",
        date="2026-11-20",
    )
    return Batch((record,), str(number))


def test_a_front_page_is_made_once_until_anybody_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    between = Fronts.between

    def counted(self: Fronts, *days: Any) -> Any:
        asked.append(days)
        return between(self, *days)

    monkeypatch.setattr(Fronts, "between", counted)
    settings = Settings(home=tmp_path)
    with Library(settings, clock=lambda: NOW) as library, Library(settings, clock=lambda: NOW) as other:
        library.store.add(paper(1), cursor_name="file:1", source="front_page", now=NOW)
        assert library.front() == library.front()
        assert len(asked) == 1
        other.store.add(paper(2), cursor_name="file:2", source="front_page", now=NOW)
        assert len(library.front().papers) == 2
        first = library.store.keys(0, 1)[0]
        library.store.fronts.expect({first: 5.0})  # its own writes, too
        assert library.front().papers[0].key == first
