"""Invented papers for the index, and an oracle that finds them the slow way."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from hashing import Hashing, load

from broadsheet.index import Entry
from broadsheet.index.build import Builder
from broadsheet.index.snapshot import Snapshot, open_current
from broadsheet.index.words import Matches
from broadsheet.query import parse

_WORDS = ("graph", "neural", "protein", "folding", "attention", "is", "all", "you", "need", "of", "state", "the", "art")
_VENUES = (None, "ICLR 2024", "ICLR 2025", "ACL", "Nature Methods")
_CATEGORIES = ("cs.CL", "cs.LG", "csx.A", "math.CO", "stat.ML")


def invented(keys: Iterable[int], version: int = 0) -> list[Entry]:
    """Return a paper for each key; another version has another content."""
    return [_paper(key, random.Random(key * 1_000 + version)) for key in keys]


def _paper(key: int, chance: random.Random) -> Entry:
    day = chance.choice([-(2**31), chance.randrange(-9_000, 20_000)])
    return Entry(
        key=key,
        title=" ".join(chance.choices(_WORDS, k=4)),
        text=" ".join(chance.choices(_WORDS, k=chance.choice([0, 12]))),
        authors=(chance.choice(["Ada Lovelace", "Alan Turing", "Grace Hopper"]),),
        first_day=day,
        last_day=day if day < 0 else day + chance.choice([0, 364]),
        venue=chance.choice(_VENUES),
        categories=tuple(chance.sample(_CATEGORIES, chance.randrange(3))),
        sources=(chance.choice(["arxiv", "acl"]),),
        hidden=chance.random() < 0.2,
        signals={"votes": float(chance.choice([0, 0, 3, 8])), "citations": float(chance.choice([0, 5, 70]))},
    )


def built(folder: Path, entries: Sequence[Entry], change: int = 1, deleted: Sequence[int] = ()) -> Snapshot:
    """Return the snapshot after adding and deleting on top of what the folder holds."""
    with Builder(folder, Hashing(), processes=0) as builder:
        builder.add(entries)
        builder.delete(deleted)
        builder.publish(change)
    return open_current(folder, load)


def keys(snapshot: Snapshot, text: str, limit: int = 10_000) -> list[int]:
    """Return the keys that a query finds, in order."""
    found: list[int] = snapshot.keys[searched(snapshot, text, limit)[0].rows].tolist()
    return found


def searched(snapshot: Snapshot, text: str, limit: int = 10_000) -> tuple[Matches, tuple[str, ...]]:
    """Return what a query matches once its typing errors are mended, and the notes on those."""
    query, notes = snapshot.lexical.corrected(parse(text))
    return snapshot.lexical.search(query, limit), notes
