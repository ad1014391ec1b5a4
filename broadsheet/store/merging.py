"""What a paper says, chosen from what its records say: records in, `Paper` out.

Records are asked in the order of `PREFERENCE`, and the first that has something to say is quoted: title, abstract,
authors, note, comment, licence. The exceptions:

- date: the earliest, a more precise one before the year or month that contains it;
- announced: the earliest day on a front page, else the first version's date where it has a day, else the day first
  harvested live;
- venue: the first that is not a preprint server;
- status: published where any record says so, else rejected, withdrawn, deleted;
- categories, keywords, identifiers, links: all of them;
- signals: the newest value of each kind, and what readers gave here added to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Day
from datetime import timedelta
from itertools import chain
from typing import TypeVar

from broadsheet.records import Author, Paper, Signal, SourceRecord, Status, day_range
from broadsheet.text import normalise

# Those who keep the record of what was published come first, those who quote come last; equals keep their age.
PREFERENCE = (
    "arxiv",
    "acl",
    "openreview",
    "conferences",
    "bibtex",
    "ris",
    "csl",
    "jsonl",
    "huggingface",
    "front_page",
    "sample",
    "page",
)
_RANK = {source: rank for rank, source in enumerate(PREFERENCE)}
_OTHERS = PREFERENCE.index("jsonl")
_PREPRINT_SERVERS = frozenset(("arxiv", "corr", "arxiv org", "arxiv preprint", "biorxiv", "medrxiv", "preprint"))
_STATUSES: tuple[Status, ...] = ("published", "rejected", "withdrawn", "deleted")
HERE = "here"  # the source of signals that this instance's own readers give
GAINED = ("stars", "citations", "mentions")  # signals that trend by what they gain, not by their total
_LATELY = timedelta(days=7)
_DAY = 10  # characters of a date with day precision

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as the store has it: its number, the day it was first harvested live (or None), and the record."""

    number: int
    live: str | None
    record: SourceRecord


def merge(key: int, stored: Iterable[Stored], identifiers: Sequence[str], signals: Iterable[Signal]) -> Paper:
    """Return the paper of these records; `identifiers` are those that lead to it now, at least one."""
    ordered = _ordered(stored)
    records = [s.record for s in ordered]
    title = _title(records)
    return Paper(
        key=key,
        id=normalise.best(identifiers),
        identifiers=tuple(identifiers),
        title=title,
        abstract=_first([r.abstract for r in records]),
        note=_first([r.note for r in records]),
        authors=_authors(records),
        date=earliest([r.date for r in records]),
        updated=max([r.updated for r in records if r.updated], default=None),
        announced=announced(ordered),
        venue=_venue(records),
        categories=_all([r.categories for r in records]),
        keywords=_all([r.keywords for r in records]),
        links={name: url for r in reversed(records) for name, url in r.links.items()},
        comment=_first([r.comment for r in records]),
        licence=_first([r.licence for r in records]),
        status=_status(records),
        front_matter=normalise.is_front_matter(title),
        signals=newest(signals),
        sources=tuple(dict.fromkeys([r.source for r in records])),
    )


@dataclass(frozen=True, slots=True)
class Outline:
    """What lists need of a paper; `ranked` says whether default results may show it."""

    ranked: bool
    status: Status
    date: str | None
    announced: str | None
    venue: str | None
    signals: Mapping[str, float]

    @classmethod
    def of(cls, stored: Iterable[Stored], signals: Iterable[Signal]) -> Outline:
        """Return the outline of the paper that `merge` makes of the same, in a third of the time."""
        ordered = _ordered(stored)
        records = [s.record for s in ordered]
        status = _status(records)
        return cls(
            ranked=status == "published" and not normalise.is_front_matter(_title(records)),
            status=status,
            date=earliest([r.date for r in records]),
            announced=announced(ordered),
            venue=_venue(records),
            signals=newest(signals),
        )


def announced(stored: Iterable[Stored]) -> str | None:
    """Return the day a paper appears on a front page, if it ever does."""
    known = list(stored)
    if days := [s.record.announced for s in known if s.record.announced and s.record.source != "arxiv"]:
        return min(days)  # arXiv's own day is that of the first version, which a front page always comes after
    if days := [s.record.date for s in known if s.record.date and len(s.record.date) == _DAY]:
        return min(days)
    return min((s.live for s in known if s.live), default=None)


def earliest(dates: Iterable[str | None]) -> str | None:
    """Return the earliest date; of one that lies within another, the more precise.

    >>> earliest(["2025", "2025-11-03", "2026-01"])
    '2025-11-03'
    """
    return min((d for d in dates if d), key=lambda d: (day_range(d)[1], -len(d)), default=None)


def newest(signals: Iterable[Signal]) -> dict[str, float]:
    """Return the newest value of each kind; of several on one day the largest, of ranks the smallest.

    What readers gave here is added: votes there are other people's votes.
    """
    found: dict[tuple[str, bool], Signal] = {}
    for signal in signals:
        place = (signal.kind, signal.source == HERE)
        if place not in found or _later(signal, found[place]):
            found[place] = signal
    values = {kind: 0.0 for kind, _ in sorted(found)}
    for (kind, _), signal in found.items():
        values[kind] += signal.value
    return values


def series(signals: Iterable[Signal]) -> list[Signal]:
    """Return dated signals in order, one for each kind, day and source."""
    found: dict[tuple[str, str, str], Signal] = {}
    for signal in signals:
        place = (signal.kind, signal.day, signal.source)
        if place not in found or _later(signal, found[place]):
            found[place] = signal
    return [found[place] for place in sorted(found)]


def gained(signals: Iterable[Signal], kind: str) -> float:
    """Return what a kind of signal gained a day lately: its newest total less the last one at least a week older.

    Of a younger series the oldest is taken, of several sources the fastest; one measurement alone says nothing.
    """
    sources: dict[str, list[Signal]] = {}
    for signal in signals:
        if signal.kind == kind:
            sources.setdefault(signal.source, []).append(signal)
    return max((_gained(sorted(group, key=lambda s: s.day)) for group in sources.values()), default=0.0)


def _gained(group: Sequence[Signal]) -> float:
    newest = group[-1]
    week_before = (Day.fromisoformat(newest.day) - _LATELY).isoformat()
    start = next((signal for signal in reversed(group) if signal.day <= week_before), group[0])
    days = (Day.fromisoformat(newest.day) - Day.fromisoformat(start.day)).days
    return max(newest.value - start.value, 0.0) / days if days else 0.0


def _later(one: Signal, other: Signal) -> bool:
    if one.day != other.day:
        return one.day > other.day
    return one.value < other.value if one.kind == "listed" else one.value > other.value


def _authors(records: Sequence[SourceRecord]) -> tuple[Author, ...]:
    """Return the first authors there are, with the ORCID that any record knows for a name."""
    authors = _first([r.authors for r in records]) or ()
    orcids = {a.name: a.orcid for r in records for a in r.authors if a.orcid}
    if not orcids:
        return authors
    return tuple(a if a.orcid else Author(a.name, orcids.get(a.name)) for a in authors)


def _venue(records: Sequence[SourceRecord]) -> str | None:
    venues = [r.venue for r in records if r.venue]
    return next((venue for venue in venues if not _is_preprint_server(venue)), _first(venues))


def _is_preprint_server(venue: str) -> bool:
    return normalise.fingerprint(venue) in _PREPRINT_SERVERS


def _ordered(stored: Iterable[Stored]) -> list[Stored]:
    return sorted(stored, key=lambda s: (_RANK.get(s.record.source, _OTHERS), s.number))


def _title(records: Sequence[SourceRecord]) -> str:
    return _first([r.title for r in records]) or ""


def _status(records: Sequence[SourceRecord]) -> Status:
    given = {r.status for r in records}
    return next(status for status in _STATUSES if status in given)


def _first(values: Sequence[T | None]) -> T | None:
    for value in values:
        if value:
            return value
    return None


def _all(groups: Sequence[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(groups)))
