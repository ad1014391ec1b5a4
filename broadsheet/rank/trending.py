"""What trends: a published formula over numbers and the time, and nothing else.

score = 100 x energy x (24 / (24 + age))^0.8, the age in hours since the paper's edition began. The energy is a weighted
sum of logarithms, so that the tenth vote says more than the thousandth. Base and gravity are ResearchHub's, whose decay
suits papers, which come in one batch a day; `/about/trending` explains it to readers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import log1p

from broadsheet.records import Attention, Standing, Vote
from broadsheet.rights import vote_weight

BASE = 24.0  # hours until the age begins to tell
GRAVITY = 0.8
WEIGHTS = {"votes": 1.0, "saves": 0.6, "comments": 0.4, "stars": 0.5, "citations": 0.5, "mentions": 0.4}
FORESEEN = 0.3  # how much of a vote an expected vote is worth on the first day; it fades as real ones could have come

_HOUR = 3_600.0


def age(announced: str, now: datetime) -> float:
    """Return the hours since an edition's day began where `now` is; 0 before."""
    began = datetime.fromisoformat(announced).replace(tzinfo=now.tzinfo)
    return max((now - began).total_seconds() / _HOUR, 0.0)


def decay(hours: float) -> float:
    """Return what is left of a score at an age: 1 at first, 0.57 after a day, 0.19 after a week."""
    return float((BASE / (BASE + hours)) ** GRAVITY)


def energy(of: Attention, hours: float) -> dict[str, float]:
    """Return what each signal gives to a paper's energy at an age in hours; what gives nothing is left out.

    Where few votes can have come yet, the expected ones stand in for them, a prior that fades like BASE / (BASE + age),
    so that a day without votes is still in order. What they add to the votes is the part called "expected".
    """
    prior = FORESEEN * of.expected * BASE / (BASE + hours)
    votes = log1p(of.votes)
    parts = {"votes": WEIGHTS["votes"] * votes} if votes > 0 else {}
    if prior > 0:
        parts["expected"] = WEIGHTS["votes"] * (log1p(of.votes + prior) - votes)
    for kind in ("saves", "comments", "stars", "citations", "mentions"):
        if (value := getattr(of, kind)) > 0:
            parts[kind] = WEIGHTS[kind] * log1p(value)
    return parts


def explain(of: Attention, now: datetime) -> Standing:
    """Return a paper's score with all that it is made of."""
    hours = age(of.announced, now)
    return Standing(attention=of, parts=energy(of, hours), age=hours, decay=decay(hours), score=score(of, now))


def score(of: Attention, now: datetime) -> float:
    """Return how much a paper trends now."""
    return _score(of, age(of.announced, now))


def _score(of: Attention, hours: float) -> float:
    return 100 * sum(energy(of, hours).values()) * decay(hours)


def order(papers: Iterable[Attention], now: datetime) -> list[tuple[int, float]]:
    """Return (key, score), what trends most first; equals by edition, newest first, then by key."""
    papers = list(papers)
    hours = {day: age(day, now) for day in {paper.announced for paper in papers}}
    scored = [(_score(paper, hours[paper.announced]), paper.announced, -paper.key) for paper in papers]
    return [(-key, value) for value, _, key in sorted(scored, reverse=True)]


def standing(papers: Iterable[Attention], now: datetime) -> list[int]:
    """Return the keys of papers by their energy alone: how a day, a week or a month is ordered, whose age is one."""
    scored = [(sum(energy(paper, age(paper.announced, now)).values()), -paper.key) for paper in papers]
    return [-key for _, key in sorted(scored, reverse=True)]


def by_edition(papers: Sequence[Attention], now: datetime) -> list[int]:
    """Return the keys of papers edition by edition, the newest first, each in its own order."""
    editions = sorted({paper.announced for paper in papers}, reverse=True)
    return [key for day in editions for key in standing((p for p in papers if p.announced == day), now)]


def weighed(papers: Iterable[Attention], votes: Sequence[Vote], savers: Mapping[int, int]) -> list[Attention]:
    """Return papers with the votes given here counted by what they weigh, and with the readers who keep them.

    The vote of a new account weighs little, and so do further votes of a burst from one network (rights.vote_weight).
    """
    given, weights = Counter(vote.key for vote in votes), _weights(votes)
    return [
        replace(
            paper,
            votes=max(paper.votes - given[paper.key] + weights.get(paper.key, 0.0), 0.0),
            saves=float(savers.get(paper.key, 0)),
        )
        if paper.key in given or paper.key in savers
        else paper
        for paper in papers
    ]


def _weights(votes: Sequence[Vote]) -> dict[int, float]:
    weights: dict[int, float] = {}
    crowd: Counter[tuple[int, int]] = Counter()
    for vote in sorted(votes, key=lambda vote: vote.made):
        earlier = 0
        if vote.network is not None:
            earlier = crowd[vote.key, vote.network]
            crowd[vote.key, vote.network] += 1
        weights[vote.key] = weights.get(vote.key, 0.0) + vote_weight(vote.age_days, earlier)
    return weights
