"""The change log: one row for each paper, its newest change, numbered in the order in which transactions end."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select

from broadsheet.records import Change

from . import schema as t
from .connect import among, insert_all


def write(connection: Connection, keys: Iterable[int], gone: Iterable[int] = ()) -> None:
    """Give each of these papers the next number; `gone` are keys that are no paper any more."""
    left = set(gone)
    rows = [(key, 0) for key in sorted(set(keys) - left)] + [(key, 1) for key in sorted(left)]
    if not rows:
        return
    number = last(connection)
    connection.execute(delete(t.changes).where(among(connection, t.changes.c.key, [key for key, _ in rows])))
    numbered = [{"number": number + i, "key": key, "gone": gone} for i, (key, gone) in enumerate(rows, start=1)]
    insert_all(connection, t.changes, numbered)


def read(connection: Connection, after: int, limit: int) -> list[Change]:
    """Return the newest change of each paper that changed after a number, ascending."""
    statement = select(t.changes).where(t.changes.c.number > after).order_by(t.changes.c.number).limit(limit)
    return [Change(row.number, row.key, bool(row.gone)) for row in connection.execute(statement)]


def last(connection: Connection) -> int:
    """Return the number of the last change; 0 before there is any."""
    return connection.scalar(select(func.max(t.changes.c.number))) or 0


def count(connection: Connection, after: int) -> int:
    """Return how many papers changed after a number."""
    return connection.scalar(select(func.count()).where(t.changes.c.number > after)) or 0
