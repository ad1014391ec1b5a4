"""The simulated world: the same twice, votes as in the file, and what can be told of formulas without running long."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from broadsheet.evaluation import simulation
from broadsheet.evaluation.__main__ import main
from broadsheet.evaluation.simulation import FORMULAS, World

SMALL = World(days=12, warm_up=3, papers_a_day=12)


def test_a_seed_is_a_world() -> None:
    one, other = (simulation.measured(SMALL, FORMULAS["hacker news"]) for _ in range(2))
    assert one == other
    assert simulation.measured(replace(SMALL, seed=1), FORMULAS["hacker news"]) != one


def test_papers_get_as_many_votes_as_in_the_file() -> None:
    papers = simulation.arrivals(SMALL)
    for formula in (FORMULAS["reddit"], FORMULAS["votes"]):
        eagerness = simulation.calibrated(SMALL, papers, formula)
        votes = simulation.run(SMALL, papers, formula, eagerness, ring=False).votes
        assert votes.mean() == pytest.approx(SMALL.votes_a_paper, rel=0.15)


def test_what_is_foreseen_correlates_as_said() -> None:
    papers = simulation.arrivals(replace(SMALL, days=400))
    known = papers.deserves > 0
    found = np.corrcoef(np.log1p(papers.deserves[known]), np.log1p(papers.expected[known]))[0, 1]
    assert found == pytest.approx(SMALL.foresight, abs=0.08)


def test_a_ring_of_none_gains_nothing_and_a_ring_gains_by_plain_votes() -> None:
    assert simulation.measured(replace(SMALL, ring=1), FORMULAS["newest"])["ring"] == 0
    ring = {name: simulation.measured(SMALL, FORMULAS[name])["ring"] for name in ("votes", "broadsheet")}
    assert ring["broadsheet"] < ring["votes"]


def test_the_command_prints_every_formula(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "simulate", lambda world, worlds: {"world": world.ring, "worlds": worlds})
    assert main(["simulate", "--worlds", "2", "--ring", "9", "--json"]) == 0
    assert capsys.readouterr().out == '{"world": 9, "worlds": 2}\n'
