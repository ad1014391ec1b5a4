"""The report: every way to rank on some collections as one HTML page, with quality against milliseconds and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

import broadsheet
from broadsheet.evaluation.ablation import Row
from broadsheet.evaluation.drawing import Point, scatter
from broadsheet.evaluation.pages import Page

_MEASURES = ("nDCG@10", "R@100")


@dataclass(frozen=True, slots=True)
class Way:
    """A way to rank over all collections: values by measure, their means, what a query costs, whether it is ours."""

    name: str
    values: dict[str, list[float]]
    mean: dict[str, float]
    ms: float
    bytes: float
    ours: bool


def page(rows: Sequence[Row], pages: Sequence[Page], retrieved: Sequence[tuple[str, float]], **about: str) -> str:
    """Return the report."""
    ways = _ways(rows)
    environment = Environment(loader=PackageLoader("broadsheet.evaluation"), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("report.html").render(
        measures=_MEASURES,
        collections=list(dict.fromkeys(row.collection for row in rows)),
        ways=ways,
        pictures=[_picture(ways, "ms", "CPU milliseconds a query, median"), _picture(ways, "bytes", "bytes a paper")],
        retrieved=retrieved,
        pages=pages,
        version=broadsheet.__version__,
        **about,
    )


def _ways(rows: Sequence[Row]) -> list[Way]:
    made = []
    for name in dict.fromkeys(row.way for row in rows):
        own = [row for row in rows if row.way == name]
        values = {measure: [row.measures[measure] for row in own] for measure in _MEASURES}
        means = {measure: float(np.mean(listed)) for measure, listed in values.items()}
        costs = np.array([(row.ms, row.bytes) for row in own]).mean(axis=0)
        made.append(Way(name, values, means, float(costs[0]), float(costs[1]), own[0].ours))
    return made


def _picture(ways: Sequence[Way], cost: str, label: str) -> str:
    """Return a plot of mean nDCG@10 against a cost, as SVG."""
    points = [Point(way.name, getattr(way, cost), way.mean["nDCG@10"], way.ours) for way in ways if way.ms]
    return scatter(points, label, "nDCG@10, mean of the collections")
