"""`python -m broadsheet.training.outlooks FRONT_PAGES` tries other ways of foreseeing votes beside predicted interest.

All are fitted on days before `--fit`, and measured on the days from there until `--until`: the ridge regression that
ships, fitted on the same days; a table of hashed features beside it (Unified Embedding, Coleman et al., 2023), learned
day by day; a small network over the attention that papers like this one had in the weeks before (after Tiny Time
Mixers, Ekambaram et al., 2024); and one network for votes and comments beside one for votes alone (after AdaTT, Li et
al., 2023: a part that tasks share, and one that each has for itself).
"""

from __future__ import annotations

import argparse
import itertools
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.evaluation import fronts
from broadsheet.evaluation.fronts import Item, Scores
from broadsheet.rank.interest import Pasts, read
from broadsheet.text.tokens import content_terms
from broadsheet.training.interest import fitted

TABLES = (8, 10, 12, 14, 16, 20)  # logarithms of how many weights a table has
PATCHES = (1, 3, 7, 14, 28, 56, 112, 224)  # days back at which a stretch of the past begins and ends
HIDDEN, STEPS, RATE = 16, 150, 0.01
DECAYS = 0.03, 0.03, 0.1  # of what is hidden, of what comes out of it, and of the linear part
_VECTOR = 0.25  # what a part of a vector counts beside a fact
_NEAR, _POWER = 0.2, 3.0  # cosine from which on a paper is like another, and the power of what is above it
_LEARNING = 0.002  # of the hashed table, as Adagrad's: more is worse in 2025

Mask = NDArray[np.bool_]


class Days:
    """Front pages in arrays: what is known of each paper, what became of it, and which came before `fit`."""

    def __init__(self, items: Sequence[Item], comments: Sequence[float], fit: str) -> None:
        encoder = encode.load("static")
        self.items = items
        self.seen: Mask = np.array([item.day < fit for item in items])
        self.day = np.array([date.fromisoformat(item.day).toordinal() for item in items])
        self.vectors = fronts.vectors(items, encoder).astype(float)
        self.known = fronts.features(items, Pasts(fronts.receptions(items)))
        self.votes = self._within(np.log1p([item.votes for item in items]))
        self.commented = list(comments)
        self.comments = self._within(np.log1p(self.commented))
        model = read(fitted([item for item, seen in zip(items, self.seen, strict=True) if seen]))
        self.ridge = model.scores(self.known, self.vectors.astype(np.float32)).astype(float)
        self.standard = model.standard(self.known).astype(float)

    def _within(self, column: Scores) -> Scores:
        """Return a column less the mean of each paper's day."""
        places = np.unique(self.day, return_inverse=True)[1]
        return np.asarray(column - (np.bincount(places, column) / np.bincount(places))[places])

    def centred(self, column: Scores) -> Scores:
        """Return a column less the mean of the day, in spreads of what was seen."""
        within = self._within(column)
        return np.asarray(within / max(float(within[self.seen].std()), 1e-9))

    def measured(self, score: Scores) -> dict[str, float]:
        """Return how well the days after `fit` are ordered."""
        held = np.flatnonzero(~self.seen).tolist()
        return fronts.measured([self.items[place] for place in held], score[held])

    def measured_comments(self, score: Scores) -> dict[str, float]:
        """Return the same for comments."""
        held = np.flatnonzero(~self.seen).tolist()
        return fronts.measured([replace(self.items[place], votes=self.commented[place]) for place in held], score[held])


def hashed(days: Days, width: int | None) -> tuple[Scores, int]:
    """Return scores of a table of 2^width weights for authors and words of titles, added to the ridge; and its size.

    It learns what the ridge leaves over, a day after having foreseen it. Without a width, nothing shares a weight.
    """
    table: dict[int, float] = {}
    squares: dict[int, float] = {}
    score = days.ridge.copy()
    for day in np.unique(days.day):
        places = np.flatnonzero(days.day == day)
        rows = [_hashes(days.items[place], width) for place in places.tolist()]
        for place, row in zip(places, rows, strict=True):
            score[place] += sum(table.get(one, 0.0) for one in row)
        left = days.votes[places] - (score[places] - score[places].mean())
        for row, error in zip(rows, left, strict=True):
            for one in row:
                squares[one] = squares.get(one, 0.1) + error**2
                table[one] = table.get(one, 0.0) + _LEARNING * error / np.sqrt(squares[one])
    return score, len(table)


def _hashes(item: Item, width: int | None) -> list[int]:
    names = [f"author {name}" for name in item.authors] + [f"word {word}" for word in content_terms(item.title)]
    return [zlib.crc32(name.encode()) if width is None else zlib.crc32(name.encode()) >> (32 - width) for name in names]


def past_of_topic(days: Days) -> Scores:
    """Return (n, 2 x stretches): the mean votes of papers like each one in stretches of the past, and how many."""
    edges = list(itertools.pairwise(PATCHES))
    middle = days.vectors[days.seen].mean(axis=0)
    seen = days.vectors - middle
    seen /= np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-9)
    found = np.zeros((len(seen), 2 * len(edges)))
    for day in np.unique(days.day):
        places = np.flatnonzero(days.day == day)
        for column, (newest, oldest) in enumerate(edges):
            past = np.flatnonzero((days.day <= day - newest) & (days.day > day - oldest))
            weights = np.maximum(seen[places] @ seen[past].T - _NEAR, 0) ** _POWER
            total = weights.sum(axis=1)
            found[places, column] = weights @ days.votes[past] / (total + 0.02)
            found[places, len(edges) + column] = np.log1p(100 * total / max(len(past), 1))
    return found


def network(inputs: Scores, targets: Scores, seen: Mask, *, own: int = HIDDEN) -> Scores:
    """Return (n, tasks) what a network foresees: a linear part of each task, and hidden parts, shared and its own.

    `targets` are (n, tasks); fitted on the rows that are seen by Adam with weight decay, all at once.
    """
    dice = np.random.default_rng(2026)
    x, y, tasks = inputs[seen], targets[seen], targets.shape[1]
    hidden = own * tasks + (own if tasks > 1 else 0)
    wide = dice.normal(0, 1 / np.sqrt(x.shape[1]), (x.shape[1], hidden))
    out, line = np.zeros((hidden, tasks)), np.zeros((x.shape[1], tasks))
    allowed = np.zeros((hidden, tasks))
    for task in range(tasks):
        allowed[own * task : own * (task + 1), task] = 1
    allowed[own * tasks :] = 1
    weights = [wide, out, line]
    moments = [(np.zeros_like(one), np.zeros_like(one)) for one in weights]
    for step in range(1, STEPS + 1):
        told = np.tanh(x @ weights[0])
        error = (told @ (weights[1] * allowed) + x @ weights[2] - y) / len(x)
        back = (error @ (weights[1] * allowed).T) * (1 - told**2)
        for place, slope in enumerate((x.T @ back, (told.T @ error) * allowed, x.T @ error)):
            first, second = moments[place]
            slope = slope + DECAYS[place] * weights[place]
            first += 0.1 * (slope - first)
            second += 0.01 * (slope**2 - second)
            weights[place] = weights[place] - RATE * (first / (1 - 0.9**step)) / (
                np.sqrt(second / (1 - 0.99**step)) + 1e-8
            )
    return np.asarray(np.tanh(inputs @ weights[0]) @ (weights[1] * allowed) + inputs @ weights[2])


def outlooks(days: Days) -> Iterator[tuple[str, Scores, str]]:
    """Yield the name of each way, its scores, and a note on it."""
    yield "ridge", days.ridge, f"{days.vectors.shape[1] + days.standard.shape[1]} weights"
    for width in (*TABLES, None):
        score, size = hashed(days, width)
        yield f"hashed {width or 'apart'}", score, f"{size} weights more"
    plain = np.column_stack([*(_VECTOR * days.centred(column) for column in days.vectors.T), *_facts(days)])
    past = np.column_stack([plain, *(days.centred(column) for column in past_of_topic(days).T)])
    votes = days.votes[:, None]
    both = np.column_stack([days.votes, days.comments])
    yield "network", network(plain, votes, days.seen)[:, 0], "votes alone"
    yield "network of the past", network(past, votes, days.seen)[:, 0], "votes, with those of topics before"
    told = network(plain, both, days.seen)
    yield "network of both", told[:, 0], f"votes and comments; comments: {days.measured_comments(told[:, 1])}"
    alone = network(plain, days.comments[:, None], days.seen)[:, 0]
    yield "comments alone", alone, f"comments: {days.measured_comments(alone)}"


def _facts(days: Days) -> list[Scores]:
    return [days.centred(column) for column in days.standard.T]


def comments_of(path: Path) -> dict[str, float]:
    """Return how many comments the papers of a file got."""
    return {str(line.get("id")): float(line.get("num_comments") or 0) for line in fronts.lines(path)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit all, and print how each orders the days that were held back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="front pages: JSON lines with daily_date and upvotes; plain or .zst")
    parser.add_argument("--fit", default="2025-01-01", metavar="DAY", help="fit on what came before (2025-01-01)")
    parser.add_argument("--until", default="2026-01-01", metavar="DAY", help="measure what came before (2026-01-01)")
    asked = parser.parse_args(arguments)
    items = [item for item in fronts.read(asked.file) if item.day < asked.until]
    comments = comments_of(asked.file)
    days = Days(items, [comments.get(item.id, 0.0) for item in items], asked.fit)
    for name, score, note in outlooks(days):
        print(f"{name:24} {json.dumps(days.measured(score))} {note}", flush=True)


if __name__ == "__main__":
    main()
