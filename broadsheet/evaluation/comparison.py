"""Experiments: several systems on the same queries, each beside the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.evaluation.significance import corrected, paired

PerQuery = Mapping[str, Mapping[str, float]]  # measure -> query -> value


@dataclass(frozen=True, slots=True)
class Difference:
    """A system beside the baseline by one measure: means, queries better and worse, p corrected for all systems."""

    system: str
    measure: str
    baseline: float
    value: float
    better: int
    worse: int
    p: float

    def __str__(self) -> str:
        moved = f"{self.value - self.baseline:+.4f}  {self.better} better, {self.worse} worse, p = {self.p:.4f}"
        return f"{self.system:24} {self.measure:10} {self.value:.4f}  {moved}"


def compared(measured: Mapping[str, PerQuery], baseline: str) -> list[Difference]:
    """Return the difference of each other system from the baseline, by each measure over the same queries.

    P-values are of Fisher's randomisation test, corrected after Holm over the systems that one measure compares.
    """
    found = []
    for measure, values in measured[baseline].items():
        queries = sorted(values)
        own = _column(values, queries)
        others = {name: _column(of[measure], queries) for name, of in measured.items() if name != baseline}
        ps = corrected([paired(column - own) for column in others.values()])
        found += [
            _difference(name, measure, own, column, p) for (name, column), p in zip(others.items(), ps, strict=True)
        ]
    return found


def per_query(measured: Mapping[str, PerQuery], baseline: str, measure: str) -> list[tuple[str, dict[str, float]]]:
    """Return for each query every system's difference from the baseline, the greatest first."""
    own = measured[baseline][measure]
    rows = [
        (query, {name: round(of[measure][query] - own[query], 4) for name, of in measured.items() if name != baseline})
        for query in own
    ]
    return sorted(rows, key=lambda row: -max(map(abs, row[1].values()), default=0.0))


def _column(values: Mapping[str, float], queries: Sequence[str]) -> NDArray[np.float64]:
    return np.array([values.get(query, 0.0) for query in queries], np.float64)


def _difference(
    system: str, measure: str, own: NDArray[np.float64], column: NDArray[np.float64], p: float
) -> Difference:
    better, worse = int((column > own).sum()), int((column < own).sum())
    return Difference(system, measure, float(own.mean()), float(column.mean()), better, worse, p)
