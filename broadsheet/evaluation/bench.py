"""How well and how fast a profile answers a collection's queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import ir_measures
import numpy as np
from ir_measures import ScoredDoc

from broadsheet.evaluation.collections import Collection, Question, indexed
from broadsheet.query import plain
from broadsheet.rank import View, run

MEASURES = ("nDCG@10", "R@100", "Success@5")
_DEPTH = 101  # results a query; one more than any measure looks at, for the paper that a query was made from

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gave: measures averaged over judged queries, and the cost of a query in milliseconds."""

    collection: str
    split: str
    profile: str
    measures: dict[str, float]
    ms_p50: float
    ms_p99: float
    bytes_per_paper: float
    per_query: dict[str, dict[str, float]]


def evaluate(
    collection: Collection, profile: str, now: datetime, *, encoder: str = "static", report: Report = lambda _: None
) -> Outcome:
    """Return how a profile does on a collection; the index is built first where there is none yet.

    Raises:
        InputError: there is no such profile, or a file of the collection is missing.
    """
    report(f"{collection.name}: indexing")
    snapshot, ids = indexed(collection, encoder)
    view = View(snapshot, now)
    judged = collection.judgements()
    questions = [question for question in collection.questions() if question.id in judged]
    report(f"{collection.name}: {len(questions)} queries, {len(ids)} papers")
    results, times = [], []
    for question in questions:
        began = time.perf_counter()
        ranking = run(profile, plain(question.text), view, _DEPTH)
        times.append((time.perf_counter() - began) * 1e3)
        results += _scored(question, [ids[key] for key in snapshot.keys[ranking.rows]])
    per_query = _measured(judged, results)
    return Outcome(
        collection=collection.name,
        split=collection.split,
        profile=profile,
        measures={name: round(float(np.mean(list(values.values()))), 4) for name, values in per_query.items()},
        ms_p50=round(float(np.percentile(times, 50)), 2),
        ms_p99=round(float(np.percentile(times, 99)), 2),
        bytes_per_paper=round(snapshot.manifest.bytes / max(len(ids), 1), 1),
        per_query=per_query,
    )


def _scored(question: Question, found: Sequence[str]) -> list[ScoredDoc]:
    """Return results with scores that keep their order, whatever a measure does with equal ones."""
    others = (paper for paper in found if paper != question.paper)
    return [ScoredDoc(question.id, paper, -float(place)) for place, paper in enumerate(others)]


def _measured(judged: dict[str, dict[str, int]], results: list[ScoredDoc]) -> dict[str, dict[str, float]]:
    """Return measure -> query -> value for every judged query, also for those without results."""
    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    values: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    for metric in ir_measures.iter_calc(measures, judged, results):
        values[str(metric.measure)][metric.query_id] = metric.value
    return values
