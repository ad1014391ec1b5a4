"""`python -m broadsheet.training.interest FRONT_PAGES` makes the coefficients of predicted interest.

Ridge regression of ln(1 + votes), both sides less the mean of their day, on the vector of the text and on what is known
of a paper and its authors; only days before `--before` are seen. `--validate DAY` holds back what comes after that day
and prints how well the rest foresees it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from broadsheet import encode
from broadsheet.evaluation import fronts
from broadsheet.evaluation.fronts import Item, Scores
from broadsheet.rank.interest import SHIPPED, Matrix, Pasts, read

BEFORE = "2026-01-01"
RIDGE = 40.0
SHARE = 0.2  # what a feature's spread counts beside a vector of length one
LEAST_SPREAD = 1e-3  # of a feature that is the same for all: coefficients are rounded, and what divides is never 0
TITLES = 0.3  # what a copy of each paper without its abstract counts: some papers have none


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, and write the coefficients, or print how well they foresee what was held back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="front pages: JSON lines with daily_date and upvotes; plain or .zst")
    parser.add_argument("--before", default=BEFORE, metavar="DAY", help=f"see nothing from this day on ({BEFORE})")
    parser.add_argument("--validate", metavar="DAY", help="hold back what comes from this day on, write nothing")
    asked = parser.parse_args(arguments)
    seen = [item for item in fronts.read(asked.file) if item.day < asked.before]
    if asked.validate:
        _validate(seen, asked.validate)
        return
    SHIPPED.parent.mkdir(exist_ok=True)
    SHIPPED.write_text(json.dumps(fitted(seen)) + "\n", encoding="utf-8")
    print(f"{len(seen):,} papers: {SHIPPED}")


def _validate(items: Sequence[Item], day: str) -> None:
    model = read(fitted([item for item in items if item.day < day]))
    held = [item for item in items if item.day >= day]
    orders = fronts.scores(held, items, model, encode.load("static"))
    for name, order in orders.items():
        print(name, fronts.measured(held, order))


def fitted(items: Sequence[Item]) -> dict[str, Any]:
    """Return the content of a coefficients file, fitted on these papers."""
    encoder = encode.load("static")
    pasts = Pasts(fronts.receptions(items))
    known, vectors = _with_titles(items, pasts, encoder)
    weights = np.repeat([1.0, TITLES], len(items))
    days = np.tile(np.unique([item.day for item in items], return_inverse=True)[1], 2)
    target = np.tile(np.log1p([item.votes for item in items]), 2)
    whole = known[: len(items)]
    mean, scale = np.nanmean(whole, axis=0), np.maximum(np.nanstd(whole, axis=0), LEAST_SPREAD)
    standard = np.nan_to_num((known - mean) / scale)
    both = _ridge(np.hstack([vectors, SHARE * standard]), target, days, weights)
    plain = _ridge(SHARE * standard, target, days, weights)
    width = vectors.shape[1]
    content = {
        "encoder": encoder.id,
        "before": max(item.day for item in items),
        "mean": mean,
        "scale": scale,
        "vector": both[:width],
        "weights": SHARE * both[width:],
        "plain": SHARE * plain,
    }
    first = slice(0, len(items))
    lines = {
        "line": _line(vectors[first] @ content["vector"] + standard[first] @ content["weights"], target[first]),
        "plain_line": _line(standard[first] @ content["plain"], target[first]),
    }
    rounded = {name: [round(float(x), 5) for x in v] for name, v in (content | lines).items() if not isinstance(v, str)}
    return {name: rounded.get(name, value) for name, value in (content | lines).items()}


def _with_titles(items: Sequence[Item], pasts: Pasts, encoder: encode.Encoder) -> tuple[Matrix, Matrix]:
    """Return features and vectors of all papers, and once more as if no abstract were known."""
    bare = [Item(i.id, i.day, i.title, "", i.authors, i.date, i.votes) for i in items]
    known = np.vstack([fronts.features(items, pasts), fronts.features(bare, pasts)])
    return known, np.vstack([fronts.vectors(items, encoder), fronts.vectors(bare, encoder)])


def _ridge(columns: Matrix, target: Scores, days: Any, weights: Scores) -> Scores:
    """Return the coefficients of a weighted ridge regression within days."""
    x, y = _within(np.asarray(columns, float), days, weights), _within(target[:, None], days, weights)[:, 0]
    weighted = x * weights[:, None]
    return np.asarray(np.linalg.solve(weighted.T @ x + RIDGE * np.eye(x.shape[1]), weighted.T @ y), float)


def _within(columns: Scores, days: Any, weights: Scores) -> Scores:
    """Return columns less the mean of their day."""
    totals = np.zeros((days.max() + 1, columns.shape[1]))
    np.add.at(totals, days, columns * weights[:, None])
    means = totals / np.bincount(days, weights)[:, None]
    return np.asarray(columns - means[days])


def _line(score: Scores, target: Scores) -> tuple[float, float]:
    slope, first = np.polyfit(score, target, 1)
    return float(first), float(slope)


if __name__ == "__main__":
    main()
