"""What asking for more or less of a concept does to the papers like one, by the papers' own concepts."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import concepts, load, paper_text
from broadsheet.rank.profiles import SIMILAR

_ASKED = 500  # papers whose likes are looked at
_FIRST = 10
_FEWEST = 2  # concepts that such a paper has

Measures = dict[str, float]


def measured(texts: Sequence[tuple[str, str]]) -> dict[str, Measures]:
    """Return, for (title, text) of papers, shares of the first ten alike that have the paper's two strongest concepts.

    `first` and `second` are these shares, `nearness` the mean cosine to the paper; as they stand, asked for more of
    the first, for less of the second, and both.
    """
    encoder = load()
    known = concepts.load(encoder.id)
    vectors = encoder.encode([paper_text(title, text) for title, text in texts])
    own = [[known.names[number] for number in numbers] for numbers in known.of(vectors)]
    candidates = [number for number, names in enumerate(own) if len(names) >= _FEWEST]
    asked = random.Random(10).sample(candidates, min(_ASKED, len(candidates)))
    more, less = SIMILAR["more"], -SIMILAR["less"]

    def ways(number: int) -> dict[str, Mapping[str, float]]:
        first, second = own[number][:2]
        return {"as it is": {}, "more": {first: more}, "less": {second: less}, "both": {first: more, second: less}}

    found: dict[str, list[tuple[float, float, float]]] = {}
    for number in asked:
        for way, by in ways(number).items():
            top = _alike(vectors, known.moved(vectors[[number]], by)[0], number)
            shares = (float(np.mean([name in own[other] for other in top.tolist()])) for name in own[number][:2])
            found.setdefault(way, []).append((*shares, float((vectors[top] @ vectors[number]).mean())))  # type: ignore[arg-type]
    return {way: _mean(rows) for way, rows in found.items()}


def _alike(vectors: NDArray[np.float32], wanted: NDArray[np.float32], itself: int) -> NDArray[np.intp]:
    nearness = vectors @ wanted
    nearness[itself] = -1
    return np.argpartition(-nearness, _FIRST)[:_FIRST]


def _mean(rows: Sequence[tuple[float, float, float]]) -> Measures:
    means = np.mean(rows, axis=0).tolist()
    return {name: round(mean, 4) for name, mean in zip(("first", "second", "nearness"), means, strict=True)}
