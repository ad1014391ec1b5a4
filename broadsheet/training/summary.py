"""Learns which sentence tells most: `python -m broadsheet.training.summary --collection FOLDER` (scitldr)."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.evaluation.collections import Collection
from broadsheet.evaluation.summaries import Told, rouge, told
from broadsheet.text.sentences import sentences
from broadsheet.text.summary import WEIGHTS, Context, cues, cuts, features
from broadsheet.text.tokens import terms

_LEAST = 200  # sentences that a cue must stand in: 60 and 30 gained nothing in five-fold cross-validation
_RIDGE = 30.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence, or what a cut leaves of it: its paper's number, its features, and how well it summarises."""

    paper: int
    values: dict[str, float]
    quality: float


def candidates(number: int, one: Told) -> Iterator[Candidate]:
    """Yield all cuts of all sentences of a paper; quality is the mean of ROUGE-1, -2 and -L."""
    parts = sentences(one.text)
    context = Context.of(one.title, parts)
    for place, part in enumerate(parts):
        for cut in cuts(part):
            bag = terms(cut.text)
            values = features(context, place, bag, cut) | dict.fromkeys(cues(bag), 1.0)
            yield Candidate(number, values, sum(rouge(cut.text, one.references)) / 3)


def fitted(given: Sequence[Candidate]) -> dict[str, float]:
    """Return the weights by ridge regression of quality on features, both centred within each paper."""
    names = sorted({name for one in given for name in one.values if name.startswith(":")})
    spread = Counter(name for one in given for name in one.values if not name.startswith(":"))
    names += sorted(cue for cue, count in spread.items() if count >= _LEAST)
    place = {name: column for column, name in enumerate(names)}
    table = np.zeros((len(given), len(names)))
    for row, one in enumerate(given):
        known = [(place[name], value) for name, value in one.values.items() if name in place]
        table[row, [column for column, _ in known]] = [value for _, value in known]
    papers = np.array([one.paper for one in given])
    table, quality = _centred(table, papers), _centred(np.array([[one.quality] for one in given]), papers)
    weights = np.linalg.solve(table.T @ table + _RIDGE * np.eye(len(names)), table.T @ quality)[:, 0]
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}


def _centred(table: NDArray[np.float64], papers: NDArray[np.int64]) -> NDArray[np.float64]:
    sums = np.zeros((papers.max() + 1, table.shape[1]))
    np.add.at(sums, papers, table)
    return np.asarray(table - (sums / np.maximum(np.bincount(papers), 1)[:, None])[papers])


def main() -> None:
    """Write the weights that the program reads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collection", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    chosen = parser.parse_args()
    train = told(Collection(chosen.collection, "train"))
    weights = fitted([one for number, paper in enumerate(train) for one in candidates(number, paper)])
    made = {"made_by": "broadsheet.training.summary", "from": "scitldr train (Apache-2.0)", "weights": weights}
    chosen.out.write_text(json.dumps(made, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
