"""Shelves: what readers saved, with their notes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from broadsheet.records import Saved, Shelf

from . import papers
from . import schema as t
from . import schema_readers as r
from .connect import Database, Prepared, among, upsert
from .freshness import stamp

_key = func.coalesce(t.absorbed.c.key, r.saved.c.record)
_savers = (
    select(_key, func.count(r.shelves.c.reader.distinct()))
    .select_from(r.saved)
    .join(r.shelves, r.shelves.c.id == r.saved.c.shelf)
    .outerjoin(t.absorbed, t.absorbed.c.record == r.saved.c.record)
)
_SAVERS = Prepared(lambda among: _savers.where(papers.of_papers(r.saved.c.record, among)).group_by(_key))


class Shelves:
    """The shelves of all readers. Keys are those of present papers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, reader: int) -> list[Shelf]:
        """Return a reader's shelves by name, with their number of papers."""
        return self._read(_shelves().where(r.shelves.c.reader == reader).order_by(r.shelves.c.name))

    def savers(self, keys: Collection[int]) -> dict[int, int]:
        """Return how many readers keep each of these papers; those that nobody keeps are left out."""
        with self._database.reading() as connection:
            return dict(map(tuple, _SAVERS.rows(connection, keys)))

    def save(self, reader: int, key: int, *, shelf: str, note: str | None, now: datetime) -> None:
        """Put a paper on a reader's shelf, making the shelf where it is missing; no note leaves the one there is."""

        def work(connection: Connection) -> None:
            number = numbered(connection, reader, shelf, now)
            numbers = papers.members(connection, [key])
            on_it = (r.saved.c.shelf == number, among(connection, r.saved.c.record, numbers))
            there = connection.scalar(select(r.saved.c.record).where(*on_it).limit(1))
            if there is None or note is not None:
                row = {"shelf": number, "record": there or key, "note": note or "", "made": stamp(now)}
                upsert(connection, r.saved, [row])

        self._database.durable(work)

    def unsave(self, reader: int, key: int, *, shelf: str | None) -> bool:
        """Take a paper from one of a reader's shelves, or from all; False when it stood on none."""

        def work(connection: Connection) -> bool:
            own = select(r.shelves.c.id).where(r.shelves.c.reader == reader)
            wanted = own if shelf is None else own.where(r.shelves.c.name == shelf)
            numbers = papers.members(connection, [key])
            gone = delete(r.saved).where(r.saved.c.shelf.in_(wanted), among(connection, r.saved.c.record, numbers))
            return connection.execute(gone).rowcount > 0

        return self._database.durable(work)

    def saved(self, reader: int, *, shelf: int | None = None) -> list[Saved]:
        """Return what stands on one of a reader's shelves, or on all, the last first; each paper once a shelf."""
        key = func.coalesce(t.absorbed.c.key, r.saved.c.record)
        columns = select(key, r.saved.c.note, r.saved.c.made, r.saved.c.shelf)
        joined = columns.join(r.shelves, r.shelves.c.id == r.saved.c.shelf).outerjoin(
            t.absorbed, t.absorbed.c.record == r.saved.c.record
        )
        wanted = joined.where(r.shelves.c.reader == reader)
        if shelf is not None:
            wanted = wanted.where(r.shelves.c.id == shelf)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(r.saved.c.made.desc(), key)).all()
        found: dict[tuple[int, int], Saved] = {}
        for row in rows:
            one = Saved(*row)
            found.setdefault((one.shelf, one.key), one)
        return list(found.values())

    def shared(self, token: str) -> Shelf | None:
        """Return the shelf that is shared under a token by somebody who may read here."""
        may = select(r.readers.c.id).where(r.readers.c.state.in_(("active", "local")))
        wanted = _shelves().where(r.shelves.c.public == token, r.shelves.c.reader.in_(may))
        return next(iter(self._read(wanted)), None)

    def share(self, reader: int, number: int, token: str | None) -> None:
        """Share one of a reader's shelves under a token, unless it is shared already; None takes that back."""
        mine = update(r.shelves).where(r.shelves.c.id == number, r.shelves.c.reader == reader)
        public = None if token is None else func.coalesce(r.shelves.c.public, token)
        self._database.durable(lambda c: c.execute(mine.values(public=public)))

    def rename(self, shelf: Shelf, name: str) -> bool:
        """Call a shelf something else; False when another one of its reader is called so."""

        def work(connection: Connection) -> bool:
            if _number(connection, shelf.reader, name) not in (None, shelf.id):
                return False
            connection.execute(update(r.shelves).where(r.shelves.c.id == shelf.id).values(name=name))
            called = update(r.missing).where(r.missing.c.reader == shelf.reader, r.missing.c.shelf == shelf.name)
            connection.execute(called.values(shelf=name))
            return True

        return self._database.durable(work)

    def remove(self, shelf: Shelf) -> None:
        """Delete a shelf, what stands on it, and what is still to come there."""

        def work(connection: Connection) -> None:
            connection.execute(delete(r.saved).where(r.saved.c.shelf == shelf.id))
            waiting = (r.missing.c.reader == shelf.reader, r.missing.c.shelf == shelf.name)
            connection.execute(delete(r.missing).where(*waiting))
            connection.execute(delete(r.shelves).where(r.shelves.c.id == shelf.id))

        self._database.durable(work)

    def of_everybody(self, most: int) -> list[tuple[int, int]]:
        """Return (reader, key) of what all readers have saved, each once, the last saved first."""
        key = func.coalesce(t.absorbed.c.key, r.saved.c.record)
        columns = select(r.shelves.c.reader, key).select_from(r.saved)
        joined = columns.join(r.shelves, r.shelves.c.id == r.saved.c.shelf).outerjoin(
            t.absorbed, t.absorbed.c.record == r.saved.c.record
        )
        with self._database.reading() as connection:
            rows = connection.execute(joined.order_by(r.saved.c.made.desc(), key).limit(most)).all()
        return list(dict.fromkeys((reader, key) for reader, key in rows))

    def _read(self, statement: Select[Any]) -> list[Shelf]:
        with self._database.reading() as connection:
            return [Shelf(*row) for row in connection.execute(statement)]


def _shelves() -> Select[Any]:
    key = func.coalesce(t.absorbed.c.key, r.saved.c.record)
    joined = r.shelves.outerjoin(r.saved, r.saved.c.shelf == r.shelves.c.id)
    joined = joined.outerjoin(t.absorbed, t.absorbed.c.record == r.saved.c.record)
    columns = (r.shelves.c.id, r.shelves.c.reader, r.shelves.c.name, r.shelves.c.public)
    return select(*columns, func.count(key.distinct())).select_from(joined).group_by(*columns)


def numbered(connection: Connection, reader: int, name: str, now: datetime) -> int:
    """Return the number of a reader's shelf, which is made where it is missing."""
    return _number(connection, reader, name) or _make(connection, reader, name, now)


def _number(connection: Connection, reader: int, name: str) -> int | None:
    return connection.scalar(select(r.shelves.c.id).where(r.shelves.c.reader == reader, r.shelves.c.name == name))


def _make(connection: Connection, reader: int, name: str, now: datetime) -> int:
    values = {"reader": reader, "name": name, "made": stamp(now)}
    return int(connection.scalar(insert(r.shelves).values(values).returning(r.shelves.c.id)) or 0)
