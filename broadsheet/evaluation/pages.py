"""The five result pages that the sample's papers come from: our order for their queries beside theirs.

The queries are what the pages appear to have been asked; "twin encoder" is the least certain.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet.evaluation.collections import Collection, Shelf, cache, indexed
from broadsheet.query import plain
from broadsheet.rank import View, run
from broadsheet.sources import sample
from broadsheet.sources.files import decompressed

QUERIES = {
    "000": "twin encoder",
    "001": "gated representation",
    "002": "neural encoder",
    "003": "pretrained autoencoder",
    "004": "deep fusion",
}
FIRST = 40


@dataclass(frozen=True, slots=True)
class Page:
    """One page beside our order.

    `share` is that of its first 40 papers in our first 40, `tau` Kendall's tau-b over its papers, `auc` how likely one
    of its papers stands above one of the other pages.
    """

    query: str
    papers: int
    share: float
    tau: float
    auc: float


def compared(profile: str, now: datetime) -> list[Page]:
    """Return the five pages beside a profile's order over the papers of all of them.

    Raises:
        InputError: there is no such profile.
    """
    papers = list(_papers())
    shelf = indexed(_collection(papers))
    return [_compared(profile, page, papers, shelf, now) for page in QUERIES]


def _papers() -> Iterator[dict[str, Any]]:
    with sample.files()[0].open("rb") as file:
        yield from map(json.loads, decompressed(file))


def _collection(papers: list[dict[str, Any]]) -> Collection:
    folder: Path = cache() / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"id": n, "title": paper["title"], "text": paper["summary"]} for n, paper in enumerate(papers)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return Collection(folder)


def _compared(profile: str, page: str, papers: list[dict[str, Any]], shelf: Shelf, now: datetime) -> Page:
    lines = {n: line for n, paper in enumerate(papers) for name, line in paper["pages"] if name == page}
    theirs = sorted(lines, key=lambda n: lines[n])
    ranking = run(profile, plain(QUERIES[page]), View(shelf.snapshot, now), len(papers))
    found = shelf.snapshot.keys[ranking.rows]
    place = np.full(len(papers), len(papers), np.int64)  # papers that are not found share the last place
    place[found] = np.arange(len(found))
    own = np.isin(np.arange(len(papers)), theirs)
    return Page(
        query=QUERIES[page],
        papers=len(theirs),
        share=len(set(theirs[:FIRST]) & set(found[:FIRST].tolist())) / FIRST,
        tau=tau(place[theirs]),
        auc=auc(place[own], place[~own]),
    )


def tau(places: NDArray[np.int64]) -> float:
    """Return Kendall's tau-b between the order of a list and the places that its members have elsewhere."""
    one, other = np.triu_indices(len(places), 1)
    agree, differ = int((places[one] < places[other]).sum()), int((places[one] > places[other]).sum())
    return (agree - differ) / max(float(np.sqrt(len(one) * (agree + differ))), 1.0)


def auc(own: NDArray[np.int64], others: NDArray[np.int64]) -> float:
    """Return the share of pairs in which one of ours has the lower place; equal ones count half."""
    differences = others[None] - own[:, None]
    return float(((differences > 0) + 0.5 * (differences == 0)).mean())
