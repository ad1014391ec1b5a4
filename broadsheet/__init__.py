"""Broadsheet: the self-hosted daily paper for research papers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from broadsheet.library import Library as Library

__all__ = ["Library", "now"]
__version__ = "0.1.0"


def now() -> datetime:
    """Return the present moment in UTC: the clock that a Library has unless it is given another."""
    return datetime.now(UTC)


def __getattr__(name: str) -> Any:
    # Lazily, so that `broadsheet --help` does not load the store and the engine.
    if name != "Library":
        raise AttributeError(f"module 'broadsheet' has no attribute {name!r}")
    from broadsheet.library import Library

    return Library
