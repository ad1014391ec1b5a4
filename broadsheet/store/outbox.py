"""The outbox: mail is a row before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, update

from broadsheet.records import Mail

from . import schema_readers as r
from .connect import Database
from .freshness import stamp

HOOK = "hook"  # the kind of what is posted to hooks; all else is mail


class Outbox:
    """Mail that waits to be sent, that was sent, and that was given up; what is claimed has a lease."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        kind: str,
        address: str,
        payload: Mapping[str, Any],
        *,
        reader: int | None = None,
        digest: int | None = None,
        priority: int,
        due: datetime,
    ) -> int:
        """Put mail into the outbox and return its number; what has a smaller `priority` goes first."""
        values = {
            "kind": kind,
            "reader": reader,
            "address": address,
            "digest": digest,
            "payload": orjson.dumps(dict(payload)).decode(),
            "due": stamp(due),
            "priority": priority,
            "attempts": 0,
        }
        statement = insert(r.outbox).values(values).returning(r.outbox.c.id)
        return int(self._database.durable(lambda c: c.scalar(statement)) or 0)

    def claim(self, limit: int, *, now: datetime, lease: float, hooks: bool = False) -> list[Mail]:
        """Take mail that is due and that nobody is sending, for so many seconds; after them others may take it.

        With `hooks`, take what is to be posted to hooks instead.
        """
        free = or_(r.outbox.c.lease_until.is_(None), r.outbox.c.lease_until <= stamp(now))
        kind = r.outbox.c.kind == HOOK if hooks else r.outbox.c.kind != HOOK
        waiting = (r.outbox.c.sent.is_(None), r.outbox.c.failed.is_(None), r.outbox.c.due <= stamp(now), free, kind)
        first = (r.outbox.c.priority, r.outbox.c.due, r.outbox.c.id)
        until = stamp(now + timedelta(seconds=lease))

        def work(connection: Connection) -> list[Mail]:
            numbers = connection.scalars(select(r.outbox.c.id).where(*waiting).order_by(*first).limit(limit)).all()
            taking = update(r.outbox).where(r.outbox.c.id.in_(numbers), *waiting)
            taking = taking.values(lease_until=until, attempts=r.outbox.c.attempts + 1).returning(*r.outbox.c)
            rows = sorted(connection.execute(taking).all(), key=lambda row: numbers.index(row.id))
            return [_mail(row) for row in rows]

        return self._database.durable(work) if self._any(waiting) else []

    def sent(self, numbers: Sequence[int], *, now: datetime) -> None:
        """Note that mail was sent; what its templates were told, log-in links among it, is forgotten."""
        self._set(numbers, sent=stamp(now), payload="{}", lease_until=None, reason=None)

    def failed(self, number: int, reason: str, *, now: datetime) -> None:
        """Give mail up."""
        self._set([number], failed=stamp(now), payload="{}", lease_until=None, reason=reason)

    def postponed(self, number: int, reason: str, *, until: datetime) -> None:
        """Try mail again at a later time."""
        self._set([number], due=stamp(until), lease_until=None, reason=reason)

    def given_back(self, numbers: Sequence[int]) -> None:
        """Let mail wait as if it had not been taken: it was not its turn yet that failed."""
        self._set(numbers, lease_until=None, attempts=r.outbox.c.attempts - 1)

    def is_open(self, number: int) -> bool:
        """Say whether mail is neither sent nor given up."""
        return self._any((r.outbox.c.id == number, r.outbox.c.sent.is_(None), r.outbox.c.failed.is_(None)))

    def get(self, number: int) -> Mail | None:
        """Return mail by number."""
        return self._first(select(r.outbox).where(r.outbox.c.id == number))

    def of_digest(self, digest: int) -> Mail | None:
        """Return the mail that brings a digest."""
        return self._first(select(r.outbox).where(r.outbox.c.digest == digest))

    def counts(self, *, now: datetime, since: datetime) -> dict[str, Any]:
        """Return how much mail waits, is due, was tried in vain, and since when the longest waits.

        `sent` and `failed` are counted since a moment; what is posted to hooks is no mail.
        """
        mail = r.outbox.c.kind != HOOK
        waiting = (r.outbox.c.sent.is_(None), r.outbox.c.failed.is_(None), mail)
        tried = r.outbox.c.reason.is_not(None)
        now_waiting = {
            "waiting": func.count(),
            "due": func.count().filter(r.outbox.c.due <= stamp(now)),
            "waiting_since": func.min(r.outbox.c.due),
            "tried_in_vain": func.count().filter(tried),
            "last_refusal": func.max(r.outbox.c.reason).filter(tried),
        }
        lately = {
            "sent": select(func.count()).where(r.outbox.c.sent >= stamp(since), mail).scalar_subquery(),
            "failed": select(func.count()).where(r.outbox.c.failed >= stamp(since), mail).scalar_subquery(),
        }
        columns = [value.label(name) for name, value in (now_waiting | lately).items()]
        with self._database.reading() as connection:
            return dict(connection.execute(select(*columns).where(*waiting)).mappings().one())

    def forget(self, *, before: datetime) -> int:
        """Delete mail that was sent or given up before a moment; digests and what they held stay."""
        old = or_(r.outbox.c.sent < stamp(before), r.outbox.c.failed < stamp(before))
        return self._database.durable(lambda c: c.execute(delete(r.outbox).where(old)).rowcount)

    def _any(self, waiting: Sequence[ColumnElement[bool]]) -> bool:
        with self._database.reading() as connection:
            return connection.scalar(select(r.outbox.c.id).where(*waiting).limit(1)) is not None

    def _first(self, statement: Select[Any]) -> Mail | None:
        with self._database.reading() as connection:
            row = connection.execute(statement).first()
        return None if row is None else _mail(row)

    def _set(self, numbers: Sequence[int], **values: Any) -> None:
        """Change rows whose mail was not sent or given up meanwhile."""
        open_ = (r.outbox.c.sent.is_(None), r.outbox.c.failed.is_(None))
        if numbers:
            changing = update(r.outbox).where(r.outbox.c.id.in_(numbers), *open_).values(values)
            self._database.durable(lambda c: c.execute(changing))


def _mail(row: Any) -> Mail:
    return Mail(
        id=row.id,
        kind=row.kind,
        address=row.address,
        payload=orjson.loads(row.payload),
        reader=row.reader,
        digest=row.digest,
        attempts=row.attempts,
    )
