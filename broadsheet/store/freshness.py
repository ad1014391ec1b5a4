"""Where each source stands: cursors, when it was seen, what failed, what was set aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select

from broadsheet.records import SetAside, SourceStatus

from . import schema as t
from .codec import hash64
from .connect import insert_new, pairs, upsert


def stamp(now: datetime) -> str:
    """Return a time as it is stored: UTC, to the second.

    Raises:
        ValueError: the time does not say of which zone it is.
    """
    if now.tzinfo is None:
        raise ValueError("now must say of which time zone it is")
    return now.astimezone(UTC).isoformat(timespec="seconds")


def cursor(connection: Connection, name: str) -> str | None:
    """Return what was stored last under a cursor's name."""
    return connection.scalar(select(t.cursors.c.cursor).where(t.cursors.c.name == name))


def store_cursor(connection: Connection, name: str, value: str, now: datetime) -> None:
    """Store a cursor in the place of the last one."""
    upsert(connection, t.cursors, [{"name": name, "cursor": value, "stored": stamp(now)}])


def seen(connection: Connection, source: str, now: datetime, *, records: int = 0) -> None:
    """Note that a source answered, and how many new records it gave; its last failure is past."""
    row = {"name": source, "seen": stamp(now), "failure": None, "records": records}
    upsert(connection, t.sources, [row], add=("records",))


def failed(connection: Connection, source: str, reason: str) -> None:
    """Note why a source could not be read; when it was last seen stays."""
    row = {"name": source, "failure": reason.replace("\0", ""), "records": 0}
    upsert(connection, t.sources, [row], add=("records",))


def statuses(connection: Connection) -> list[SourceStatus]:
    """Return all sources by name."""
    counts = select(t.set_aside.c.source, func.count()).group_by(t.set_aside.c.source)
    aside = pairs(connection, counts)
    rows = connection.execute(select(t.sources).order_by(t.sources.c.name))
    return [
        SourceStatus(
            name=row.name, seen=row.seen, failure=row.failure, records=row.records, set_aside=aside.get(row.name, 0)
        )
        for row in rows
    ]


def set_aside(connection: Connection, source: str, items: Sequence[SetAside], now: datetime) -> None:
    """Keep records that could not be used, once each however often they are read."""
    rows = [
        {
            "source": source,
            "name": hash64("\0".join((source, item.where, item.reason, item.excerpt))),
            "place": _clean(item.where),
            "reason": _clean(item.reason),
            "excerpt": _clean(item.excerpt),
            "stored": stamp(now),
        }
        for item in items
    ]
    insert_new(connection, t.set_aside, rows)


def list_set_aside(connection: Connection, limit: int) -> list[tuple[str, SetAside]]:
    """Return the records set aside last, newest first, with their source."""
    rows = connection.execute(select(t.set_aside).order_by(t.set_aside.c.id.desc()).limit(limit))
    return [(row.source, SetAside(where=row.place, reason=row.reason, excerpt=row.excerpt)) for row in rows]


def _clean(text: str) -> str:
    """Return text that every database takes: no NUL, no half characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
