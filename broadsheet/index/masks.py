"""Filters as sets of rows: chosen once in terms of numbers, then a mask over columns or a clause for the word index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.columns import Columns, Keys, Names
from broadsheet.index.entry import MISSING_DAY, day_number
from broadsheet.query import Filters
from broadsheet.records import day_range
from broadsheet.text.tokens import words

Mask = NDArray[np.bool_]
RowsOf = Callable[[Sequence[int]], NDArray[np.int32]]
_REMEMBERED = 32  # masks, a byte a row each


@dataclass(frozen=True, slots=True)
class Choice:
    """Filters against one snapshot: days, and numbers of names; None where a filter was not given."""

    everything: bool = False
    from_day: int | None = None
    until_day: int | None = None
    categories: tuple[int, ...] | None = None
    venues: tuple[int, ...] | None = None
    sources: tuple[int, ...] | None = None
    concepts: tuple[int, ...] | None = None
    rows: tuple[int, ...] | None = None


def choose(filters: Filters, names: Names, rows_of: RowsOf) -> Choice:
    """Return filters in terms of a snapshot's numbers: last day from `after` on, first day before `before`."""
    return Choice(
        everything=filters.everything,
        from_day=day_number(day_range(filters.after)[0]) if filters.after else None,
        until_day=day_number(day_range(filters.before)[0]) - 1 if filters.before else None,
        categories=_numbers(names.categories, filters.categories, _in_category),
        venues=_numbers(names.venues, filters.venues, _at_venue),
        sources=_numbers(names.sources, filters.sources, _is_called),
        concepts=_numbers(names.concepts, filters.concepts, _is_called),
        rows=tuple(row for row in rows_of(filters.keys).tolist() if row >= 0) if filters.keys else None,
    )


def _numbers(
    names: Mapping[str, int], wanted: tuple[str, ...], fits: Callable[[str, str], bool]
) -> tuple[int, ...] | None:
    if not wanted:
        return None
    return tuple(number for name, number in names.items() if any(fits(name, value) for value in wanted))


def _in_category(name: str, wanted: str) -> bool:
    """Tell whether a category is the wanted one or under it ("cs.CL" is under "cs")."""
    name, wanted = name.casefold(), wanted.casefold().rstrip(".*")
    return name == wanted or name.startswith(wanted + ".")


def _at_venue(name: str, wanted: str) -> bool:
    """Tell whether a venue's words begin with the wanted ones ("ICLR 2024" with "iclr")."""
    beginning = words(wanted)
    return words(name)[: len(beginning)] == beginning


def _is_called(name: str, wanted: str) -> bool:
    return name.casefold() == wanted.casefold()


class Masks:
    """Masks of one snapshot, the last few remembered."""

    def __init__(self, columns: Columns, names: Names, alive: Mask, rows_of: RowsOf) -> None:
        self._columns, self._names, self._alive, self._rows_of = columns, names, alive, rows_of
        self.choose = lru_cache(_REMEMBERED)(self._choose)
        self.mask = lru_cache(_REMEMBERED)(self._mask)

    def part(self, rows: NDArray[np.int32]) -> Masks:
        """Return the masks of given rows alone, at a cost that follows their number."""
        columns, alive = self._columns.take(rows), self._alive[rows]
        return Masks(columns, self._names, alive, Keys(columns.keys, alive).rows_of)

    def _choose(self, filters: Filters) -> Choice:
        return choose(filters, self._names, self._rows_of)

    def _mask(self, filters: Filters) -> Mask | None:
        choice, columns = self.choose(filters), self._columns
        mask = self._alive.copy() if choice.everything else self._alive & ~columns.hidden
        if choice.from_day is not None:
            mask &= columns.last_day >= choice.from_day
        if choice.until_day is not None:
            mask &= (columns.first_day <= choice.until_day) & (columns.first_day != MISSING_DAY)
        if choice.venues is not None:
            mask &= _flags(choice.venues, len(self._names.venues) + 1)[columns.venue]  # -1, none, is the last flag
        if choice.categories is not None:
            mask &= columns.categories.rows_with(_flags(choice.categories, len(self._names.categories)))
        if choice.sources is not None:
            mask &= columns.sources.rows_with(_flags(choice.sources, len(self._names.sources)))
        if choice.concepts is not None:
            mask &= columns.concepts.rows_with(_flags(choice.concepts, len(self._names.concepts)))
        if choice.rows is not None:
            mask &= _flags(choice.rows, len(mask))
        mask.flags.writeable = False
        return None if mask.all() else mask


def _flags(numbers: tuple[int, ...], size: int) -> Mask:
    flags = np.zeros(size, bool)
    flags[list(numbers)] = True
    return flags
