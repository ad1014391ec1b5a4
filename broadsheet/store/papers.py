"""Papers out of records: read for the rooms above, and the rows that lists are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, union_all

from broadsheet.records import Paper, Signal, SourceRecord, day_range
from broadsheet.text import normalise

from . import attention
from . import schema as t
from .codec import hash64, unpack
from .connect import Among, Prepared, among, insert_new, upsert
from .identity import ADDRESSES
from .merging import GAINED, Outline, Stored, gained, merge

_leading = t.identifiers.outerjoin(t.absorbed, t.absorbed.c.record == t.identifiers.c.record)
_leads = select(t.identifiers.c.identifier, func.coalesce(t.absorbed.c.key, t.identifiers.c.record))
_LEADS = Prepared(lambda among: _leads.select_from(_leading).where(among(t.identifiers.c.identifier)))
_records = select(t.records.c.id, t.records.c.live, t.records.c.payload)
_RECORDS = Prepared(lambda among: _records.where(among(t.records.c.id)))
_SIGNALS = Prepared(lambda among: select(t.signals).where(among(t.signals.c.record)))
_moved = select(t.absorbed.c.record, t.absorbed.c.key)
_NOW = Prepared(lambda among: _moved.where(among(t.absorbed.c.record)))
_MOVED = Prepared(lambda among: _moved.where(among(t.absorbed.c.record) | among(t.absorbed.c.key)))


def of_papers(record: ColumnElement[int], among: Among) -> ColumnElement[bool]:
    """Return the condition that a column has a record of one of the listed papers."""
    return among(record) | record.in_(select(t.absorbed.c.record).where(among(t.absorbed.c.key)))


def resolve(connection: Connection, identifiers: Collection[str]) -> dict[str, int]:
    """Return the key of the present paper of each identifier that was ever valid."""
    return dict(map(tuple, _LEADS.rows(connection, identifiers)))


def read(connection: Connection, keys: Sequence[int]) -> list[Paper]:
    """Return the papers of these keys in this order; those that are no papers are left out."""
    stored = records_of(connection, keys)
    dated = signals_of(connection, {s.number: key for key, group in stored.items() for s in group})
    possible = {key: _possible_names(key, group) for key, group in stored.items()}
    leads = resolve(connection, {name for group in possible.values() for name in group})
    papers = {
        key: merge(key, group, [name for name in possible[key] if leads.get(name) == key], dated.get(key, ()))
        for key, group in stored.items()
    }
    return [papers[key] for key in keys if key in papers]


def records_of(connection: Connection, keys: Collection[int]) -> dict[int, list[Stored]]:
    """Return the records of each of these papers, the oldest first; keys that are no papers are left out."""
    paper_of = members(connection, keys)
    found: dict[int, list[Stored]] = {}
    for number, stored in sorted(_by_number(connection, paper_of).items()):
        found.setdefault(paper_of[number], []).append(stored)
    return found


def signals_of(connection: Connection, paper_of: Mapping[int, int]) -> dict[int, list[Signal]]:
    """Return the dated signals of papers, those that readers gave here included, given the paper of each record."""
    found: dict[int, list[Signal]] = defaultdict(list)
    for row in _SIGNALS.rows(connection, paper_of):
        found[paper_of[row.record]].append(Signal(row.kind, row.day, row.value, row.source))
    for key, given in attention.signals_of(connection, paper_of).items():
        found[key] += given
    return found


def perhaps_same(connection: Connection, key: int) -> list[int]:
    """Return other papers of the same title that only missing authors keep from being compared."""
    stored = records_of(connection, [key]).get(key, [])
    own = select(t.records.c.title).where(among(connection, t.records.c.id, [s.number for s in stored]))
    namesakes = connection.scalars(select(t.records.c.id).where(t.records.c.title.in_(own))).all()
    others = set(present_of(connection, namesakes)) - {key} - _told_apart(connection, key)
    if not any(s.record.authors for s in stored):
        return sorted(others)
    groups = records_of(connection, others)
    return sorted(other for other, group in groups.items() if not any(s.record.authors for s in group))


@dataclass(frozen=True, slots=True)
class Entry:
    """What lists need of a paper (a row of `papers` without its key), and whether all its sources have deleted it."""

    row: Mapping[str, Any]
    deleted: bool

    @classmethod
    def of(cls, stored: Sequence[Stored], signals: Iterable[Signal]) -> Entry:
        """Return the entry of the paper that these records are."""
        known = list(signals)
        outline = Outline.of(stored, known)
        return cls(_row(outline, known), outline.status == "deleted")


def write_papers(connection: Connection, keys: Collection[int], alone: Mapping[int, Entry]) -> list[int]:
    """Write what lists need of these papers; return those that all their sources have deleted.

    `alone` are entries, by number, of records that may be papers by themselves, and need not be read then.
    """
    paper_of = members(connection, keys)
    shared = {key for number, key in paper_of.items() if number != key}
    entries = {key: alone[key] for key in keys if key in alone and key not in shared}
    entries |= _entries(connection, {n: key for n, key in paper_of.items() if key not in entries})
    upsert(connection, t.papers, [{"key": key, **entry.row} for key, entry in sorted(entries.items())])
    return [key for key, entry in entries.items() if entry.deleted]


def _entries(connection: Connection, paper_of: Mapping[int, int]) -> dict[int, Entry]:
    stored = _by_number(connection, paper_of)
    groups: dict[int, list[Stored]] = defaultdict(list)
    for number, key in paper_of.items():
        groups[key].append(stored[number])
    dated = signals_of(connection, paper_of)
    return {key: Entry.of(group, dated.get(key, ())) for key, group in groups.items()}


_UNLISTED = {"day": None, "edition": None, "venue": None, "votes": 0.0, "comments": 0.0}


def _row(paper: Outline, signals: Sequence[Signal]) -> dict[str, Any]:
    if not paper.ranked:
        return {**_UNLISTED, **dict.fromkeys(GAINED, 0.0)}
    return {
        "day": day_range(paper.date)[0] if paper.date else "",
        "edition": paper.announced,
        "venue": venue_hash(paper.venue) if paper.venue else None,
        "votes": paper.signals.get("votes", 0.0),
        "comments": paper.signals.get("comments", 0.0),
        **{kind: gained(signals, kind) for kind in GAINED},
    }


@lru_cache(maxsize=1 << 16)
def author_hash(name: str) -> int | None:
    """Return the hash of an author's slug, or None where a name has no letters."""
    slug = normalise.slug(name)
    return hash64(slug) if slug else None


def venue_hash(venue: str) -> int | None:
    """Return the hash of a venue's slug, or None where its name has no letters."""
    slug = normalise.slug(venue)
    return hash64(slug) if slug else None


def _by_number(connection: Connection, numbers: Collection[int]) -> dict[int, Stored]:
    rows = _RECORDS.rows(connection, numbers)
    return {number: Stored(number, live, unpack(payload)) for number, live, payload in rows}


def members(connection: Connection, keys: Collection[int]) -> dict[int, int]:
    """Return the paper of each record of these papers; keys of records that joined another paper are left out."""
    moved = dict(map(tuple, _MOVED.rows(connection, keys)))
    wanted = set(keys)
    members = {record: key for record, key in moved.items() if key in wanted}
    return {key: key for key in keys if key not in moved} | members


_PRESENT = select(t.absorbed.c.key).where(t.absorbed.c.record == bindparam("one"))


def present(connection: Connection, number: int) -> int:
    """Return the key of the present paper of a record."""
    return connection.scalar(_PRESENT, {"one": number}) or number


def present_of(connection: Connection, numbers: Collection[int]) -> list[int]:
    """Return the key of the present paper of each of these records."""
    moved = dict(map(tuple, _NOW.rows(connection, numbers)))
    return [moved.get(number, number) for number in numbers]


def _told_apart(connection: Connection, key: int) -> set[int]:
    """Return the papers that someone has told apart from this one."""
    numbers = list(members(connection, [key]))
    pairs = union_all(
        select(t.apart.c.other).where(among(connection, t.apart.c.one, numbers)),
        select(t.apart.c.one).where(among(connection, t.apart.c.other, numbers)),
    )
    return set(present_of(connection, connection.scalars(pairs).all()))


def _possible_names(key: int, stored: Iterable[Stored]) -> tuple[str, ...]:
    """Return every identifier that may lead to a paper, in its records' order."""
    found: list[str] = []
    for s in stored:
        found += s.record.identifiers
        found.append(normalise.fallback(s.record.scheme, s.record.own_id))
    return tuple(dict.fromkeys([*found, last_resort(key)]))


def give_names(connection: Connection, keys: Collection[int]) -> None:
    """Give papers whose identifiers all lead to the paper they were told apart from an address of their own."""
    for key, stored in records_of(connection, keys).items():
        own = [name for name in _possible_names(key, stored) if name.startswith(ADDRESSES)]
        if key in resolve(connection, own).values():
            continue
        first = stored[0]
        for fallback in (normalise.fallback(first.record.scheme, first.record.own_id), last_resort(key)):
            insert_new(connection, t.identifiers, [{"identifier": fallback, "record": first.number}])
            if resolve(connection, [fallback])[fallback] == key:
                break


def last_resort(key: int) -> str:
    """Return the identifier of a paper all of whose others lead to the paper it was once merged with."""
    return normalise.fallback("paper", str(key))


def record_list(connection: Connection, key: int) -> list[SourceRecord]:
    """Return a paper's records as their sources have them, the oldest first."""
    return [s.record for s in records_of(connection, [key]).get(key, [])]


def all_keys(connection: Connection, after: int, limit: int) -> list[int]:
    """Return the keys of all papers after one, ascending."""
    statement = select(t.papers.c.key).where(t.papers.c.key > after).order_by(t.papers.c.key).limit(limit)
    return list(connection.scalars(statement))
