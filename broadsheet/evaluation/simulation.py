"""The trending formula beside others in a simulated world: papers arrive, readers look and vote, rings cheat.

One measurement a paper is all that front pages leave behind, so that how a list would have moved can only be simulated.
What is known of the real one is matched: papers a day, votes a paper and their spread (front_pages, May 2024 to June
2026). Everything else is an assumption, and stands in `World`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet.rank import trending
from broadsheet.records import Attention
from broadsheet.rights import vote_weight

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """What is assumed. The first three are the file's; a day is 24 steps of an hour."""

    papers_a_day: float = 16.8
    votes_a_paper: float = 11.2
    spread: float = 1.05  # of ln(1 + votes), which is what a paper deserves here
    days: int = 42
    warm_up: int = 14  # days before anything is measured
    attention: float = 0.93  # of those who look at one place, how many go on to the next
    explorers: float = 0.25  # share of visits that go through the day's papers in no order
    foresight: float = 0.6  # correlation of expected votes with deserved ones, on logarithms (experiment 1)
    ring: int = (
        40  # accounts, a day old, from two networks, which vote for one middling paper a week in its first hours
    )
    seed: int = 2026


@dataclass(frozen=True)
class Papers:
    """What arrives: each paper's hour, what it deserves, what was expected, and whether a ring is behind it."""

    hour: Whole
    deserves: Floats
    expected: Floats
    pushed: NDArray[np.bool_]


Formula = Callable[[Floats, Floats, Floats, Floats], Floats]  # (votes, weighed votes, expected, age in hours) -> score


def ours(votes: Floats, weighed: Floats, expected: Floats, age: Floats) -> Floats:
    """Return the scores of rank/trending.py, itself."""
    scores = []
    for own, foreseen, hours in zip(weighed.tolist(), expected.tolist(), age.tolist(), strict=True):
        parts = trending.energy(Attention(0, "", own, expected=foreseen), hours)
        scores.append(sum(parts.values()) * trending.decay(hours))
    return np.array(scores)


def hacker_news(votes: Floats, weighed: Floats, expected: Floats, age: Floats) -> Floats:
    """Return votes^0.8 / (age + 2)^1.8 (news.arc)."""
    return np.asarray(votes**0.8 / (age + 2) ** 1.8)


def reddit(votes: Floats, weighed: Floats, expected: Floats, age: Floats) -> Floats:
    """Return log10(votes) + seconds / 45,000 (_sorts.pyx)."""
    return np.asarray(np.log10(np.maximum(votes, 1)) - age * 3_600 / 45_000)


def research_hub(votes: Floats, weighed: Floats, expected: Floats, age: Floats) -> Floats:
    """Return 100 E / (age + 24)^0.8, E of votes and freshness alone (hot_score.py)."""
    return np.asarray(100 * (5 * np.log1p(votes) + 10 * np.log1p(24 / (age + 24))) / (age + 24) ** 0.8)


def most_votes(votes: Floats, weighed: Floats, expected: Floats, age: Floats) -> Floats:
    """Return the votes."""
    return votes


def newest(votes: Floats, weighed: Floats, expected: Floats, age: Floats) -> Floats:
    """Return the freshness."""
    return -age


FORMULAS: Mapping[str, Formula] = {
    "broadsheet": ours,
    "hacker news": hacker_news,
    "reddit": reddit,
    "researchhub": research_hub,
    "votes": most_votes,
    "newest": newest,
}
KEPT = 14 * 24  # hours for which a paper stands in the list
_TOP, _GOOD = 10, 0.9  # the first screen; papers that deserve more than nine in ten


@dataclass
class Course:
    """How it went: votes in the end, the first hour in which each paper stood in the top, and the hours it did."""

    votes: Floats
    rose: Floats
    stayed: Floats
    worth: list[float] = field(default_factory=list)  # what the top deserves, of what the best do, hour by hour


def arrivals(world: World) -> Papers:
    """Return the papers of a world, a batch at midnight of each day."""
    dice = np.random.default_rng(world.seed)
    hour = np.repeat(np.arange(world.days) * 24, dice.poisson(world.papers_a_day, world.days))
    good, noise = dice.normal(size=(2, len(hour)))
    mean = np.log1p(world.votes_a_paper) - world.spread**2 / 2
    seen = world.foresight * good + np.sqrt(1 - world.foresight**2) * noise
    pushed = np.zeros(len(hour), bool)
    middling = np.abs(good) < 0.2
    for day in range(world.warm_up, world.days, 7):
        pushed[np.flatnonzero(middling & (hour >= day * 24))[:1]] = True
    deserves, expected = (
        np.expm1(np.maximum(mean + spread * share, 0)) for spread, share in ((world.spread, good), (0.6, seen))
    )
    return Papers(hour, deserves, expected, pushed)


def run(world: World, papers: Papers, formula: Formula, eagerness: float, *, ring: bool) -> Course:
    """Let readers and a ring loose on a list in the order of a formula."""
    dice = np.random.default_rng(world.seed + 1)
    count = len(papers.hour)
    course = Course(np.zeros(count), np.full(count, np.inf), np.zeros(count))
    votes, pushed_votes = course.votes, np.zeros(count)
    weights = np.cumsum([vote_weight(1.0, n // 2) for n in range(world.ring)])
    looked = world.attention ** np.arange(count)
    for now in range(world.days * 24):
        here = np.flatnonzero((papers.hour <= now) & (papers.hour > now - KEPT))
        age = (now - papers.hour[here]).astype(float)
        weighed = votes[here] - pushed_votes[here] + _weighed(weights, pushed_votes[here])
        order = here[np.argsort(-formula(votes[here], weighed, papers.expected[here], age), kind="stable")]
        _observe(course, papers, order, now, world)
        share = np.zeros(count)
        share[order] = (1 - world.explorers) * looked[: len(order)] / looked[: len(order)].sum()
        fresh = here[age < 24]
        share[fresh] += world.explorers / max(len(fresh), 1)
        votes += dice.poisson(eagerness * share * papers.deserves)
        if ring:
            start = papers.pushed & (papers.hour + 1 <= now) & (now < papers.hour + 5)
            pushed_votes[start] += world.ring / 4
            votes[start] += world.ring / 4
    return course


def _weighed(weights: Floats, pushed: Floats) -> Floats:
    return np.where(pushed > 0, weights[np.maximum(pushed.astype(int) - 1, 0)], 0.0)


def _observe(course: Course, papers: Papers, order: Whole, now: int, world: World) -> None:
    if now < world.warm_up * 24:
        return
    top = order[:_TOP]
    course.rose[top] = np.minimum(course.rose[top], now - papers.hour[top])
    course.stayed[top] += 1
    best = np.sort(papers.deserves[order])[-_TOP:]
    course.worth.append(float(papers.deserves[top].sum() / max(best.sum(), 1e-9)))


def calibrated(world: World, papers: Papers, formula: Formula) -> float:
    """Return how eager readers must be, so that a paper gets as many votes in the end as in the file."""
    eagerness = 1.0
    for _ in range(4):
        found = run(world, papers, formula, eagerness, ring=False).votes.mean()
        eagerness *= world.votes_a_paper / max(found, 1e-9)
    return eagerness


def measured(world: World, formula: Formula) -> dict[str, float]:
    """Return how a formula does in a world.

    `rise`: hours until half of the good papers have stood in the top ten; `risen`: the share that ever did; `stay`:
    hours that those stood there; `worth`: what the top ten deserves, of what the ten best of the list do; `ring`:
    hours that a ring gains in the top ten for each paper it pushes.
    """
    papers = arrivals(world)
    eagerness = calibrated(world, papers, formula)
    honest, cheated = (run(world, papers, formula, eagerness, ring=ring) for ring in (False, True))
    counted = (papers.hour >= world.warm_up * 24) & (papers.hour < (world.days - 7) * 24)
    good = counted & (papers.deserves >= np.quantile(papers.deserves[counted], _GOOD))
    risen = np.isfinite(honest.rose[good])
    return {
        "rise": float(np.median(np.minimum(honest.rose[good], KEPT))),
        "risen": float(risen.mean()),
        "stay": float(honest.stayed[good][risen].mean()) if risen.any() else 0.0,
        "worth": float(np.mean(honest.worth)),
        "ring": float((cheated.stayed - honest.stayed)[papers.pushed & counted].mean()),
    }


def simulate(world: World, worlds: int) -> dict[str, Any]:
    """Return the measures of all formulas, averaged over worlds that differ in their seeds alone."""
    rows = {
        name: [measured(replace(world, seed=world.seed + 10 * n), formula) for n in range(worlds)]
        for name, formula in FORMULAS.items()
    }
    means = {
        name: {measure: round(float(np.mean([row[measure] for row in found])), 3) for measure in found[0]}
        for name, found in rows.items()
    }
    return {"world": asdict(world), "worlds": worlds, "formulas": means}
