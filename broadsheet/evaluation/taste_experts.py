"""Experts weighed for each reader, learned from masked histories: taste beside which what ships is measured.

After AW-MoE (Gong et al., 2022): several ways of reading a shelf, and weights of each that depend on how much there is
on it, learned by hiding a fifth of what is shown and asking for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from broadsheet.evaluation.taste import Numbers, Scores, Shelves, Split, served
from broadsheet.rank import taste
from broadsheet.rank.nearness import Papers

_MASKS = (1, 2)  # seeds by which histories are masked
_MASKED = 0.2  # share of the shown papers
_STEPS, _BATCH, _RATE = 300, 256, 0.02
_DEPTH = 50 / 381  # of the candidates: what is learned is to stand among the first fifty of those of citeulike_a
_MIDDLE = 1.5  # ln(1 + papers) around which the weights turn
_FIRST = {"near": 1.0, "read": 2.0}  # the weights that learning begins with: those of what ships

Weights = NDArray[np.float64]


class Side:
    """Some papers shown and some hidden, and what each expert says of the hidden ones for a shelf."""

    def __init__(self, shown: Papers, hidden: Papers, readers: Numbers, saved: Numbers) -> None:
        self._near = np.maximum(hidden.near(shown), 0)
        self._meaning = hidden.vectors @ shown.vectors.T
        self._readers = taste.CoReading(readers, saved, len(shown))
        self._neighbours = taste.Neighbours.of(self._near)

    def said(self, shelf: Numbers) -> Scores:
        """Return (experts, hidden papers) what each says, in standard deviations."""
        near, warmth = self._near[:, shelf], self._readers.warmth(shelf)
        experts = {
            "near": (near**2).mean(axis=1),
            "nearer": (near**4).mean(axis=1),
            "nearest": near.max(axis=1),
            "mean": near.mean(axis=1),
            "meaning": self._meaning[:, shelf].mean(axis=1),
            "read": self._neighbours.warmth(warmth),
            "read by some": self._neighbours.warmth(np.sqrt(warmth)),
        }
        return np.array([_standard(column) for column in experts.values()], np.float32)


NAMES = ("near", "nearer", "nearest", "mean", "meaning", "read", "read by some")


class Experts:
    """Weights learned on two masks of what a split shows."""

    def __init__(self, shelves: Shelves, papers: Papers, split: Split) -> None:
        shown = papers.take(split.shown)
        lessons = [_lesson(shown, split, seed) for seed in _MASKS]
        self._weights = _learned(lessons)
        self._side = Side(shown, papers.take(split.hidden), split.readers, split.saved)

    def scores(self, shelf: Numbers) -> Scores:
        """Return the scores of all hidden papers for a reader of some shown ones."""
        first, grows = self._weights
        weights = first + grows * (np.log1p(len(shelf)) - _MIDDLE)
        return np.asarray(weights @ self._side.said(shelf), np.float32)


Lesson = tuple[Scores, NDArray[np.float64], Scores]  # what experts say, ln(1 + papers) less the middle, shares wanted


def _lesson(shown: Papers, split: Split, seed: int) -> Lesson:
    """Return (readers, experts, papers), (readers,), (readers, papers) of a mask over what is shown."""
    masked = np.zeros(len(shown), bool)
    masked[np.random.default_rng(seed).permutation(len(shown))[: round(_MASKED * len(shown))]] = True
    places = np.where(masked, np.cumsum(masked), np.cumsum(~masked)) - 1
    hides = masked[split.saved]
    cases = served(split.readers, places[split.saved], hides)
    left, asked = (shown.take(np.flatnonzero(one)) for one in (~masked, masked))
    side = Side(left, asked, split.readers[~hides], places[split.saved[~hides]])
    wanted = np.zeros((len(cases), len(asked)), np.float32)
    for row, (_, hidden) in enumerate(cases):
        wanted[row, hidden] = 1 / len(hidden)
    sizes = np.log1p([len(shelf) for shelf, _ in cases]) - _MIDDLE
    return np.array([side.said(shelf) for shelf, _ in cases]), sizes, wanted


def _learned(lessons: list[Lesson]) -> Weights:
    """Return (2, experts): the weights at the middle size, and how they grow with it, by Adam on a smooth recall."""
    said, sizes, wanted = (np.concatenate(parts) for parts in zip(*lessons, strict=True))
    weights = np.zeros((2, len(NAMES)))
    for name, weight in _FIRST.items():
        weights[0, NAMES.index(name)] = weight
    first, second, dice = np.zeros_like(weights), np.zeros_like(weights), np.random.default_rng(0)
    for step in range(1, _STEPS + 1):
        rows = dice.integers(0, len(said), _BATCH)
        slope = _slope(weights, said[rows], sizes[rows], wanted[rows])
        first += 0.1 * (slope - first)
        second += 0.01 * (slope**2 - second)
        pace = _RATE * (1 - 0.9 * step / _STEPS)
        weights -= pace * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weights


def _slope(weights: Weights, said: Scores, sizes: NDArray[np.float64], wanted: Scores) -> Weights:
    """Return the slope of the mean share of wanted papers below the last place that counts, softened."""
    scores = np.einsum("re,rep->rp", weights[0] + sizes[:, None] * weights[1], said)
    last = max(int(_DEPTH * scores.shape[1]), 1)
    border = np.argpartition(-scores, last, axis=1)[:, last]
    rows = np.arange(len(scores))
    above = 1 / (1 + np.exp(np.clip(scores - scores[rows, border][:, None], -30, 30)))
    back = -above * (1 - above) * wanted
    slopes = np.einsum("rep,rp->re", said, back) - said[rows, :, border] * back.sum(axis=1)[:, None]
    return np.array([slopes.mean(axis=0), (slopes * sizes[:, None]).mean(axis=0)])


def _standard(column: Scores) -> Scores:
    return np.asarray((column - column.mean()) / max(float(column.std()), 1e-9))
