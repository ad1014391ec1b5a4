"""Front pages as a test collection: each day's papers, ordered by what was known before the votes, and the votes."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Day
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from broadsheet.encode import Encoder
from broadsheet.errors import InputError
from broadsheet.evaluation.collections import authors_of
from broadsheet.rank.interest import FACTS, PASTS, Matrix, Model, Pasts, facts
from broadsheet.records import Reception
from broadsheet.text.normalise import slug

MEASURES = ("nDCG@10", "tau")
_AUTHORS = len(FACTS) + PASTS.index("sum")  # the column that is the authors' past alone
_SEED = 2026
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Item:
    """One paper of a front page: what was known before the votes, and how many came."""

    id: str
    day: str
    title: str
    text: str
    authors: tuple[str, ...]
    date: str | None
    votes: float

    @classmethod
    def of(cls, line: dict[str, Any]) -> Item:
        """Return the item of a JSON object; all but `daily_date` may be missing."""
        title, text = (str(line.get(name) or "") for name in ("title", "abstract"))
        return cls(
            id=str(line.get("id") or title or text),
            day=Day.fromisoformat(_date(line["daily_date"])).isoformat(),
            title=title,
            text=text,
            authors=tuple(filter(None, map(slug, authors_of(line.get("authors"))))),
            date=_day(_date(line.get("date"))),
            votes=float(line.get("upvotes") or 0),
        )


def _date(given: object) -> str:
    """Return what is given without a time of day."""
    return str(given or "").partition("T")[0]


def _day(text: str) -> str | None:
    """Return a day as it stands, None for what is none."""
    try:
        return Day.fromisoformat(text).isoformat()
    except ValueError:
        return None


def read(path: Path) -> list[Item]:
    """Return the papers of a file of front pages, JSON lines, plain or zstd, by day and in an order that says nothing.

    Files list a day's papers by their votes; equals would profit from that order.

    Raises:
        InputError: the file is missing or is no such file.
    """
    try:
        items = [Item.of(line) for line in lines(path) if line.get("daily_date")]
    except (OSError, ValueError, TypeError, AttributeError, zstandard.ZstdError) as error:
        raise InputError(f"{path} is not a file of front pages: {error!r}") from error
    return sorted(items, key=lambda item: (item.day, blake2b(item.id.encode()).digest()))


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines, plain or zstd."""
    packed = path.suffix == ".zst"
    with zstandard.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def receptions(items: Sequence[Item]) -> list[Reception]:
    """Return how papers were received, for the pasts of their authors."""
    return [Reception(item.day, item.authors, item.votes) for item in items]


def features(items: Sequence[Item], pasts: Pasts) -> Matrix:
    """Return (n, facts and pasts) what is known of each paper on its day."""
    rows = [
        facts(item.title, item.text, len(item.authors), item.date, item.day) + pasts.of(item.authors, item.day)
        for item in items
    ]
    return np.array(rows, np.float32).reshape(len(rows), len(FACTS) + len(PASTS))


def vectors(items: Sequence[Item], encoder: Encoder) -> Matrix:
    """Return (n, d) the vector of each paper's title and text."""
    return encoder.encode([f"{item.title}\n{item.text}" for item in items])


def scores(items: Sequence[Item], history: Sequence[Item], model: Model, encoder: Encoder) -> dict[str, Scores]:
    """Return what orders each paper within its day: by the model, newest first, the authors' past alone, a coin."""
    known = features(items, Pasts(receptions(history)))
    seen = vectors(items, encoder) if encoder.id == model.encoder else None
    dice = random.Random(_SEED)
    return {
        "model": model.scores(known, seen).astype(float),
        "newest": newest([f"{item.date or ''} {item.id}" for item in items]),
        "authors": known[:, _AUTHORS].astype(float),
        "random": np.array([dice.random() for _ in items]),
    }


def newest(names: Sequence[str]) -> Scores:
    """Return scores that put what is named last first: dates, then identifiers, which grow with time."""
    places = {name: place for place, name in enumerate(sorted(set(names)))}
    return np.array([places[name] for name in names], float)


def measured(items: Sequence[Item], score: Scores) -> dict[str, float]:
    """Return nDCG@10 (gains are votes) and Kendall's tau-b, averaged over days of two papers or more with any vote."""
    days: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        days[item.day].append(place)
    votes = np.array([item.votes for item in items])
    judged = [group for group in map(np.array, days.values()) if len(group) > 1 and votes[group].any()]
    if not judged:
        raise InputError("No day of this file has two papers of which one was voted for.")
    values = [(ndcg(votes[group], score[group]), tau(votes[group], score[group])) for group in judged]
    return dict(zip(MEASURES, (round(float(value), 4) for value in np.mean(values, axis=0)), strict=True))


def ndcg(votes: Scores, score: Scores, depth: int = 10) -> float:
    """Return the normalised discounted cumulative gain of an order (Järvelin and Kekäläinen, 2002); gains are votes."""
    discount = 1 / np.log2(np.arange(2, depth + 2))
    found, best = votes[np.argsort(-score, kind="stable")][:depth], np.sort(votes)[::-1][:depth]
    return float((found * discount[: len(found)]).sum() / (best * discount[: len(best)]).sum())


def tau(votes: Scores, score: Scores) -> float:
    """Return Kendall's tau-b (1945); 0 where one side does not tell papers apart."""
    above, before = (np.sign(side[:, None] - side[None, :]) for side in (votes, score))
    pairs = np.sqrt((above * above).sum() * (before * before).sum())
    return float((above * before).sum() / pairs) if pairs else 0.0
