"""The algebra of stages: its laws, and that stages are values."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet import rank
from broadsheet.query import parse
from broadsheet.rank import PROFILES, Blend, Dense, Features, Lexical, Ranking, Similar, Stage, View

_ROWS = 12
_VIEW: Any = SimpleNamespace(snapshot=SimpleNamespace(keys=np.arange(_ROWS)[::-1] + 100))
_NAMES = {name: getattr(rank, name) for name in rank.__all__}


class Given(Stage):
    """Ranks given rows, the first best."""

    def __init__(self, rows: Sequence[int]) -> None:
        self.rows = tuple(rows)

    def rank(self, query: Any, ranking: Ranking, view: View, limit: int) -> Ranking:
        scores = np.array([1 / (1 + place) for place in range(len(self.rows))], np.float32)
        return Ranking(np.array(self.rows, np.int32), scores, {f"f{len(self.rows)}": scores}).cut(0, limit)

    def __repr__(self) -> str:
        return f"Given({self.rows!r})"


class Backwards(Stage):
    """Turns a ranking round."""

    def rank(self, query: Any, ranking: Ranking, view: View, limit: int) -> Ranking:
        return ranking.take(np.arange(len(ranking))[::-1]).cut(0, limit)

    def __repr__(self) -> str:
        return "Backwards()"


_GIVEN = st.lists(st.integers(0, _ROWS - 1), unique=True).map(Given)
_WEIGHTS = st.sampled_from([0.25, 0.5, 1.0, 2.0])


def _grown(stages: st.SearchStrategy[Stage]) -> st.SearchStrategy[Stage]:
    return st.one_of(
        st.tuples(stages, stages).map(lambda ab: ab[0] | ab[1]),
        st.tuples(stages, stages).map(lambda ab: ab[0] + ab[1]),
        stages.map(lambda stage: stage >> Backwards()),
        st.tuples(stages, st.integers(1, 20)).map(lambda ak: ak[0] % ak[1]),
        st.tuples(_WEIGHTS, stages).map(lambda wa: wa[0] * wa[1]),
    )


_STAGES: st.SearchStrategy[Stage] = st.recursive(_GIVEN, _grown, max_leaves=6)


def _ranked(stage: Stage) -> Ranking:
    return stage(parse("x"), Ranking.empty(), _VIEW)


def _same(one: Stage, other: Stage) -> None:
    a, b = _ranked(one), _ranked(other)
    assert a.rows.tolist() == b.rows.tolist()
    np.testing.assert_allclose(a.scores, b.scores, rtol=1e-5)
    assert a.features.keys() == b.features.keys()
    for name, column in a.features.items():
        np.testing.assert_array_equal(column, b.features[name])


@given(_GIVEN, _GIVEN, _GIVEN)
def test_grouping_does_not_matter(a: Stage, b: Stage, c: Stage) -> None:
    assert (a | b) | c == a | (b | c)
    assert (a + b) + c == a + (b + c)
    assert (a >> b) >> c == a >> (b >> c)
    _same((a | b) | c, a | (b | c))
    _same((a + b) + c, a + (b + c))


@given(_GIVEN, _GIVEN)
def test_the_order_of_sums_and_unions_changes_no_rows(a: Stage, b: Stage) -> None:
    assert _ranked(a + b).rows.tolist() == _ranked(b + a).rows.tolist()
    assert set(_ranked(a | b).rows.tolist()) == set(_ranked(b | a).rows.tolist())


@given(_STAGES, st.integers(1, 20), st.integers(1, 20))
def test_a_cut_is_the_first_rows_of_what_is_cut(stage: Stage, j: int, k: int) -> None:
    assert _ranked(stage % k).rows.tolist() == _ranked(stage).rows[:k].tolist()
    assert stage % j % k == stage % min(j, k)


@given(_STAGES)
def test_a_stage_prints_as_the_expression_that_makes_it(stage: Stage) -> None:
    again = eval(repr(stage), {"Given": Given, "Backwards": Backwards})
    assert again == stage
    assert hash(again) == hash(stage)
    assert repr(again) == repr(stage)
    _same(again, stage)


@given(_STAGES)
def test_rows_stand_once_and_sums_in_order(stage: Stage) -> None:
    rows = _ranked(stage).rows.tolist()
    assert len(rows) == len(set(rows))
    scores = _ranked(stage + Given([])).scores
    assert (np.diff(scores) <= 0).all()


@pytest.mark.parametrize("profile", PROFILES.values(), ids=str)
def test_profiles_print_and_explain_themselves(profile: Stage) -> None:
    assert eval(repr(profile), _NAMES) == profile
    leaves = [line.strip() for line in profile.explain().splitlines()]
    assert any(leaf.startswith(("Lexical", "Dense", "Similar", "Personal")) for leaf in leaves)


def test_the_design_writes_as_it_reads() -> None:
    written = "(Lexical() % 300 | Dense() % 300) >> Features() >> 0.5 * Blend(lexical=1.0) + Lexical() % 100"
    made = (Lexical() % 300 | Dense() % 300) >> Features() >> 0.5 * Blend(lexical=1.0) + Lexical() % 100
    assert repr(made) == written
    assert made != Lexical() % 300
    one, other = (Similar(words, 0.3, against=0.5, more=0.7, less=0.4) for words in (0.5, 0.6))
    assert one != other


def test_a_missing_row_counts_nothing_and_equals_stand_by_key() -> None:
    ranking = _ranked(Given([3, 5]) + Given([5, 7, 3]))
    assert ranking.rows.tolist() == [5, 3, 7]
    assert _ranked(Given([2]) + Given([9])).rows.tolist() == [9, 2]  # row 9 has the lesser key


def test_a_cut_keeps_at_least_one_row() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Lexical() % 0
