"""How well and how fast profiles answer a collection's queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from broadsheet.errors import InputError
from broadsheet.evaluation.collections import Collection, Question, Shelf, indexed, read_again
from broadsheet.evaluation.measures import MEASURES, Measure, depth, measured, parsed
from broadsheet.evaluation.runs import Run
from broadsheet.query import Query, plain
from broadsheet.rank import View, run, run_all

Report = Callable[[str], None]
_REPORTED = 1_000  # queries between two reports


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gave: measures averaged over judged queries, and the cost of a query in milliseconds."""

    collection: str
    split: str
    run: Run
    per_query: dict[str, dict[str, float]]
    bytes_per_paper: float

    def summary(self) -> dict[str, Any]:
        """Return what the command `run` prints."""
        return {
            "collection": self.collection,
            "split": self.split,
            "profile": self.run.system,
            "measures": {name: mean(values.values()) for name, values in self.per_query.items()},
            "ms_p50": percentile(self.run.ms, 50),
            "ms_p99": percentile(self.run.ms, 99),
            "bytes_per_paper": self.bytes_per_paper,
        }


def mean(values: Any) -> float:
    """Return the mean of some numbers to four places, 0 of none."""
    listed = list(values)
    return round(float(np.mean(listed)), 4) if listed else 0.0


def percentile(times: Sequence[float], share: int) -> float:
    """Return a percentile of some times to a hundredth, 0 of none."""
    return round(float(np.percentile(times, share)), 2) if times else 0.0


def evaluate(
    collection: Collection,
    profile: str,
    now: datetime,
    *,
    encoder: str = "static",
    reranker: str = "",
    measures: Sequence[Measure] | None = None,
    report: Report = lambda _: None,
) -> Outcome:
    """Return how a profile does on a collection; the index is built first where there is none yet.

    `similar` is asked with the papers that the queries were made from, not with their words.

    Raises:
        InputError: there is no such profile, or a file of the collection is missing.
    """
    measures = measures or parsed(MEASURES)
    shelf, questions = prepared(collection, encoder, report, reranker)
    view, limit = View(shelf.snapshot, now), depth(measures) + 1
    found, times, read = {}, [], _reading(profile, shelf)
    for question in questions[:1]:  # the first query opens files and loads the encoder
        run(profile, read(question), view, limit)
    for number, question in enumerate(questions, 1):
        began = time.perf_counter()
        ranking = run(profile, read(question), view, limit)
        times.append((time.perf_counter() - began) * 1e3)
        found[question.id] = shelf.papers(ranking.unfolded, question)
        if number % _REPORTED == 0:
            report(f"{collection.name}: {number} of {len(questions)} queries")
    per_query = measured(collection.judgements(), found, measures)
    return Outcome(collection.name, collection.split, Run(profile, found, tuple(times)), per_query, shelf.bytes)


def _reading(profile: str, shelf: Shelf) -> Callable[[Question], Query]:
    """Return what makes a query of a question: its words, or for `similar` the paper that it was made from."""
    keys = {paper: key for key, paper in enumerate(shelf.ids)}

    def example(question: Question) -> Query:
        if question.paper not in keys:
            raise InputError(f"similar needs a paper_id of the corpus, and query {question.id} has none.")
        return replace(plain(""), like=(keys[question.paper],))

    return example if profile == "similar" else lambda question: plain(question.text)


def answers(
    collection: Collection,
    profiles: Sequence[str],
    now: datetime,
    limit: int,
    *,
    encoder: str = "static",
    reranker: str = "",
    report: Report = lambda _: None,
) -> list[Run]:
    """Return the runs of several profiles, their common first stages computed once for each query; not timed.

    Raises:
        InputError: there is no such profile, or a file of the collection is missing.
    """
    shelf, questions = prepared(collection, encoder, report, reranker)
    view = View(shelf.snapshot, now)
    found: list[dict[str, list[str]]] = [{} for _ in profiles]
    for question in questions:
        rankings = run_all(profiles, plain(question.text), view, limit + 1)
        for papers, ranking in zip(found, rankings, strict=True):
            papers[question.id] = shelf.papers(ranking.unfolded, question)
    return [Run(profile, papers) for profile, papers in zip(profiles, found, strict=True)]


def prepared(collection: Collection, encoder: str, report: Report, reranker: str = "") -> tuple[Shelf, list[Question]]:
    """Return a collection's papers, indexed, and those of its queries that are judged.

    Raises:
        InputError: none is.
    """
    report(f"{collection.name}: indexing")
    shelf = indexed(collection, encoder)
    if reranker:
        shelf = read_again(collection, shelf, reranker, report)
    judged = collection.judgements()
    questions = [question for question in collection.questions() if question.id in judged]
    if not questions:
        raise InputError(f"{collection.name} has no query that is judged.")
    report(f"{collection.name}: {len(questions)} queries, {len(shelf.ids)} papers")
    return shelf, questions
