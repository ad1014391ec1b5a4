"""Sessions: who is logged in where, known by the hash of a token that only their browser has."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from broadsheet.records import Reader, Session

from . import schema_readers as r
from .connect import Database
from .freshness import stamp
from .readers import COLUMNS, reader_of

GRACE = timedelta(
    seconds=60
)  # for which a token still works after it was exchanged: pages ask for several things at once


class Sessions:
    """The sessions of all readers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, reader: int, token: bytes, *, agent: str, now: datetime, expires: datetime) -> None:
        """Begin a session under the hash of its token, and drop those that are over."""
        times = {"created": stamp(now), "rotated": stamp(now), "seen": stamp(now), "expires": stamp(expires)}

        def work(connection: Connection) -> None:
            connection.execute(delete(r.sessions).where(r.sessions.c.expires < stamp(now)))
            connection.execute(insert(r.sessions).values(reader=reader, token=token, agent=agent, **times))

        self._database.durable(work)

    def find(self, token: bytes, *, now: datetime) -> tuple[Session, Reader] | None:
        """Return a session and who it belongs to, while it lasts and they may come in."""
        mine = [r.sessions.c[name] for name in ("created", "rotated", "seen", "expires", "agent")]
        columns = select(r.sessions.c.id.label("session"), *(c.label(f"session_{c.name}") for c in mine), *COLUMNS)
        joined = columns.join(r.readers, r.sessions.c.reader == r.readers.c.id)
        wanted = joined.where(_known(token, now), r.sessions.c.expires > stamp(now), r.readers.c.state == "active")
        with self._database.reading() as connection:
            row = connection.execute(wanted).mappings().first()
        if row is None:
            return None
        return Session(id=row["session"], **{c.name: row[f"session_{c.name}"] for c in mine}), reader_of(row)

    def rotate(self, session: Session, token: bytes, *, now: datetime, expires: datetime) -> bool:
        """Give a session another token; the one it had works for a moment more. False where it has another already."""
        values = {"previous": r.sessions.c.token, "token": token, "rotated": stamp(now)}
        more = {"seen": stamp(now), "expires": stamp(expires)}
        same = (r.sessions.c.id == session.id, r.sessions.c.rotated == session.rotated)
        statement = update(r.sessions).where(*same).values(**values, **more)
        return self._database.durable(lambda c: c.execute(statement).rowcount == 1)

    def of(self, reader: int, *, now: datetime) -> list[Session]:
        """Return where a reader is logged in, the last seen first."""
        columns = [r.sessions.c[name] for name in ("id", "created", "rotated", "seen", "expires", "agent")]
        mine = select(*columns).where(r.sessions.c.reader == reader, r.sessions.c.expires > stamp(now))
        with self._database.reading() as connection:
            return [Session(**row) for row in connection.execute(mine.order_by(r.sessions.c.seen.desc())).mappings()]

    def end(self, reader: int, session: int | None = None, *, but: int | None = None) -> None:
        """End one session of a reader, or all, or all but one."""
        gone = delete(r.sessions).where(r.sessions.c.reader == reader)
        if session is not None:
            gone = gone.where(r.sessions.c.id == session)
        if but is not None:
            gone = gone.where(r.sessions.c.id != but)
        self._database.durable(lambda c: c.execute(gone))


def _known(token: bytes, now: datetime) -> ColumnElement[bool]:
    lately = and_(r.sessions.c.previous == token, r.sessions.c.rotated > stamp(now - GRACE))
    return or_(r.sessions.c.token == token, lately)
