"""Quality against cost as a picture: an SVG of a few kilobytes that needs no package and suits light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 700.0, 20.0, 400.0  # the frame
_LETTER, _LINE, _DOT = 6.6, 14.0, 7.0  # a name's width a letter, its height, and the room of a dot, in px
_ASIDE = ((9, 4, "start"), (-9, 4, "end"), (0, -10, "middle"), (0, 19, "middle"))
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
_FIRSTS = ((1, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 2, 5), (1,))  # of round numbers, before a power of ten
_MOST_LINES, _MOST_NUMBERS = 8, 12

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Point:
    """One way to do it: its name, its cost above 0, its quality, and whether it is ours, which is drawn filled."""

    name: str
    cost: float
    quality: float
    ours: bool = True


@dataclass(frozen=True, slots=True)
class _Mark:
    """A point where it is drawn, and its name beside it."""

    point: Point
    x: float
    y: float
    text_x: float
    text_y: float
    anchor: str


def scatter(points: Sequence[Point], cost: str, quality: str, *, alone: bool = False) -> str:
    """Return a picture of points, cost on a logarithmic scale; `alone` makes it a file rather than a part of a page.

    A line joins those that no other surpasses at their cost.
    """
    low, high = min(p.cost for p in points) / 1.4, max(p.cost for p in points) * 1.4
    bottom, top = min(p.quality for p in points), max(p.quality for p in points)
    step = next((step for step in _STEPS if (top - bottom) / step < _MOST_LINES), _STEPS[-1])
    bottom, top = (math.ceil(bottom / step) - 1) * step, (math.floor(top / step) + 1) * step

    def x(value: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * math.log(value / low) / math.log(high / low), 1)

    def y(value: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * (value - bottom) / (top - bottom), 1)

    placed = [(point, x(point.cost), y(point.quality)) for point in points]
    environment = Environment(loader=PackageLoader("broadsheet.evaluation"), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("scatter.svg").render(
        frame=(_LEFT, _RIGHT, _TOP, _BOTTOM),
        across=[(x(value), f"{value:g}") for value in _round_numbers(low, high)],
        up=[(y(bottom + n * step), f"{bottom + n * step:.2f}") for n in range(round((top - bottom) / step) + 1)],
        best=[(x(p.cost), y(p.quality)) for p in _unsurpassed(points)],
        marks=_named(placed),
        labels=(cost, quality),
        alone=alone,
    )


def _round_numbers(low: float, high: float) -> list[float]:
    """Return round numbers between two, as many as fit beside each other."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = ([first * 10.0**power for power in powers for first in firsts] for firsts in _FIRSTS)
    inside = [[value for value in values if low <= value <= high] for values in found]
    return next((values for values in inside if len(values) <= _MOST_NUMBERS), inside[-1])


def _unsurpassed(points: Sequence[Point]) -> Iterator[Point]:
    """Yield the points that are better than all that cost no more, cheapest first."""
    best = -math.inf
    for point in sorted(points, key=lambda p: (p.cost, -p.quality)):
        if point.quality > best:
            best = point.quality
            yield point


def _named(placed: Sequence[tuple[Point, float, float]]) -> list[_Mark]:
    """Return every point with its name on the first side where it covers nothing."""
    taken: list[Box] = [(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for _, x, y in placed]
    marks = []
    for point, x, y in placed:
        text_x, text_y, anchor, box = next(
            (found for found in _places(point.name, x, y) if _free(found[3], taken)), next(_places(point.name, x, y))
        )
        taken.append(box)
        marks.append(_Mark(point, x, y, text_x, text_y, anchor))
    return marks


def _places(name: str, x: float, y: float) -> Iterator[tuple[float, float, str, Box]]:
    """Yield where a name could stand beside a point, nearest first, with the box that it would fill."""
    width = _LETTER * len(name)
    for lines in (0, -0.7, 0.7, -1.4, 1.4, -2.1, 2.1, -2.8, 2.8, -3.5, 3.5):
        for right, down, anchor in _ASIDE:
            text_x, text_y = x + right, y + down + lines * _LINE
            begin = text_x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            yield round(text_x, 1), round(text_y, 1), anchor, (begin, text_y - 10, begin + width, text_y + 3)


def _free(box: Box, taken: Sequence[Box]) -> bool:
    inside = box[0] >= _LEFT and box[2] <= _RIGHT and box[1] >= _TOP and box[3] <= _BOTTOM
    return inside and not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
    )
