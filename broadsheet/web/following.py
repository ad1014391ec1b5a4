"""What the list at an address would be as a follow: pure, for the button that every list has."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote

from broadsheet.records import Follow


def followable(path: str, query: str) -> Follow | None:
    """Return what the list at an address would be as a follow; None where there is no list."""
    first, _, rest = path.strip("/").partition("/")
    asked = parse_qs(query)
    if first in ("", "date", "new", "trending", "week", "month"):
        return _as_follow("front", "", "Trending papers")
    if first in ("authors", "venues") and rest:
        kind = first.removesuffix("s")
        return _as_follow(kind, unquote(rest), f"This {kind}")
    if first == "topics" and rest:
        return _as_follow("concept", unquote(rest), "This topic")
    if first == "similar" and asked.get("id") and not (asked.get("more") or asked.get("less")):
        names = [*asked["id"], *(f"-{name}" for name in asked.get("not", ()))]
        return _as_follow("like", " ".join(names), "Papers like these")
    if first == "search":
        text = _as_query(asked)
        return _as_follow("search", text, text) if text else None
    if first == "shelves":
        return _as_follow("shelf", unquote(rest), "This shelf")
    if first == "shelf" and rest.isdigit():
        return _as_follow("like-shelf", rest, "Papers like this shelf")
    return _as_follow("like-shelf", "", "Papers like my shelf") if first == "shelf" else None


def _as_follow(kind: Any, text: str, name: str) -> Follow:
    return Follow(id=0, reader=0, kind=kind, text=text, name=name)


def _as_query(asked: dict[str, list[str]]) -> str:
    """Return what was asked as one query, filters chosen beside the box included; dates are left out."""
    parts = asked.get("q", [])[:1] + [f"cat:{name}" for name in asked.get("category", [])]
    return " ".join([*parts, *(f'venue:"{name}"' for name in asked.get("venue", []))]).strip()
