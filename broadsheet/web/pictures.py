"""The geometry of small pictures: bars, shares, calendars. Numbers only; templates draw them."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MOST_BARS = 36
_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the year histogram: the years it spans, papers in them, height from 0 to 100."""

    first: int
    last: int
    count: int
    height: float

    @property
    def label(self) -> str:
        """The years in words."""
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"  # noqa: RUF001 (a range)


def histogram(years: Sequence[tuple[int, int]]) -> list[Bar]:
    """Return one bar for each year between the first and last, or for each few years where there are many."""
    if not years:
        return []
    counts = dict(years)
    first, last = min(counts), max(counts)
    step = -(-(last - first + 1) // _MOST_BARS)
    spans = [(year, min(year + step - 1, last)) for year in range(first, last + 1, step)]
    totals = [sum(counts.get(year, 0) for year in range(a, b + 1)) for a, b in spans]
    most = max(totals)
    return [
        Bar(a, b, total, max(4.0, 100 * total / most) if total else 0.0)
        for (a, b), total in zip(spans, totals, strict=True)
    ]


def heights(values: Sequence[float]) -> list[int]:
    """Return the heights, up to 100, of bars that stand for these values; what is nothing still shows as a line."""
    most = max(values, default=0) or 1
    return [max(1, round(100 * value / most)) for value in values]


@dataclass(frozen=True, slots=True)
class Share:
    """One piece of the thin bar under a hit: a feature's name, where its piece starts, how wide it is (per cent)."""

    name: str
    start: float
    width: float


def shares(parts: Mapping[str, float]) -> list[Share]:
    """Return the pieces of a bar of width 100, largest features as given; what pulled a hit down has no piece."""
    positive = {name: value for name, value in parts.items() if value > 0}
    total = sum(positive.values())
    pieces, start = [], 0.0
    for name, value in positive.items():
        width = round(100 * value / total, 1)
        pieces.append(Share(name, round(start, 1), width))
        start += width
    return pieces


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of a calendar: its ISO day, its number, the papers of its edition, and how dark it is (0 to 4)."""

    day: str
    number: int
    papers: int
    level: int


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks of seven cells, Monday first; None where a week reaches into another month."""

    month: str
    weeks: tuple[tuple[Cell | None, ...], ...]


def month(day: str, editions: Sequence[tuple[str, int]]) -> Month:
    """Return the calendar month of a day, with the papers of each day's edition."""
    year, number = int(day[:4]), int(day[5:7])
    counts = {name: papers for name, papers in editions if name.startswith(day[:7])}
    most = max(counts.values(), default=0)
    weeks = calendar.Calendar().monthdayscalendar(year, number)
    return Month(day[:7], tuple(tuple(_cell(day[:7], d, counts, most) if d else None for d in week) for week in weeks))


def _cell(month: str, number: int, counts: Mapping[str, int], most: int) -> Cell:
    day = f"{month}-{number:02}"
    papers = counts.get(day, 0)
    return Cell(day, number, papers, -(-_LEVELS * papers // most) if papers else 0)
