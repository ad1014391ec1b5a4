"""What asking for more or less of a concept does to the papers like one, by the papers' own concepts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from broadsheet.query import plain
from broadsheet.rank import View, run

_ASKED = 500  # papers whose likes are looked at
_FIRST = 10
_FEWEST = 2  # concepts that such a paper has

Measures = dict[str, float]


def measured(view: View) -> dict[str, Measures]:
    """Return, for papers of a snapshot, shares of the first ten alike that have the paper's two strongest concepts.

    `first` and `second` are these shares, `nearness` the mean cosine to the paper; as they stand, asked for more of
    the first, for less of the second, and both.
    """
    snapshot = view.snapshot
    candidates = [row for row in range(snapshot.rows) if len(snapshot.concepts_of(row)) >= _FEWEST]
    found: dict[str, list[tuple[float, float, float]]] = {}
    for row in random.Random(10).sample(candidates, min(_ASKED, len(candidates))):
        first, second = snapshot.concepts_of(row)[:_FEWEST]
        itself = replace(plain(""), like=(int(snapshot.keys[row]),))
        ways = {
            "as it is": itself,
            "more": replace(itself, more=(first,)),
            "less": replace(itself, less=(second,)),
            "both": replace(itself, more=(first,), less=(second,)),
        }
        for way, query in ways.items():
            top = run("similar", query, view).rows[:_FIRST]
            cosines = snapshot.dense.cosines(top, snapshot.dense.vectors(np.array([row]))[0])
            having = [snapshot.concepts_of(other) for other in top.tolist()]
            shares = (float(np.mean([name in names for names in having])) for name in (first, second))
            found.setdefault(way, []).append((*shares, float(cosines.mean())))  # type: ignore[arg-type]
    return {way: _mean(rows) for way, rows in found.items()}


def _mean(rows: Sequence[tuple[float, float, float]]) -> Measures:
    means = np.mean(rows, axis=0).tolist()
    return {name: round(mean, 4) for name, mean in zip(("first", "second", "nearness"), means, strict=True)}
