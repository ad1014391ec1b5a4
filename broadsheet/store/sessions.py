"""Sessions: who is logged in where, known by the hash of a token that only their browser has."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, or_, select

from broadsheet.records import Reader

from . import schema_readers as r
from .connect import Database
from .freshness import stamp
from .readers import COLUMNS, reader_of


class Sessions:
    """The sessions of all readers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, reader: int, token: bytes, *, agent: str, now: datetime, expires: datetime) -> None:
        """Begin a session under the hash of its token."""
        times = {"created": stamp(now), "rotated": stamp(now), "seen": stamp(now), "expires": stamp(expires)}
        values = {"reader": reader, "token": token, "agent": agent, **times}
        self._database.durable(lambda c: c.execute(insert(r.sessions).values(values)))

    def reader(self, token: bytes, *, now: datetime) -> Reader | None:
        """Return who a session belongs to, while it lasts and they may come in."""
        known = or_(r.sessions.c.token == token, r.sessions.c.previous == token)
        joined = select(*COLUMNS).join(r.sessions, r.sessions.c.reader == r.readers.c.id)
        wanted = joined.where(known, r.sessions.c.expires > stamp(now), r.readers.c.state == "active")
        with self._database.reading() as connection:
            row = connection.execute(wanted).mappings().first()
        return None if row is None else reader_of(row)

    def end(self, token: bytes) -> None:
        """End a session."""
        known = or_(r.sessions.c.token == token, r.sessions.c.previous == token)
        self._database.durable(lambda c: c.execute(delete(r.sessions).where(known)))
