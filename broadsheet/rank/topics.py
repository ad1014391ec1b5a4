"""Concepts of a month: how many of its papers have each, beside how many of the year before did; pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.entry import day_number
from broadsheet.index.snapshot import Snapshot
from broadsheet.records import Topic, period_days
from broadsheet.text.normalise import slug

_YEAR = 365  # days that a month is compared with
_MONTHS = 24  # how far back the newest month that is about something is looked for
_FEWEST = 3  # papers that make a concept one of the month


def newest(snapshot: Snapshot, last: str) -> tuple[str, list[Topic]]:
    """Return the newest month up to a day (ISO) that is about something, and its concepts; the day's where none is."""
    days = snapshot.first_day[_dated(snapshot, -_YEAR * 1_000, day_number(last))]
    months = np.unique(days.astype("datetime64[D]").astype("datetime64[M]"))[::-1][:_MONTHS]
    about = ((str(month), topics(snapshot, str(month))) for month in months)
    return next((found for found in about if found[1]), (last[:7], []))


def topics(snapshot: Snapshot, month: str) -> list[Topic]:
    """Return the concepts of a month ("2026-06"), those first that are furthest above their share of the year before.

    The order is by standard deviations above what that share would give, as of a Poisson count.
    """
    first, last = (day_number(day) for day in period_days(month))
    now, papers = _counts(snapshot, first, last)
    before, papers_before = _counts(snapshot, first - _YEAR, first - 1)
    expected = (before + 1) * papers / (papers_before + 1)
    above = (now - expected) / np.sqrt(expected)
    rising = np.lexsort((-now, -above))
    return [
        Topic(name=snapshot.concept_names[number], papers=int(now[number]), expected=float(expected[number]))
        for number in rising.tolist()
        if now[number] >= _FEWEST
    ]


def named(snapshot: Snapshot, name: str) -> str | None:
    """Return the concept whose name has an address form, or that is called so."""
    return next((found for found in snapshot.concept_names if name in (found, slug(found))), None)


def _counts(snapshot: Snapshot, first: int, last: int) -> tuple[NDArray[np.int64], int]:
    """Return how many papers dated within days have each concept, and how many papers there are."""
    rows = np.flatnonzero(_dated(snapshot, first, last))
    counts = np.bincount(snapshot.concepts.among(rows), minlength=len(snapshot.concept_names))
    return counts, len(rows)


def _dated(snapshot: Snapshot, first: int, last: int) -> NDArray[np.bool_]:
    """Return which papers that lists may show have a date that lies within days as a whole."""
    within: NDArray[np.bool_] = (snapshot.first_day >= first) & (snapshot.last_day <= last)
    return within & snapshot.alive & ~snapshot.hidden
