"""Retrieval as expressions: `a >> b` then, `a + b` weighted sum, `0.5 * a` weight, `a | b` union, `a % k` cut.

A stage is a value: it prints as the expression that makes it, and two that print alike are equal. Laws: `>>`, `+` and
`|` are associative; `+` and `|` give the same rows whichever side comes first; `a % j % k == a % min(j, k)`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from broadsheet.query import Query
from broadsheet.rank.ranking import Ranking, View, normalised, places_of, united

MOST = 1_000  # results that a stage ranks where no cut says less

_UNION, _THEN, _SUM, _TIMES, _ATOM = range(5)  # how tightly Python binds what a stage prints as


class Stage:
    """A step `(Query, Ranking, View) -> Ranking`; subclasses say what it does in `rank`, and print as they are made."""

    binds = _ATOM

    def __call__(self, query: Query, ranking: Ranking, view: View) -> Ranking:
        """Return what this stage makes of a ranking; retrieving stages take no notice of it."""
        return self.rank(query, ranking, view, MOST)

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        """Return the ranking of which no more than the first `limit` rows will be looked at."""
        raise NotImplementedError

    def explain(self) -> str:
        """Return the expression as a tree, a stage a line."""
        return "\n".join(self._tree(0))

    def parts(self) -> tuple[Stage, ...]:
        """Return the stages that this one is made of."""
        return ()

    def _tree(self, depth: int) -> list[str]:
        name = repr(self) if not self.parts() else type(self).__name__.lower()
        return ["  " * depth + name, *(line for part in self.parts() for line in part._tree(depth + 1))]

    def __rshift__(self, other: Stage) -> Stage:
        return Then(*_flat(Then, self), *_flat(Then, other))

    def __add__(self, other: Stage) -> Stage:
        return Sum(*_weighted(self), *_weighted(other))

    def __rmul__(self, weight: float) -> Stage:
        return Sum(*((weight * own, stage) for own, stage in _weighted(self)))

    def __or__(self, other: Stage) -> Stage:
        return Union(*_flat(Union, self), *_flat(Union, other))

    def __mod__(self, k: int) -> Stage:
        return Cut(self.stage, min(k, self.k)) if isinstance(self, Cut) else Cut(self, k)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stage) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def _within(self, binds: int) -> str:
        return repr(self) if self.binds >= binds else f"({self!r})"


class Then(Stage):
    """Each stage on what the one before it made."""

    binds = _THEN

    def __init__(self, *stages: Stage) -> None:
        self.stages = stages

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        for stage in self.stages[:-1]:
            ranking = stage(query, ranking, view)
        return self.stages[-1].rank(query, ranking, view, limit)

    def parts(self) -> tuple[Stage, ...]:
        return self.stages

    def __repr__(self) -> str:
        return " >> ".join(stage._within(_SUM) for stage in self.stages)


class Union(Stage):
    """The rows of all stages with their features, by first appearance; scores do not compare, so all are 0."""

    binds = _UNION

    def __init__(self, *stages: Stage) -> None:
        self.stages = stages

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        made = tuple(stage.rank(query, ranking, view, limit) for stage in self.stages)
        rows, features = united(made)
        return _about(made, Ranking(rows, np.zeros(len(rows), np.float32), features))

    def parts(self) -> tuple[Stage, ...]:
        return self.stages

    def __repr__(self) -> str:
        return " | ".join(stage._within(_THEN) for stage in self.stages)


class Sum(Stage):
    """The rows of all stages by the weighted sum of their scores, each brought to 0..1 first; a row missed counts 0."""

    def __init__(self, *weighted: tuple[float, Stage]) -> None:
        self.weighted = weighted

    @property
    def binds(self) -> int:  # type: ignore[override]
        return _SUM if len(self.weighted) > 1 else _TIMES

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        made = tuple(stage(query, ranking, view) for _, stage in self.weighted)
        rows, features = united(made)
        scores = np.zeros(len(rows), np.float32)
        for (weight, _), part in zip(self.weighted, made, strict=True):
            scores[places_of(part.rows, rows)] += np.float32(weight) * normalised(part.scores)
        return _about(made, Ranking(rows, scores, features)).scored(scores, view)

    def parts(self) -> tuple[Stage, ...]:
        return tuple(stage for _, stage in self.weighted)

    def __repr__(self) -> str:
        return " + ".join(
            stage._within(_TIMES) if weight == 1 and len(self.weighted) > 1 else f"{weight!r} * {stage._within(_ATOM)}"
            for weight, stage in self.weighted
        )


class Cut(Stage):
    """The first k rows; the stage is told, so that an index need not find more."""

    binds = _TIMES

    def __init__(self, stage: Stage, k: int) -> None:
        if k < 1:
            raise ValueError(f"a cut keeps at least one row, not {k}")
        self.stage, self.k = stage, k

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        return self.stage.rank(query, ranking, view, min(limit, self.k)).cut(0, self.k)

    def parts(self) -> tuple[Stage, ...]:
        return (self.stage,)

    def __repr__(self) -> str:
        return f"{self.stage._within(_TIMES)} % {self.k}"


def _flat(kind: type[Then] | type[Union], stage: Stage) -> tuple[Stage, ...]:
    return stage.stages if isinstance(stage, kind) else (stage,)


def _weighted(stage: Stage) -> tuple[tuple[float, Stage], ...]:
    return stage.weighted if isinstance(stage, Sum) else ((1.0, stage),)


def _about(made: tuple[Ranking, ...], ranking: Ranking) -> Ranking:
    """Return a ranking with the greatest total and all notes of those it was made of."""
    notes = tuple(dict.fromkeys(note for part in made for note in part.notes))
    return replace(ranking, total=max((part.total for part in made), default=-1), notes=notes)
