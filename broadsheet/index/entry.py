"""What the index keeps of a paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from broadsheet.records import Paper, day_range

MISSING_DAY = -(2**31)
_EPOCH = date(1970, 1, 1)


def day_number(day: str) -> int:
    """Return the days from 1970-01-01 to an ISO day."""
    return (date.fromisoformat(day) - _EPOCH).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A paper as the index takes it in; days count from 1970-01-01, MISSING_DAY where the paper has no date."""

    key: int
    title: str
    text: str = ""
    authors: tuple[str, ...] = ()
    first_day: int = MISSING_DAY
    last_day: int = MISSING_DAY
    venue: str | None = None
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    hidden: bool = False
    signals: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, paper: Paper) -> Entry:
        """Return what the index keeps of a paper."""
        days = [day_number(day) for day in day_range(paper.date)] if paper.date else [MISSING_DAY, MISSING_DAY]
        return cls(
            key=paper.key,
            title=paper.title,
            text=paper.text,
            authors=tuple(author.name for author in paper.authors),
            first_day=days[0],
            last_day=days[1],
            venue=paper.venue,
            categories=paper.categories,
            sources=paper.sources,
            hidden=not paper.ranked,
            signals=paper.signals,
        )
