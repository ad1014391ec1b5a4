"""What each ingredient of the default ranking adds and costs, beside the simpler ways to join words and meaning."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from broadsheet.evaluation.bench import Report, percentile, prepared
from broadsheet.evaluation.collections import Collection, Question, Shelf
from broadsheet.evaluation.measures import Measure, depth, measured
from broadsheet.evaluation.rivals import answered, short
from broadsheet.query import Query, plain
from broadsheet.rank import Blend, Dense, Features, Lexical, Ranking, Stage, View, understood
from broadsheet.rank.pipeline import MOST
from broadsheet.rank.profiles import BLENDED, PROFILES
from broadsheet.rank.ranking import Column

_BOTH = (Lexical() % MOST | Dense() % 300) >> Features()
_DAMPED = 60  # places before a reciprocal falls (Cormack, Clarke and Büttcher, 2009)


class Reciprocal(Stage):
    """Reciprocal-rank fusion of words and meaning, the usual way to join two lists without looking at their scores."""

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        scores = sum((_reciprocal(ranking.features[name]) for name in ("lexical", "dense")), np.zeros(len(ranking)))
        return ranking.scored(np.asarray(scores, np.float32), view)

    def __repr__(self) -> str:
        return "Reciprocal()"


def _reciprocal(column: Column) -> Column:
    places = np.empty(len(column), np.float32)
    places[np.argsort(-column, kind="stable")] = np.arange(1, len(column) + 1)
    return np.asarray(1 / (_DAMPED + places), np.float32)


VECTORS = "the encoder's vectors alone"
_FIXED = (0.4, 0.55, 0.7, 0.85)
WAYS: Mapping[str, Stage] = {
    "words": PROFILES["lexical"],
    VECTORS: Dense() % MOST >> Features() >> Blend(dense=1.0),
    "meaning": PROFILES["dense"],
    "reciprocal ranks": _BOTH >> Reciprocal(),
    **{f"fixed {weight}": _BOTH >> Blend(lexical=weight, dense=round(1 - weight, 2)) for weight in _FIXED},
    "and read": BLENDED,
    "and gated": PROFILES["hybrid"],
}
READ_AGAIN = "and read again"  # by a transformer
_WORDS, _VECTORS, _TOKENS = ("lexical/",), ("/codes.", "/bits.", "codebook"), ("/tokens.", "/lengths.")
_GATED = _WORDS + _VECTORS + _TOKENS
_READS = {
    "words": _WORDS,
    VECTORS: _VECTORS,
    "meaning": _GATED,
    "and read": _GATED,
    "and gated": _GATED,
    READ_AGAIN: (*_GATED, "second/"),
}
BEST_FIXED = "best fixed weight of the collection"
ORACLE = "better channel, known for each query"


@dataclass(frozen=True, slots=True)
class Row:
    """One way to rank on one collection: means by measure, the median query in CPU ms, bytes a paper that it reads.

    Costs are 0 where nothing was run.
    """

    way: str
    collection: str
    measures: dict[str, float]
    ms: float = 0.0
    bytes: float = 0.0
    ours: bool = True


def rows(
    collection: Collection, now: datetime, measures: Sequence[Measure], report: Report, reranker: str = ""
) -> list[Row]:
    """Return every way to rank on a collection, and what knowing its best weight, or each query's channel, would give.

    With a reranker, an ONNX encoder's folder, one more way is to have all papers read again by it.

    Raises:
        InputError: a file of the collection is missing.
    """
    ways = {**WAYS, READ_AGAIN: PROFILES["rerank"]} if reranker else WAYS
    found, per_query = _measured(ways, collection, now, measures, report, reranker)
    best = {name: _better(values, per_query["meaning"][name]) for name, values in per_query["words"].items()}
    fixed = max(
        (row for row in found if row.way.startswith("fixed")), key=lambda row: next(iter(row.measures.values()))
    )
    return [*found, Row(BEST_FIXED, collection.name, fixed.measures), Row(ORACLE, collection.name, _means(best))]


def row(way: str, collection: Collection, now: datetime, measures: Sequence[Measure], report: Report) -> Row:
    """Return one of WAYS on a collection.

    Raises:
        InputError: a file of the collection is missing.
    """
    (found,), _ = _measured({way: WAYS[way]}, collection, now, measures, report)
    return found


def _measured(
    ways: Mapping[str, Stage],
    collection: Collection,
    now: datetime,
    measures: Sequence[Measure],
    report: Report,
    reranker: str = "",
) -> tuple[list[Row], dict[str, dict[str, dict[str, float]]]]:
    """Return the rows of ways to rank, and of each what every query has by each measure."""
    shelf, questions = prepared(collection, "static", report, reranker)
    view, judged, limit = View(shelf.snapshot, now), collection.judgements(), depth(measures) + 1
    found, per_query = [], {}
    for way, stage in ways.items():
        answers, times = _answers(stage % limit, shelf, questions, view)
        per_query[way] = measured(judged, answers, measures)
        found.append(Row(way, collection.name, _means(per_query[way]), percentile(times, 50), _bytes(way, shelf)))
    return found, per_query


def _answers(
    stage: Stage, shelf: Shelf, questions: Sequence[Question], view: View
) -> tuple[dict[str, list[str]], list[float]]:
    """Return what a stage finds for each question, and the CPU milliseconds that each took: others may be at work."""
    answers, times = {}, []
    for question in questions:
        began = time.process_time()
        query, _ = understood(plain(question.text), view)
        ranking = stage(query, Ranking.empty(), view)
        times.append((time.process_time() - began) * 1e3)
        answers[question.id] = shelf.papers(ranking.unfolded, question)
    return answers, times


def rivals(collection: Collection, names: Sequence[str], measures: Sequence[Measure], report: Report) -> list[Row]:
    """Return what others would answer, as `broadsheet.evaluation.rivals` names them.

    Raises:
        InputError: there is no such rival.
        SettingsError: a package or model that it needs is missing.
    """
    judged, found = collection.judgements(), []
    questions = [question for question in collection.questions() if question.id in judged]
    for name in names:
        report(f"{collection.name}: {name}")
        run = answered(name, collection, questions, depth(measures))
        values = _means(measured(judged, run.found, measures))
        found.append(Row(short(name), collection.name, values, percentile(run.ms, 50), run.bytes, ours=False))
    return found


def retrieved(collection: Collection, now: datetime) -> float:
    """Return the share of a collection's judged papers that words and meaning bring, before they are ordered."""
    shelf, questions = prepared(collection, "static", lambda _: None)
    view, judged, shares = View(shelf.snapshot, now), collection.judgements(), []
    for question in questions:
        wanted = {paper for paper, grade in judged[question.id].items() if grade > 0}
        ranking = BLENDED(understood(plain(question.text), view)[0], Ranking.empty(), view)
        if wanted:
            shares.append(len(wanted.intersection(shelf.papers(ranking.rows, question))) / len(wanted))
    return float(np.mean(shares)) if shares else 0.0


def _bytes(way: str, shelf: Shelf) -> float:
    """Return the bytes a paper of the files that a way to rank reads besides the columns."""
    own = _READS.get(way, _WORDS + _VECTORS)
    files = shelf.snapshot.manifest.files
    read = sum(file.size for path, file in files.items() if any(part in path for part in own))
    return round(read / max(len(shelf.ids), 1), 1)


def _better(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {query: max(value, other[query]) for query, value in one.items()}


def _means(per_query: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean(list(values.values()))), 4) for name, values in per_query.items()}
