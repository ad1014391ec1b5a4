"""Measures as values, by the field's own definitions: `nDCG@10`, `R@100`, `RR`, and whatever ir-measures knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ir_measures
from ir_measures import ScoredDoc

from broadsheet.errors import InputError

MEASURES = ("nDCG@10", "R@100", "Success@5")
_SHALLOWEST = 100  # results that are looked at, whatever the measures

Measure = Any  # ir_measures has no types
Judgements = Mapping[str, Mapping[str, int]]


def parsed(names: Sequence[str]) -> list[Measure]:
    """Return measures by their names.

    Raises:
        InputError: there is no such measure.
    """
    measures = []
    for name in names:
        try:
            measures.append(ir_measures.parse_measure(name))
        except (NameError, ValueError) as error:
            raise InputError(f"There is no measure {name!r}; nDCG@10, R@100, RR and Success@5 are some.") from error
    return measures


def depth(measures: Sequence[Measure]) -> int:
    """Return how many results of a query the measures look at."""
    return max([_SHALLOWEST, *(int(measure.params.get("cutoff", 0)) for measure in measures)])


def measured(
    judged: Judgements, found: Mapping[str, Sequence[str]], measures: Sequence[Measure]
) -> dict[str, dict[str, float]]:
    """Return measure -> query -> value for the queries that were asked and are judged, also those without results."""
    judged = {query: grades for query, grades in judged.items() if query in found}
    values: dict[str, dict[str, float]] = {str(measure): {} for measure in measures}
    scored = (
        ScoredDoc(query, paper, -float(place))  # scores that keep the order, whatever a measure does with equal ones
        for query, papers in found.items()
        for place, paper in enumerate(papers)
    )
    for metric in ir_measures.iter_calc(measures, judged, scored):
        values[str(metric.measure)][metric.query_id] = metric.value
    return values
