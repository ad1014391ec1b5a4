"""Encoders alone: what their vectors find against what a paper costs in CPU time and bytes, in a table and pictures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path

import numpy as np

from broadsheet import encode
from broadsheet.encode import Encoder, nibbles
from broadsheet.encode.static import Static
from broadsheet.errors import InputError
from broadsheet.evaluation.ablation import VECTORS, row
from broadsheet.evaluation.bench import Report
from broadsheet.evaluation.collections import Collection, title_and_text
from broadsheet.evaluation.drawing import Point, scatter
from broadsheet.evaluation.measures import measured, parsed
from broadsheet.evaluation.rivals import encoder_named, exact
from broadsheet.index.dense import scanned

MEASURES = ("nDCG@10", "R@100")
HEADING = "| encoder | of | nDCG@10 | R@100 | CPU ms a paper | bytes a paper |"
OURS, RIVAL = "ours", "others"
_RULE = "|---|---|---|---|---|---|"
_TIMED = 128  # papers, of each collection
_DEPTH = 100  # nearest papers that are looked at


@dataclass(frozen=True, slots=True)
class Line:
    """An encoder alone: whose it is, means over collections, and what a paper costs."""

    name: str
    of: str
    ndcg: float
    recall: float
    ms: float
    bytes: float

    def __str__(self) -> str:
        name, of, ndcg, recall, ms, size = astuple(self)
        return f"| {name} | {of} | {ndcg:.3f} | {recall:.3f} | {ms:.3g} | {size:.0f} |"


def line(name: str, encoder: str, collections: Sequence[Collection], now: datetime, report: Report) -> Line:
    """Return an encoder's line: `static` as the index answers, another or a file of static weights by exact cosines.

    Raises:
        InputError: a file of a collection is missing.
        SettingsError: the encoder cannot be had.
    """
    shipped, file = encoder == "static", Path(encoder).is_file()
    loaded: Encoder = Static(Path(encoder)) if file else encoder_named(encoder)
    values, times = [], []
    for collection in collections:
        report(f"{name}: {collection.name}")
        found = _of_the_index(collection, now, report) if shipped else _by_cosines(collection, loaded, encoder)
        values.append(found)
        times.append(_ms(loaded, collection))
    size = nibbles.width(loaded.dimension) + scanned(loaded.prefixes) / 8
    ndcg, recall = np.mean(values, axis=0)
    return Line(name, OURS if shipped or file else RIVAL, float(ndcg), float(recall), float(np.mean(times)), size)


def _of_the_index(collection: Collection, now: datetime, report: Report) -> list[float]:
    found = row(VECTORS, collection, now, parsed(MEASURES), report)
    return [found.measures[measure] for measure in MEASURES]


def _by_cosines(collection: Collection, encoder: Encoder, name: str) -> list[float]:
    judged = collection.judgements()
    questions = [question for question in collection.questions() if question.id in judged]
    found = measured(judged, exact(name, encoder, collection, questions, _DEPTH).found, parsed(MEASURES))
    return [float(np.mean(list(found[measure].values()))) for measure in MEASURES]


def _ms(encoder: Encoder, collection: Collection) -> float:
    """Return the CPU milliseconds that a paper of a collection takes."""
    papers = list(collection.papers())
    texts = [encode.paper_text(*title_and_text(paper)) for paper in papers[:: max(1, len(papers) // _TIMED)][:_TIMED]]
    began = time.process_time()
    encoder.encode(texts)
    return (time.process_time() - began) * 1e3 / max(len(texts), 1)


def read(text: str) -> list[Line]:
    """Return the lines of the table of a Markdown text.

    Raises:
        InputError: it has no such table.
    """
    cells = ([cell.strip() for cell in row.strip("| ").split("|")] for row in _table(text)[2:])
    return [Line(name, of, *map(float, figures)) for name, of, *figures in cells]


def merged(text: str, lines: Sequence[Line]) -> str:
    """Return a Markdown text whose table has these lines, too, each in place of one of its name; the best stands first.

    Raises:
        InputError: it has no such table.
    """
    known = {line.name: line for line in [*read(text), *lines]}
    best = sorted(known.values(), key=lambda line: -line.ndcg)
    return text.replace("\n".join(_table(text)), "\n".join([HEADING, _RULE, *map(str, best)]))


def _table(text: str) -> list[str]:
    rows = iter(text.splitlines())
    if HEADING not in rows:  # which takes rows until it is found
        raise InputError(f"There is no table that begins with {HEADING}")
    return [HEADING, *takewhile(lambda row: row.startswith("|"), rows)]


def pictures(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """Yield (name, SVG) of quality against milliseconds and against bytes."""
    for name, label in (("ms", "CPU milliseconds a paper"), ("bytes", "bytes a paper")):
        points = [Point(line.name, getattr(line, name), line.ndcg, line.of == OURS) for line in lines]
        yield name, scatter(points, label, "nDCG@10 alone, mean of the collections", alone=True)
