"""Digests, and which papers they brought to whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import CompoundSelect, Connection, bindparam, insert, select, union_all, update

from broadsheet.records import Digest, Follow, Pick, Section

from . import papers
from . import schema_mail as m
from . import schema_readers as r
from .connect import Among, Database, Prepared, among, insert_all, pairs
from .freshness import stamp

PRIORITY = 20  # digests go after all other mail


@dataclass(frozen=True, slots=True)
class Looked:
    """That a follow was looked at: up to which paper, what was chosen of what it found, and when it is due next."""

    follow: Follow
    newest: int
    found: int
    next_due: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """What one reader is to get at one due time: the sections of a digest, or none where there is nothing to say."""

    reader: int
    due: str
    sections: tuple[Section, ...]
    looked: tuple[Looked, ...]


class Digests:
    """Digests as they were made, before they were sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plan(self, planned: Sequence[Planned], *, now: datetime) -> int:
        """Store digests with their mail, all in one transaction, and return how many there are.

        Each follow moves to its next due time, if it is still due at the time that was looked at: what another process
        planned meanwhile, or its reader changed, is left alone with its whole digest. So is one whose reader has
        stopped mail.
        """
        return self._database.durable(lambda c: _plan(c, planned, now))

    def get(self, number: int) -> Digest | None:
        """Return a digest by number."""
        with self._database.reading() as connection:
            row = connection.execute(select(m.digests).where(m.digests.c.id == number)).first()
            return None if row is None else _digest(connection, row)

    def of(self, reader: int, limit: int) -> list[tuple[Digest, str | None]]:
        """Return a reader's digests, the last first, with when each was sent."""
        mine = (r.outbox.c.digest == m.digests.c.id) & (r.outbox.c.reader == m.digests.c.reader)  # which has an index
        own = (
            select(m.digests, r.outbox.c.sent)
            .outerjoin(r.outbox, mine)
            .where(m.digests.c.reader == reader)
            .order_by(m.digests.c.id.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [(_digest(connection, row), row.sent) for row in connection.execute(own)]

    def known_to(self, reader: int, keys: Collection[int]) -> set[int]:
        """Return of which of these papers a digest says nothing: sent before, saved, hidden, or no paper any more."""
        with self._database.reading() as connection:
            paper_of = papers.members(connection, keys)
            known = {paper_of[row.record] for row in _KNOWN.rows(connection, paper_of, reader=reader)}
        return known | {key for key in keys if key not in paper_of}


def _known(among: Among) -> CompoundSelect[Any]:
    reader = bindparam("reader", type_=m.digested.c.reader.type)
    digested = select(m.digested.c.record).where(m.digested.c.reader == reader, among(m.digested.c.record))
    hidden = select(r.hidden.c.record).where(r.hidden.c.reader == reader, among(r.hidden.c.record))
    saved = select(r.saved.c.record).join(r.shelves, r.shelves.c.id == r.saved.c.shelf)
    return union_all(digested, hidden, saved.where(r.shelves.c.reader == reader, among(r.saved.c.record)))


_KNOWN = Prepared(_known)


def _plan(connection: Connection, planned: Sequence[Planned], now: datetime) -> int:
    """Store digests and move follows on, for those readers of whom all that was looked at is still so.

    Transactions that write take turns, so nothing changes between looking and writing.
    """
    still = _unchanged(connection, planned)
    if moves := [_move(looked, now) for one in still for looked in one.looked]:
        connection.execute(_MOVE, moves)
    full = [one for one in still if one.sections]
    if full:
        _store(connection, full, now)
    return len(full)


_MOVE = update(m.follows).where(m.follows.c.id == bindparam("number"))
_MOVE = _MOVE.values({name: bindparam(f"new_{name}") for name in ("due", "newest", "looked", "found")})


def _move(looked: Looked, now: datetime) -> dict[str, Any]:
    return {
        "number": looked.follow.id,
        "new_due": stamp(looked.next_due),
        "new_newest": looked.newest,
        "new_looked": stamp(now),
        "new_found": looked.found,
    }


def _unchanged(connection: Connection, planned: Sequence[Planned]) -> list[Planned]:
    """Return what was planned for readers who get mail and whose follows are due when they were."""
    numbers = [looked.follow.id for one in planned for looked in one.looked]
    due = select(m.follows.c.id, m.follows.c.due).where(among(connection, m.follows.c.id, numbers))
    dues = pairs(connection, due)
    readers = among(connection, m.deliveries.c.reader, [one.reader for one in planned])
    stopped = select(m.deliveries.c.reader).where(readers, m.deliveries.c.stopped.is_not(None))
    without = set(connection.scalars(stopped))
    return [
        one
        for one in planned
        if one.reader not in without and all(dues.get(own.follow.id) == own.follow.due for own in one.looked)
    ]


def _store(connection: Connection, planned: Sequence[Planned], now: datetime) -> None:
    readers = [one.reader for one in planned]
    there = select(m.digests.c.reader, m.digests.c.due).where(
        among(connection, m.digests.c.reader, readers), among(connection, m.digests.c.due, {one.due for one in planned})
    )
    taken = set(map(tuple, connection.execute(there)))
    rows = [
        {
            "reader": one.reader,
            "due": stamp(now) if (one.reader, one.due) in taken else one.due,  # clocks have been set back before
            "made": stamp(now),
            "sections": orjson.dumps([asdict(section) for section in one.sections]).decode(),
        }
        for one in planned
    ]
    numbered = insert(m.digests).returning(m.digests.c.id, sort_by_parameter_order=True)
    numbers = connection.scalars(numbered, rows).all()
    sent = [
        {"reader": one.reader, "record": pick.key, "digest": number}
        for one, number in zip(planned, numbers, strict=True)
        for section in one.sections
        for pick in section.picks
    ]
    insert_all(connection, m.digested, sent)
    address = select(r.readers.c.id, r.readers.c.email).where(among(connection, r.readers.c.id, readers))
    addresses = pairs(connection, address)
    mail = [_mail(addresses[one.reader], one.reader, number, now) for one, number in zip(planned, numbers, strict=True)]
    insert_all(connection, r.outbox, mail)


def _mail(address: str, reader: int, digest: int, now: datetime) -> dict[str, Any]:
    return {
        "kind": "digest",
        "reader": reader,
        "address": address,
        "digest": digest,
        "payload": "{}",
        "due": stamp(now),
        "priority": PRIORITY,
        "attempts": 0,
    }


def _digest(connection: Connection, row: Any) -> Digest:
    stored = orjson.loads(row.sections)
    named = {pick[name] for section in stored for pick in section["picks"] for name in ("key", "near")} - {None}
    present = dict(zip(named, papers.present_of(connection, named), strict=True))  # some may have joined others since
    sections = tuple(_section(section, present) for section in stored)
    return Digest(id=row.id, reader=row.reader, due=row.due, sections=sections)


def _section(stored: dict[str, Any], present: Mapping[int, int]) -> Section:
    picks = (
        Pick(
            **{
                **pick,
                "key": present[pick["key"]],
                "near": present.get(pick["near"]),
                "words": tuple(pick["words"]),
                "also": tuple(pick["also"]),
            }
        )
        for pick in stored["picks"]
    )
    return Section(stored["follow"], stored["name"], tuple(picks), stored["more"], stored["path"])
