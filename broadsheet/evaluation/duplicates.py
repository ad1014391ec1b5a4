"""How well versions of one work are told from other papers, on pairs of preprint and published paper."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import zstandard

from broadsheet import encode
from broadsheet.errors import InputError
from broadsheet.index import Entry
from broadsheet.index.build import Builder
from broadsheet.index.snapshot import Snapshot, open_current
from broadsheet.rank.duplicates import versions
from broadsheet.text.normalise import fingerprint

_FILE = "same_title_pairs.jsonl.zst"
_NEAREST = 100  # papers that each is compared with, as in a ranking


@dataclass(frozen=True, slots=True)
class Pair:
    """A preprint and the published paper of the same work, as the index takes them."""

    preprint: Entry
    published: Entry
    identical: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """Share of the pairs found, of those whose abstracts differ, and share of what was found that is of one title."""

    recall: float
    recall_differing: float
    precision: float
    others: tuple[tuple[str, str], ...]

    @property
    def measures(self) -> dict[str, float]:
        """The shares by name."""
        return {"recall": self.recall, "recall_differing": self.recall_differing, "precision": self.precision}


def pairs(folder: Path) -> list[Pair]:
    """Return the pairs of a folder, the preprint of pair i with key 2i, its twin with the next.

    Raises:
        InputError: the folder has no such file.
    """
    if not (folder / _FILE).is_file():
        raise InputError(f"{folder} has no {_FILE}.")
    return [
        Pair(_entry(2 * i, line["arxiv"]), _entry(2 * i + 1, line["published"]), line["identical_abstract"])
        for i, line in enumerate(_lines(folder / _FILE))
    ]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        yield from map(orjson.loads, io.BufferedReader(stream))


def _entry(key: int, paper: dict[str, Any]) -> Entry:
    authors = tuple(paper.get("authors") or ())
    return Entry(key=key, title=paper["title"], text=paper.get("abstract") or "", authors=authors)


def measured(found: Sequence[Pair]) -> dict[str, Figures]:
    """Return the figures with titles, and with titles withheld: the pairs were found by title."""
    with tempfile.TemporaryDirectory() as folder:
        with Builder(Path(folder), encode.load()) as builder:
            builder.add([entry for pair in found for entry in (pair.preprint, pair.published)])
            builder.publish(1)
        snapshot = open_current(Path(folder))
        return {
            name: _figures(found, snapshot, titles)
            for name, titles in (("with titles", True), ("titles withheld", False))
        }


def _figures(found: Sequence[Pair], snapshot: Snapshot, titles: bool) -> Figures:
    named = {entry.key: entry.title for pair in found for entry in (pair.preprint, pair.published)}
    hits, differing, others = 0, 0, dict[tuple[str, str], None]()
    for pair in found:
        same = _same(pair.preprint.key, snapshot, titles)
        hit = pair.published.key in same
        hits += hit
        differing += hit and not pair.identical
        for key in same:
            if fingerprint(named[key]) != fingerprint(pair.preprint.title):
                others[pair.preprint.title, named[key]] = None
    unequal = sum(not pair.identical for pair in found)
    return Figures(
        recall=hits / len(found),
        recall_differing=differing / max(unequal, 1),
        precision=hits / max(hits + len(others), 1),
        others=tuple(others),
    )


def _same(key: int, snapshot: Snapshot, titles: bool) -> set[int]:
    """Return the keys of the papers that a paper would stand for, if it were the first of a ranking."""
    own = snapshot.rows_of([key])
    near, _ = snapshot.dense.search(snapshot.dense.vectors(own)[0], _NEAREST)
    rows = np.concatenate([own, near[near != own[0]]]).astype(np.int32)
    return {int(snapshot.keys[rows[other]]) for first, other in versions(snapshot, rows, titles=titles) if first == 0}
