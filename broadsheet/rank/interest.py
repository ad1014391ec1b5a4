"""How many votes a paper will get, foreseen before any came: the floor under trending.

A linear model of what is known on the day a paper is announced: what its text is about (its vector), who wrote it and
how their earlier papers were received, how it is written, and how long it waited. Votes, comments and stars of the
paper itself are no input. `broadsheet.training.interest` makes the coefficients.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date as Day
from functools import cache
from math import log1p, nan, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.snapshot import Snapshot
from broadsheet.records import Reception

SHIPPED = Path(__file__).parent / "data" / "interest.json"
HALF_LIFE = 365.0  # days after which a reception tells half as much of its authors
_PRIOR = 1.5  # receptions of an average kind that every author starts with
_MEAN, _SPREAD = 1.9, 1.05  # of ln(1 + votes) on the front pages before 2026
_OPEN = (
    "open-source",
    "open source",
    "open-weight",
    "we release",
    "publicly available",
    "github.com",
    "huggingface.co",
)

FACTS = ("authors", "length", "title words", "waited", "digits", "name", "question", "open")
PASTS = (
    "sum",
    "best",
    "best three",
    "least",
    "known",
    "papers",
    "most papers",
    "first",
    "last",
    "shared",
    "receptions",
)

Matrix = NDArray[np.float32]


class Pasts:
    """How the earlier papers of authors were received."""

    def __init__(self, receptions: Iterable[Reception]) -> None:
        known = [one for one in receptions if one.authors]
        self._days = [Day.fromisoformat(one.day).toordinal() for one in known]
        self._received = [(log1p(max(one.votes, 0.0)) - _MEAN) / _SPREAD for one in known]
        self._sizes = [len(set(one.authors)) for one in known]
        self._of: dict[Hashable, list[int]] = {}
        for number, one in enumerate(known):
            for author in set(one.authors):
                self._of.setdefault(author, []).append(number)

    def of(self, authors: Sequence[Hashable], day: str) -> list[float]:
        """Return the features named in PASTS of a paper of these authors; only what came before its day counts."""
        ordinal = Day.fromisoformat(day).toordinal()
        standing: dict[Hashable, float] = {}
        counts, shared = [], dict[int, int]()
        for author in dict.fromkeys(authors):
            before = [number for number in self._of.get(author, ()) if self._days[number] < ordinal]
            if before:
                standing[author] = self._standing(before, ordinal)
                counts.append(len(before))
                for number in before:
                    shared[number] = shared.get(number, 0) + 1
        if not standing:
            return [0.0] * len(PASTS)
        size, ranked = len(set(authors)), sorted(standing.values(), reverse=True)
        return [
            sum(ranked) / sqrt(size),
            ranked[0],
            sum(ranked[:3]),
            ranked[-1],
            len(counts) / size,
            log1p(sum(counts)),
            log1p(max(counts)),
            standing.get(authors[0], 0.0),
            standing.get(authors[-1], 0.0),
            sum(n * max(self._received[one], 0.0) / sqrt(size * self._sizes[one]) for one, n in shared.items()),
            log1p(len(shared)),
        ]

    def _standing(self, numbers: Sequence[int], ordinal: int) -> float:
        weights: list[float] = [0.5 ** ((ordinal - self._days[number]) / HALF_LIFE) for number in numbers]
        total = sum(weight * self._received[number] for weight, number in zip(weights, numbers, strict=True))
        return total / (sum(weights) + _PRIOR)


def facts(title: str, text: str, authors: int, date: str | None, announced: str) -> list[float]:
    """Return the features named in FACTS; not a number where a paper does not say."""
    lowered, name = text.lower(), title.partition(":")[0]
    waited = nan
    if date and len(date) == len(announced):
        waited = log1p(max((Day.fromisoformat(announced) - Day.fromisoformat(date)).days, 0))
    return [
        log1p(authors) if authors else nan,
        log1p(len(text)) if text else nan,
        float(len(title.split())),
        waited,
        float(sum(character.isdigit() for character in title)),
        float(len(name.split())) if ":" in title else 0.0,
        float("?" in title),
        float(any(word in lowered for word in _OPEN)),
    ]


@dataclass(frozen=True)
class Model:
    """The coefficients: `vector` for the text's vector by one encoder, `plain` for papers without one.

    Each has a weight for every feature (after `mean` and `scale`), and line (a, b): ln(1 + votes) is a + b x score.
    """

    encoder: str
    mean: Matrix
    scale: Matrix
    vector: Matrix
    weights: Matrix
    line: tuple[float, float]
    plain: Matrix
    plain_line: tuple[float, float]

    def scores(self, features: Matrix, vectors: Matrix | None) -> Matrix:
        """Return (n,) scores of papers from (n, facts and pasts) features and (n, d) vectors; they order a day."""
        known = self.standard(features)
        scores = known @ self.plain if vectors is None else known @ self.weights + vectors @ self.vector
        return np.asarray(scores, np.float32)

    def votes(self, features: Matrix, vectors: Matrix | None) -> Matrix:
        """Return (n,) expected votes."""
        first, slope = self.plain_line if vectors is None else self.line
        return np.asarray(np.maximum(np.expm1(first + slope * self.scores(features, vectors)), 0.0), np.float32)

    def standard(self, features: Matrix) -> Matrix:
        """Return features by their mean and spread, 0 where they are not known."""
        return np.asarray(np.nan_to_num((features - self.mean) / self.scale), np.float32)


def expected(snapshot: Snapshot, keys: Sequence[int], features: Sequence[Sequence[float]]) -> dict[int, float]:
    """Return the expected votes of papers by their keys; a paper without a vector goes by its features alone."""
    model, known = shipped(), np.array(features, np.float32)
    votes = model.votes(known, None)
    rows = snapshot.rows_of(keys)
    seen = np.flatnonzero(rows >= 0)
    if snapshot.manifest.encoder_id == model.encoder:
        vectors = snapshot.dense.vectors(rows[seen])
        told = vectors.any(axis=1)
        votes[seen[told]] = model.votes(known[seen[told]], vectors[told])
    return {key: round(float(number), 2) for key, number in zip(keys, votes, strict=True)}


@cache
def shipped() -> Model:
    """Return the model that comes with the program."""
    return read(json.loads(SHIPPED.read_text(encoding="utf-8")))


def read(content: dict[str, Any]) -> Model:
    """Return the model of a file's content."""
    arrays = {name: np.array(content[name], np.float32) for name in ("mean", "scale", "vector", "weights", "plain")}
    return Model(
        encoder=content["encoder"], line=tuple(content["line"]), plain_line=tuple(content["plain_line"]), **arrays
    )
