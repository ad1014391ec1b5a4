"""Words and vectors of papers as files: built aside, published atomically, opened read-only.

This module is light; `build`, `snapshot` and `holder` import the engines.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from broadsheet.errors import DamagedSnapshot, NoSnapshot
from broadsheet.index.entry import MISSING_DAY, Entry
from broadsheet.index.files import current
from broadsheet.index.manifest import Manifest

__all__ = ["MISSING_DAY", "Entry", "current", "describe"]


def describe(folder: Path) -> dict[str, Any] | None:
    """Return the current snapshot's change number, papers, encoder, concepts and bytes.

    None where there is none whose manifest this program can read: the next refresh builds it anew.
    """
    path = current(folder)
    if path is None:
        return None
    try:
        manifest = Manifest.read(path)
    except (DamagedSnapshot, NoSnapshot):
        return None
    return {
        "change": manifest.change,
        "papers": manifest.papers,
        "encoder": manifest.encoder_id,
        "concepts": manifest.concepts,
        "bytes": manifest.bytes,
        "second": _second(manifest),
    }


def _second(manifest: Manifest) -> dict[str, Any] | None:
    if not manifest.second_id:
        return None
    papers = manifest.second_papers
    return {"encoder": manifest.second_id, "papers": papers, "share": round(papers / max(manifest.papers, 1), 4)}
