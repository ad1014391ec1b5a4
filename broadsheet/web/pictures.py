"""The geometry of small pictures: bars, shares, calendars. Numbers only; templates draw them."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from broadsheet.records import Signal, period_of

_MOST_BARS = 36
_LEVELS = 4
_DRAWN = ("votes", "stars", "citations", "mentions", "comments")  # of those measured as often, the first


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
class Week:
    """A row of a calendar, Monday first: the week's name, and its days; None where it reaches into another month."""

    name: str
    days: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks."""

    name: str
    weeks: tuple[Week, ...]


def month(name: str, editions: Sequence[tuple[str, int]]) -> Month:
    """Return the calendar of a month ("2026-06"), with the papers of each day's edition."""
    counts = {day: papers for day, papers in editions if day.startswith(name)}
    most = max(counts.values(), default=0)
    weeks = calendar.Calendar().monthdayscalendar(int(name[:4]), int(name[5:]))
    return Month(name, tuple(_week(name, numbers, counts, most) for numbers in weeks))


def _week(month: str, numbers: Sequence[int], counts: Mapping[str, int], most: int) -> Week:
    cells = tuple(_cell(month, number, counts, most) if number else None for number in numbers)
    return Week(period_of("week", next(cell.day for cell in cells if cell)), cells)


def _cell(month: str, number: int, counts: Mapping[str, int], most: int) -> Cell:
    day = f"{month}-{number:02}"
    papers = counts.get(day, 0)
    return Cell(day, number, papers, -(-_LEVELS * papers // most) if papers else 0)


@dataclass(frozen=True, slots=True)
class Sparkline:
    """How attention grew: the kind of signal, the points of a line 100 wide and 24 high, first and last value."""

    kind: str
    points: str
    first: float
    last: float


def sparkline(series: Sequence[Signal]) -> Sparkline | None:
    """Return the line of the signal that was measured most often, on days of their own; None for a single day."""
    kinds: dict[str, dict[str, float]] = {}
    for signal in series:
        if signal.kind in _DRAWN:
            measured = kinds.setdefault(signal.kind, {})
            measured[signal.day] = max(signal.value, measured.get(signal.day, 0.0))
    kind = max(kinds, key=lambda name: (len(kinds[name]), -_DRAWN.index(name)), default=None)
    if kind is None or len(kinds[kind]) < 2:
        return None
    days = sorted(kinds[kind])
    values = [kinds[kind][day] for day in days]
    return Sparkline(kind, _line([date.fromisoformat(day).toordinal() for day in days], values), values[0], values[-1])


def _line(xs: Sequence[int], ys: Sequence[float]) -> str:
    low, span, wide = min(ys), (max(ys) - min(ys)) or 1.0, xs[-1] - xs[0]
    return " ".join(
        f"{2 + 96 * (x - xs[0]) / wide:.1f},{22 - 20 * (y - low) / span:.1f}" for x, y in zip(xs, ys, strict=True)
    )
