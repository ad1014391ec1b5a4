"""Columns for filters and sorting: one array a field, one element a row, segments put end to end."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.entry import Entry
from broadsheet.index.works import mark_of, people_of

HIDDEN = "h"  # among flags


def best_first(scores: NDArray[np.float32], keys: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the order of rows by score, the highest first, of equals the lowest key."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    return np.lexsort((keys, -scores)) if (ordered[1:] == ordered[:-1]).any() else order


class Ragged:
    """Several numbers a row."""

    def __init__(self, counts: NDArray[np.int64], numbers: NDArray[Any]) -> None:
        self.numbers = numbers
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def __len__(self) -> int:
        return len(self._starts) - 1

    def counts(self, rows: NDArray[Any]) -> NDArray[np.int64]:
        """Return how many numbers each of the rows has."""
        return np.asarray(self._starts[rows + 1] - self._starts[rows], np.int64)

    def of(self, row: int) -> NDArray[Any]:
        """Return the numbers of one row."""
        return self.numbers[self._starts[row] : self._starts[row + 1]]

    def among(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return the numbers of all given rows, end to end."""
        starts, counts = self._starts[rows], self.counts(rows)
        before = np.cumsum(counts) - counts
        places: NDArray[np.int64] = np.repeat(starts - before, counts) + np.arange(counts.sum())
        return np.asarray(self.numbers[places])

    def rows_with(self, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which rows have at least one number for which `wanted[number]` holds."""
        rows = np.searchsorted(self._starts, np.flatnonzero(wanted[self.numbers]), "right") - 1
        found = np.zeros(len(self._starts) - 1, bool)
        found[rows] = True
        return found


@dataclass(frozen=True)
class Columns:
    """All columns of a snapshot or a segment; days count from 1970-01-01 (MISSING_DAY: none), venue -1 is none.

    `mark` and `people` are those of `index.works`.
    """

    keys: NDArray[np.int64]
    first_day: NDArray[np.int32]
    last_day: NDArray[np.int32]
    venue: NDArray[np.int32]
    votes: NDArray[np.float32]
    citations: NDArray[np.float32]
    hidden: NDArray[np.bool_]
    has_text: NDArray[np.bool_]
    mark: NDArray[np.uint32]
    people: NDArray[np.uint32]
    category_counts: NDArray[np.int64]
    category_numbers: NDArray[np.int32]
    source_counts: NDArray[np.int64]
    source_numbers: NDArray[np.int32]
    concept_counts: NDArray[np.int64]
    concept_numbers: NDArray[np.int32]

    @cached_property
    def categories(self) -> Ragged:
        """Numbers of category names, by row."""
        return Ragged(self.category_counts, self.category_numbers)

    @cached_property
    def sources(self) -> Ragged:
        """Numbers of source names, by row."""
        return Ragged(self.source_counts, self.source_numbers)

    def take(self, rows: NDArray[Any]) -> Columns:
        """Return the columns of given rows alone."""
        ragged = {
            "category_numbers": self.categories,
            "source_numbers": self.sources,
            "concept_numbers": self.concepts,
        }
        taken: dict[str, Any] = {name: numbers.among(rows) for name, numbers in ragged.items()}
        return Columns(**taken, **{name: getattr(self, name)[rows] for name in _TYPES if name not in ragged})

    @cached_property
    def concepts(self) -> Ragged:
        """Numbers of concept names, by row, strongest first."""
        return Ragged(self.concept_counts, self.concept_numbers)

    def save(self, folder: Path) -> None:
        """Write one .npy file a column, in the smallest integer type that holds it."""
        for field in fields(self):
            np.save(folder / f"{field.name}.npy", _narrowed(getattr(self, field.name)))

    @classmethod
    def load(cls, folder: Path) -> Columns:
        """Return the columns that `save` wrote.

        Raises:
            OSError, ValueError: a file is missing or is no array.
        """
        return cls(**{name: np.load(folder / f"{name}.npy").astype(kind) for name, kind in _TYPES.items()})

    @classmethod
    def joined(cls, parts: Sequence[Columns]) -> Columns:
        """Return the columns of several segments end to end."""
        if len(parts) == 1:
            return parts[0]
        empty: dict[str, NDArray[Any]] = {name: np.empty(0, kind) for name, kind in _TYPES.items()}
        return cls(**{name: np.concatenate([empty[name], *(getattr(p, name) for p in parts)]) for name in _TYPES})


_TYPES = {
    "keys": np.int64,
    "first_day": np.int32,
    "last_day": np.int32,
    "venue": np.int32,
    "votes": np.float32,
    "citations": np.float32,
    "hidden": np.bool_,
    "has_text": np.bool_,
    "mark": np.uint32,
    "people": np.uint32,
    "category_counts": np.int64,
    "category_numbers": np.int32,
    "source_counts": np.int64,
    "source_numbers": np.int32,
    "concept_counts": np.int64,
    "concept_numbers": np.int32,
}


def _narrowed(column: NDArray[np.generic]) -> NDArray[np.generic]:
    whole = column.astype(np.int64)
    if column.dtype.kind not in "if" or not len(column) or not np.array_equal(whole, column):
        return column
    return whole.astype(np.promote_types(np.min_scalar_type(whole.min()), np.min_scalar_type(whole.max())))


class Keys:
    """Finds the rows of papers; rows that are not alive have no key."""

    def __init__(self, keys: NDArray[np.int64], alive: NDArray[np.bool_]) -> None:
        self._keys, self._alive = keys, alive

    def rows_of(self, keys: Sequence[int] | NDArray[Any]) -> NDArray[np.int32]:
        """Return the row of each key, -1 where there is none."""
        wanted = np.asarray(keys, np.int64)
        order, ordered = self._ordered
        if not len(ordered):
            return np.full(len(wanted), -1, np.int32)
        places = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
        return np.where(ordered[places] == wanted, order[places], -1).astype(np.int32)

    @cached_property
    def _ordered(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = np.flatnonzero(self._alive)
        order = rows[np.argsort(self._keys[rows], kind="stable")]
        return order, self._keys[order]


class Names:
    """Names of venues, categories, sources and concepts, each numbered in the order it was first seen."""

    def __init__(
        self,
        venues: Iterable[str] = (),
        categories: Iterable[str] = (),
        sources: Iterable[str] = (),
        concepts: Iterable[str] = (),
    ) -> None:
        self.venues = {name: number for number, name in enumerate(venues)}
        self.categories = {name: number for number, name in enumerate(categories)}
        self.sources = {name: number for number, name in enumerate(sources)}
        self.concepts = {name: number for number, name in enumerate(concepts)}

    def save(self, path: Path) -> None:
        """Write the names as JSON."""
        lists = {kind: list(names) for kind, names in vars(self).items()}
        path.write_text(json.dumps(lists, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Names:
        """Return the names that `save` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Flags:
    """What a paper can be filtered by besides its dates, names by number."""

    venue: int
    categories: list[int]
    sources: list[int]
    concepts: list[int]
    hidden: bool

    def __str__(self) -> str:
        """The terms of the word index's field `flags`."""
        own = [f"v{self.venue}"] if self.venue >= 0 else []
        named = (("c", self.categories), ("s", self.sources), ("k", self.concepts))
        own += [f"{letter}{number}" for letter, numbers in named for number in numbers]
        return " ".join([*own, HIDDEN] if self.hidden else own)


def number(names: dict[str, int], name: str) -> int:
    """Return the number of a name, a new one for a new name."""
    return names.setdefault(name, len(names))


class Gathering:
    """Columns that are growing, row by row."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._arrays: dict[str, array[Any]] = {name: array(_CODES[kind]) for name, kind in _TYPES.items()}

    def __len__(self) -> int:
        return len(self._arrays["keys"])

    def add(self, entry: Entry, concepts: Sequence[str] = ()) -> Flags:
        """Append the row of one paper with its concepts, and return what it is flagged with."""
        flags = Flags(
            number(self._names.venues, entry.venue) if entry.venue else -1,
            sorted({number(self._names.categories, name) for name in entry.categories}),
            sorted({number(self._names.sources, name) for name in entry.sources}),
            [number(self._names.concepts, name) for name in concepts],
            entry.hidden,
        )
        values: dict[str, float] = {
            "keys": entry.key,
            "first_day": entry.first_day,
            "last_day": entry.last_day,
            "venue": flags.venue,
            "votes": entry.signals.get("votes", 0.0),
            "citations": entry.signals.get("citations", 0.0),
            "hidden": entry.hidden,
            "has_text": bool(entry.text),
            "mark": mark_of(entry.title),
            "people": people_of(entry.authors),
            "category_counts": len(flags.categories),
            "source_counts": len(flags.sources),
            "concept_counts": len(flags.concepts),
        }
        for name, value in values.items():
            self._arrays[name].append(value)
        self._arrays["category_numbers"].extend(flags.categories)
        self._arrays["source_numbers"].extend(flags.sources)
        self._arrays["concept_numbers"].extend(flags.concepts)
        return flags

    def columns(self) -> Columns:
        """Return what has been gathered."""
        return Columns(**{name: np.array(self._arrays[name], dtype=kind) for name, kind in _TYPES.items()})


_CODES = {np.int64: "q", np.int32: "i", np.float32: "f", np.bool_: "b", np.uint32: "I"}
