"""How good the one-line summaries are: ROUGE against what people wrote, beside simpler ways."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet.errors import InputError
from broadsheet.evaluation.collections import Collection, title_and_text
from broadsheet.text.sentences import sentences
from broadsheet.text.summary import summary
from broadsheet.text.tokens import content_terms

MEASURES = ("ROUGE-1", "ROUGE-2", "ROUGE-L")
_DAMPING = 0.85
_STEPS = 30


@dataclass(frozen=True, slots=True)
class Told:
    """A paper with the one-line summaries that people wrote of it."""

    title: str
    text: str
    references: tuple[str, ...]


def told(collection: Collection) -> list[Told]:
    """Return the papers of a split that have summaries: its queries, joined to papers by its judgements."""
    written = {question.id: question.text for question in collection.questions()}
    of: dict[str, list[str]] = defaultdict(list)
    for question, papers in collection.judgements().items():
        for paper in papers:
            of[paper].append(written[question])
    known = {str(paper["id"]): paper for paper in collection.papers()}
    return [Told(*title_and_text(known[paper]), tuple(lines)) for paper, lines in of.items() if paper in known]


def rouge(text: str, references: Sequence[str]) -> tuple[float, ...]:
    """Return the F-measures of ROUGE-1, -2 and -L with stemming (Lin, 2004), each the best over the references.

    Raises:
        InputError: the package that computes them is not installed.
    """
    found = [_scorer().score(reference, text) for reference in references]
    return tuple(max(one[kind].fmeasure for one in found) for kind in ("rouge1", "rouge2", "rougeL"))


@cache
def _scorer() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise InputError(f"Summaries are measured with {error.name}: pip install 'broadsheet[evaluation]'.") from error
    return RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


def lead(title: str, text: str) -> str:
    """Return the first sentence."""
    return sentences(text)[0]


def textrank(title: str, text: str) -> str:
    """Return the sentence that is most like all others (TextRank; Mihalcea and Tarau, 2004)."""
    parts = sentences(text)
    bags = [set(content_terms(part)) for part in parts]
    alike = np.array([[_alike(one, other) for other in bags] for one in bags])
    np.fill_diagonal(alike, 0.0)
    return parts[int(_stationary(alike).argmax())]


def _alike(one: set[str], other: set[str]) -> float:
    size = math.log(max(len(one), 1)) + math.log(max(len(other), 1))
    return len(one & other) / size if size > 0 else 0.0


def _stationary(alike: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = alike.sum(axis=1, keepdims=True)
    steps = np.divide(alike, sums, out=np.full_like(alike, 1 / len(alike)), where=sums > 0)
    rank = np.full(len(alike), 1 / len(alike))
    for _ in range(_STEPS):
        rank = (1 - _DAMPING) / len(alike) + _DAMPING * (rank @ steps)
    return rank


def oracle(one: Told) -> str:
    """Return the sentence with the best mean of the three: more than any choice of a whole sentence can reach."""
    return max(sentences(one.text), key=lambda part: sum(rouge(part, one.references)))


WAYS: dict[str, Callable[[Told], str]] = {
    "lead": lambda one: lead(one.title, one.text),
    "textrank": lambda one: textrank(one.title, one.text),
    "title": lambda one: one.title,
    "summary": lambda one: summary(one.title, one.text) or "",
    "oracle": oracle,
}


def measured(collection: Collection) -> dict[str, dict[str, float]]:
    """Return way -> measure -> mean over the papers of a split, and the mean number of words."""
    papers = told(collection)
    table = {}
    for name, way in WAYS.items():
        lines = [way(one) for one in papers]
        means = np.mean([rouge(line, one.references) for line, one in zip(lines, papers, strict=True)], axis=0)
        table[name] = {measure: round(float(mean), 4) for measure, mean in zip(MEASURES, means, strict=True)}
        table[name]["words"] = round(float(np.mean([len(line.split()) for line in lines])), 1)
    return table
