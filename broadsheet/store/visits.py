"""When readers were here, and what has come since."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from broadsheet.records import Visit

from . import schema as t
from . import schema_readers as r
from .connect import Database, Prepared, upsert
from .freshness import stamp

_COLUMNS = (r.visits.c.last, r.visits.c.before, r.visits.c.newest, r.visits.c.known)
_VISIT = Prepared(lambda _: select(*_COLUMNS).where(r.visits.c.reader == bindparam("who")))


class Visits:
    """The visits of all readers: each knows the last one, and what the newest paper was when the one before ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, reader: int) -> Visit | None:
        """Return a reader's visit as it was last noted."""
        with self._database.reading() as connection:
            return _visit(connection, reader)

    def note(self, reader: int, *, now: datetime, over: timedelta) -> Visit:
        """Note that a reader is here; where they were not for longer than `over`, another visit begins."""

        def work(connection: Connection) -> Visit:
            last = _visit(connection, reader)
            before, known = (last.before, last.known) if last else (None, None)
            if last and now - datetime.fromisoformat(last.last) > over:
                before, known = last.last, last.newest
            return _write(connection, reader, Visit(stamp(now), before, _newest(connection), known))

        return self._database.durable(work)

    def all_seen(self, reader: int, *, now: datetime) -> Visit:
        """Let nothing that is here be new to a reader."""

        def work(connection: Connection) -> Visit:
            newest = _newest(connection)
            return _write(connection, reader, Visit(stamp(now), stamp(now), newest, newest))

        return self._database.durable(work)

    def unseen(self, reader: int, known: int, limit: int, offset: int = 0) -> list[int]:
        """Return the keys of listed papers after one that a reader has not opened, the newest first."""
        wanted = select(t.papers.c.key).where(*_unseen(reader, known))
        newest_first = wanted.order_by(t.papers.c.day.desc(), t.papers.c.key.desc())
        with self._database.reading() as connection:
            return list(connection.scalars(newest_first.limit(limit).offset(offset)))

    def count_unseen(self, reader: int, known: int, most: int) -> int:
        """Return how many those are, or `most` where they are more."""
        some = select(t.papers.c.key).where(*_unseen(reader, known)).limit(most).subquery()
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(some)) or 0


def _unseen(reader: int, known: int) -> tuple[ColumnElement[bool], ...]:
    opened = select(r.seen.c.record).where(r.seen.c.reader == reader)
    return t.papers.c.key > known, t.papers.c.day.is_not(None), t.papers.c.key.not_in(opened)


def _visit(connection: Connection, reader: int) -> Visit | None:
    return next((Visit(*row) for row in _VISIT.rows(connection, who=reader)), None)


def _newest(connection: Connection) -> int:
    return connection.scalar(select(func.max(t.records.c.id))) or 0


def _write(connection: Connection, reader: int, visit: Visit) -> Visit:
    row = {"reader": reader, "last": visit.last, "before": visit.before, "newest": visit.newest, "known": visit.known}
    upsert(connection, r.visits, [row])
    return visit
