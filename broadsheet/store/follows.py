"""Follows, when they are due, and whether their readers get mail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, case, delete, func, insert, select, update

from broadsheet.records import Delivery, Follow

from . import schema as t
from . import schema_mail as m
from . import schema_readers as r
from .codec import hash64
from .connect import Database, Prepared, insert_new
from .freshness import stamp

_HARD = 3  # letters come back so often until an address is taken for dead; one is enough where it is said to be
_READING = ("active", "local")
_MEMORY = timedelta(days=30)  # for how long those count


_when = select(r.readers.c.id, r.readers.c.email, r.readers.c.timezone, r.readers.c.state, *m.deliveries.c)
_when = _when.select_from(r.readers.outerjoin(m.deliveries, m.deliveries.c.reader == r.readers.c.id))
_DELIVERIES = Prepared(lambda among: _when.where(among(r.readers.c.id)))


class Follows:
    """What readers follow."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, follow: Follow) -> Follow:
        """Store a follow under a new number; one of the same thing that is there already stays as it is."""

        def work(connection: Connection) -> int:
            same = (m.follows.c.reader == follow.reader, m.follows.c.kind == follow.kind)
            there = connection.scalar(select(m.follows.c.id).where(*same, m.follows.c.text == follow.text))
            return there or int(
                connection.scalar(insert(m.follows).values(_row(follow)).returning(m.follows.c.id)) or 0
            )

        number = self._database.durable(work)
        return self._read(select(m.follows).where(m.follows.c.id == number))[0]

    def get(self, number: int) -> Follow | None:
        """Return a follow by number."""
        return next(iter(self._read(select(m.follows).where(m.follows.c.id == number))), None)

    def of(self, reader: int) -> list[Follow]:
        """Return what a reader follows, in the order it was begun."""
        return self._read(select(m.follows).where(m.follows.c.reader == reader).order_by(m.follows.c.id))

    def change(self, follow: Follow) -> None:
        """Store how a follow is delivered; what it has looked at stays."""
        row = {name: value for name, value in _row(follow).items() if name not in ("newest", "looked", "found")}
        self._database.durable(lambda c: c.execute(update(m.follows).where(m.follows.c.id == follow.id).values(row)))

    def remove(self, reader: int, number: int) -> bool:
        """Forget one of a reader's follows; False where there is none."""
        gone = delete(m.follows).where(m.follows.c.id == number, m.follows.c.reader == reader)
        hooks = delete(m.hooks).where(m.hooks.c.follow == number, m.hooks.c.reader == reader)

        def work(connection: Connection) -> bool:
            connection.execute(hooks)
            return connection.execute(gone).rowcount > 0

        return self._database.durable(work)

    def due(self, now: datetime, limit: int) -> dict[int, list[Follow]]:
        """Return the due follows of readers who get mail, by reader, those first who have waited longest."""
        may = (
            (m.follows.c.due <= stamp(now))
            & r.readers.c.state.in_(_READING)
            & r.readers.c.email.is_not(None)
            & r.readers.c.confirmed.is_not(None)
            & m.deliveries.c.stopped.is_(None)
        )
        owned = m.follows.join(r.readers, r.readers.c.id == m.follows.c.reader)
        joined = owned.outerjoin(m.deliveries, m.deliveries.c.reader == m.follows.c.reader)
        first = select(m.follows.c.reader, func.min(m.follows.c.due)).select_from(joined).where(may)
        readers = first.group_by(m.follows.c.reader).order_by(func.min(m.follows.c.due), m.follows.c.reader)
        with self._database.reading() as connection:
            wanted = [reader for reader, _ in connection.execute(readers.limit(limit))]
            own = select(m.follows).where(m.follows.c.reader.in_(wanted), m.follows.c.due <= stamp(now))
            found: dict[int, list[Follow]] = {reader: [] for reader in wanted}
            for row in connection.execute(own.order_by(m.follows.c.id)).mappings():
                found[row["reader"]].append(Follow(**row))
        return found

    def postpone(self, follows: Sequence[Follow], until: datetime) -> None:
        """Have follows looked at later, those that are still due at the time that they say."""

        def work(connection: Connection) -> None:
            for one in follows:
                same = (m.follows.c.id == one.id, m.follows.c.due == one.due)
                connection.execute(update(m.follows).where(*same).values(due=stamp(until)))

        self._database.durable(work)

    def _read(self, statement: Select[Any]) -> list[Follow]:
        with self._database.reading() as connection:
            return [Follow(**row) for row in connection.execute(statement).mappings()]

    # --- what is new --------------------------------------------------------------------------------------------------

    def newest_key(self) -> int:
        """Return the key of the newest paper; 0 where there is none."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.max(t.records.c.id))) or 0

    def new_by_author(self, slug: str, after: int, upto: int) -> list[int]:
        """Return the keys of an author's papers that came after one and not after another."""
        wanted = select(t.papers.c.key).join(t.authorship, t.authorship.c.record == t.papers.c.key)
        return self._keys(wanted.where(t.authorship.c.author == hash64(slug)), after, upto)

    def new_at_venue(self, slug: str, after: int, upto: int) -> list[int]:
        """Return the keys of a venue's papers that came after one and not after another."""
        return self._keys(select(t.papers.c.key).where(t.papers.c.venue == hash64(slug)), after, upto)

    def _keys(self, wanted: Select[Any], after: int, upto: int) -> list[int]:
        listed = wanted.where(t.papers.c.key > after, t.papers.c.key <= upto, t.papers.c.day.is_not(None))
        with self._database.reading() as connection:
            return list(connection.scalars(listed.order_by(t.papers.c.key)))

    # --- delivery -----------------------------------------------------------------------------------------------------

    def deliveries(self, readers: Collection[int], timezone: str) -> dict[int, Delivery]:
        """Return when and whether readers' mail comes; `timezone` is theirs where they named none."""
        with self._database.reading() as connection:
            return {row.id: _delivery(row, timezone) for row in _DELIVERIES.rows(connection, readers)}

    def deliver(self, delivery: Delivery, dues: Sequence[tuple[int, datetime]]) -> None:
        """Store when a reader's mail comes, and when each of their follows is therefore due."""

        def work(connection: Connection) -> None:
            _ensure(connection, delivery.reader)
            when = update(m.deliveries).where(m.deliveries.c.reader == delivery.reader)
            connection.execute(when.values(hour=delivery.hour, weekday=delivery.weekday))
            zoned = update(r.readers).where(r.readers.c.id == delivery.reader)
            connection.execute(zoned.values(timezone=delivery.timezone))
            _set_dues(connection, dues)

        self._database.durable(work)

    def stop(self, reader: int, reason: str, *, now: datetime) -> None:
        """Send a reader no more digests, those included that wait in the outbox."""
        self._database.durable(lambda c: _stop(c, reader, reason, now))

    def resume(self, reader: int, dues: Sequence[tuple[int, datetime]]) -> None:
        """Send a reader digests again, from each follow's next due time on."""

        def work(connection: Connection) -> None:
            _ensure(connection, reader)
            values = {"stopped": None, "reason": None, "strikes": 0}
            connection.execute(update(m.deliveries).where(m.deliveries.c.reader == reader).values(values))
            _set_dues(connection, dues)

        self._database.durable(work)

    def came_back(self, reader: int, reason: str, *, hard: bool, now: datetime) -> None:
        """Note that a letter came back; what is hard, or happens too often, stops the reader's digests."""

        def work(connection: Connection) -> None:
            _ensure(connection, reader)
            recent = m.deliveries.c.struck > stamp(now - _MEMORY)
            before = case((recent, m.deliveries.c.strikes), else_=0)
            struck = update(m.deliveries).where(m.deliveries.c.reader == reader)
            struck = struck.values(strikes=before + (_HARD if hard else 1), struck=stamp(now))
            if (connection.scalar(struck.returning(m.deliveries.c.strikes)) or 0) >= _HARD:
                _stop(connection, reader, reason, now)

        self._database.durable(work)

    def keep_opens(self, reader: int, wanted: bool) -> None:
        """Keep from now on which papers a reader opens from mail, or do not, and forget those that were."""

        def work(connection: Connection) -> None:
            _ensure(connection, reader)
            mine = m.deliveries.c.reader == reader
            connection.execute(update(m.deliveries).where(mine).values(opens=int(wanted)))
            if not wanted:
                connection.execute(delete(m.opened).where(m.opened.c.reader == reader))

        self._database.durable(work)

    def opened(self, reader: int, key: int, *, now: datetime) -> None:
        """Note that a reader opened a paper from mail, if they want that kept."""
        wanted = select(m.deliveries.c.reader).where(m.deliveries.c.reader == reader, m.deliveries.c.opens == 1)

        def work(connection: Connection) -> None:
            if connection.scalar(wanted) is not None:
                insert_new(connection, m.opened, [{"reader": reader, "record": key, "made": stamp(now)}])

        self._database.durable(work)

    def opens_of(self, reader: int) -> list[int]:
        """Return the keys of the papers that a reader opened from mail, the last first."""
        key = func.coalesce(t.absorbed.c.key, m.opened.c.record)
        joined = select(key).select_from(m.opened).outerjoin(t.absorbed, t.absorbed.c.record == m.opened.c.record)
        wanted = joined.where(m.opened.c.reader == reader).order_by(m.opened.c.made.desc(), key)
        with self._database.reading() as connection:
            return list(dict.fromkeys(connection.scalars(wanted)))

    def ask(self, reader: int, *, now: datetime, since: datetime) -> bool:
        """Note that a reader's address is asked to confirm itself; False where that was done since a moment."""

        def work(connection: Connection) -> bool:
            _ensure(connection, reader)
            never = m.deliveries.c.asked.is_(None) | (m.deliveries.c.asked <= stamp(since))
            claim = update(m.deliveries).where(m.deliveries.c.reader == reader, never).values(asked=stamp(now))
            return connection.execute(claim).rowcount == 1

        return self._database.durable(work)


def _delivery(row: Any, timezone: str) -> Delivery:
    when = {} if row.hour is None else {"hour": row.hour, "weekday": row.weekday}
    zone, address = row.timezone or timezone, row.email if row.state in _READING else None
    return Delivery(
        reader=row.id,
        address=address,
        timezone=zone,
        stopped=row.stopped,
        reason=row.reason,
        opens=bool(row.opens),
        **when,
    )


def _row(follow: Follow) -> dict[str, Any]:
    return {column.name: getattr(follow, column.name) for column in m.follows.c if column.name != "id"}


def _set_dues(connection: Connection, dues: Sequence[tuple[int, datetime]]) -> None:
    for number, due in dues:
        connection.execute(update(m.follows).where(m.follows.c.id == number).values(due=stamp(due)))


def _ensure(connection: Connection, reader: int) -> None:
    insert_new(connection, m.deliveries, [{"reader": reader, "hour": 7, "weekday": 0, "strikes": 0}])


def _stop(connection: Connection, reader: int, reason: str, now: datetime) -> None:
    _ensure(connection, reader)
    stopped = update(m.deliveries).where(m.deliveries.c.reader == reader, m.deliveries.c.stopped.is_(None))
    connection.execute(stopped.values(stopped=stamp(now), reason=reason))
    waiting = (r.outbox.c.sent.is_(None), r.outbox.c.failed.is_(None), r.outbox.c.digest.is_not(None))
    cancelled = update(r.outbox).where(r.outbox.c.reader == reader, *waiting)
    connection.execute(cancelled.values(failed=stamp(now), reason=f"Not sent: {reason}"))
