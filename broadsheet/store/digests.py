"""Digests, and which papers they brought to whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, union_all, update

from broadsheet.records import Digest, Follow, Pick, Section

from . import papers
from . import schema_mail as m
from . import schema_readers as r
from .connect import Database, among, insert_all
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
        return self._database.durable(lambda c: sum(_plan(c, one, now) for one in planned))

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
            mine = [
                select(m.digested.c.record).where(
                    m.digested.c.reader == reader, among(connection, m.digested.c.record, paper_of)
                ),
                select(r.hidden.c.record).where(
                    r.hidden.c.reader == reader, among(connection, r.hidden.c.record, paper_of)
                ),
                select(r.saved.c.record)
                .join(r.shelves, r.shelves.c.id == r.saved.c.shelf)
                .where(r.shelves.c.reader == reader, among(connection, r.saved.c.record, paper_of)),
            ]
            known = {paper_of[record] for record in connection.scalars(union_all(*mine))}
        return known | {key for key in keys if key not in paper_of}


def _plan(connection: Connection, planned: Planned, now: datetime) -> int:
    """Store one reader's digest; 0 where there is nothing to say, or what was looked at is no longer so."""
    stopped = select(m.deliveries.c.reader).where(
        m.deliveries.c.reader == planned.reader, m.deliveries.c.stopped.is_not(None)
    )
    inner = connection.begin_nested()
    if connection.scalar(stopped) is not None or not all(_move(connection, one, now) for one in planned.looked):
        inner.rollback()
        return 0
    if planned.sections:
        _store(connection, planned, now)
    inner.commit()
    return 1 if planned.sections else 0


def _move(connection: Connection, looked: Looked, now: datetime) -> bool:
    """Move a follow to its next due time, if it is still due at the time that was looked at."""
    same = (m.follows.c.id == looked.follow.id, m.follows.c.due == looked.follow.due)
    values: dict[str, Any] = {
        "due": stamp(looked.next_due),
        "newest": looked.newest,
        "looked": stamp(now),
        "found": looked.found,
    }
    return connection.execute(update(m.follows).where(*same).values(values)).rowcount == 1


def _store(connection: Connection, planned: Planned, now: datetime) -> None:
    content = orjson.dumps([asdict(section) for section in planned.sections]).decode()
    same = select(m.digests.c.id).where(m.digests.c.reader == planned.reader, m.digests.c.due == planned.due)
    due = planned.due if connection.scalar(same) is None else stamp(now)  # clocks have been set back before
    row = {"reader": planned.reader, "due": due, "made": stamp(now), "sections": content}
    number = connection.scalar(insert(m.digests).values(row).returning(m.digests.c.id))
    keys = [pick.key for section in planned.sections for pick in section.picks]
    insert_all(connection, m.digested, [{"reader": planned.reader, "record": key, "digest": number} for key in keys])
    address = select(r.readers.c.email).where(r.readers.c.id == planned.reader).scalar_subquery()
    mail = {
        "kind": "digest",
        "reader": planned.reader,
        "address": address,
        "digest": number,
        "payload": "{}",
        "due": stamp(now),
        "priority": PRIORITY,
        "attempts": 0,
    }
    connection.execute(insert(r.outbox).values(mail))


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
