"""Hooks: where the matches of follows are posted to, which papers were, and how it went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    CompoundSelect,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)

from broadsheet.records import Hook, Section

from . import papers
from . import schema_mail as m
from . import schema_readers as r
from .connect import Among, Database, Prepared, insert_all
from .freshness import stamp
from .outbox import HOOK

PRIORITY = 30
_TEST_PRIORITY = 10
_READING = ("active", "local")


@dataclass(frozen=True, slots=True)
class Posting:
    """What is to be posted to a hook: what was found of its follow, if anything, and when it is looked at next."""

    hook: Hook
    newest: int
    section: Section | None
    next_due: datetime


def _known(among: Among) -> CompoundSelect[Any]:
    hook = bindparam("hook", type_=m.hooked.c.hook.type)
    reader = bindparam("reader", type_=r.hidden.c.reader.type)
    posted = select(m.hooked.c.record).where(m.hooked.c.hook == hook, among(m.hooked.c.record))
    hidden = select(r.hidden.c.record).where(r.hidden.c.reader == reader, among(r.hidden.c.record))
    return union_all(posted, hidden)


_KNOWN = Prepared(_known)


class Hooks:
    """Where matches are posted to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, hook: Hook) -> Hook:
        """Store a hook under a new number."""
        row = {name: value for name, value in asdict(hook).items() if name != "id"}
        statement = insert(m.hooks).values(row).returning(m.hooks.c.id)
        number = self._database.durable(lambda c: c.scalar(statement))
        return self._read(select(m.hooks).where(m.hooks.c.id == number))[0]

    def get(self, number: int) -> Hook | None:
        """Return a hook by number."""
        return next(iter(self._read(select(m.hooks).where(m.hooks.c.id == number))), None)

    def of(self, reader: int) -> list[Hook]:
        """Return a reader's hooks, in the order they were made."""
        return self._read(select(m.hooks).where(m.hooks.c.reader == reader).order_by(m.hooks.c.id))

    def due(self, now: datetime, limit: int) -> list[Hook]:
        """Return hooks that are to be looked at: due, not stopped, and with nothing that still waits to be posted."""
        waiting = select(r.outbox.c.reader).where(
            r.outbox.c.sent.is_(None), r.outbox.c.failed.is_(None), r.outbox.c.address == _address(m.hooks.c.id)
        )
        owned = m.hooks.join(r.readers, r.readers.c.id == m.hooks.c.reader)
        wanted = (
            select(m.hooks)
            .select_from(owned)
            .where(
                m.hooks.c.due <= stamp(now),
                m.hooks.c.stopped.is_(None),
                r.readers.c.state.in_(_READING),
                ~waiting.exists(),
            )
        )
        return self._read(wanted.order_by(m.hooks.c.due, m.hooks.c.id).limit(limit))

    def known_to(self, hook: Hook, keys: Collection[int]) -> set[int]:
        """Return which of these papers are not to be posted: posted before, hidden by the reader, or no paper now."""
        with self._database.reading() as connection:
            paper_of = papers.members(connection, keys)
            rows = _KNOWN.rows(connection, paper_of, hook=hook.id, reader=hook.reader)
            known = {paper_of[row.record] for row in rows}
        return known | {key for key in keys if key not in paper_of}

    def plan(self, posting: Posting, *, now: datetime) -> bool:
        """Store what is to be posted and when the hook is looked at next; False where another did so meanwhile."""
        return self._database.durable(lambda c: _plan(c, posting, now))

    def test(self, hook: Hook, *, now: datetime) -> None:
        """Have something posted that says it is a test, and start a hook again that was stopped."""

        def work(connection: Connection) -> None:
            again = {"stopped": None, "failing": None, "reason": None}
            connection.execute(update(m.hooks).where(m.hooks.c.id == hook.id).values(again))
            _enqueue(connection, hook, {"hook": hook.id}, _TEST_PRIORITY, now)

        self._database.durable(work)

    def arrived(self, number: int, *, now: datetime) -> None:
        """Note that a post arrived."""
        values = {"posted": stamp(now), "failing": None, "reason": None}
        self._database.durable(lambda c: c.execute(update(m.hooks).where(m.hooks.c.id == number).values(values)))

    def failed(self, number: int, reason: str, *, now: datetime, patience: timedelta) -> bool:
        """Note that a post did not arrive; after so long without any the hook stops, and what waits is given up."""

        def work(connection: Connection) -> bool:
            since = func.coalesce(m.hooks.c.failing, stamp(now))
            noted = update(m.hooks).where(m.hooks.c.id == number).values(failing=since, reason=reason)
            failing = connection.scalar(noted.returning(m.hooks.c.failing))
            if failing is None or failing > stamp(now - patience):
                return False
            stop = update(m.hooks).where(m.hooks.c.id == number, m.hooks.c.stopped.is_(None))
            connection.execute(stop.values(stopped=stamp(now)))
            _give_up(connection, number, reason, now)
            return True

        return self._database.durable(work)

    def remove(self, reader: int, number: int, *, now: datetime) -> bool:
        """Forget one of a reader's hooks and what waits for it; False where there is none."""

        def work(connection: Connection) -> bool:
            gone = delete(m.hooks).where(m.hooks.c.id == number, m.hooks.c.reader == reader)
            if connection.execute(gone).rowcount == 0:
                return False
            connection.execute(delete(m.hooked).where(m.hooked.c.hook == number))
            _give_up(connection, number, "its webhook was removed", now)
            return True

        return self._database.durable(work)

    def _read(self, statement: Select[Any]) -> list[Hook]:
        with self._database.reading() as connection:
            return [Hook(**row) for row in connection.execute(statement).mappings()]


def _address(number: Any) -> Any:
    """Return what stands for a hook where the outbox has an address: its own would be a secret in one more place."""
    return f"{HOOK}:{number}" if isinstance(number, int) else literal(f"{HOOK}:") + cast(number, Text)


def _plan(connection: Connection, posting: Posting, now: datetime) -> bool:
    hook, section = posting.hook, posting.section
    same = (m.hooks.c.id == hook.id, m.hooks.c.due == hook.due, m.hooks.c.stopped.is_(None))
    values = {"newest": posting.newest, "looked": stamp(now), "due": stamp(posting.next_due)}
    if connection.execute(update(m.hooks).where(*same).values(values)).rowcount == 0:
        return False
    if section is not None:
        rows = [{"hook": hook.id, "record": pick.key, "reader": hook.reader} for pick in section.picks]
        insert_all(connection, m.hooked, rows)
        _enqueue(connection, hook, {"hook": hook.id, "section": asdict(section)}, PRIORITY, now)
    return True


def _enqueue(connection: Connection, hook: Hook, payload: dict[str, Any], priority: int, now: datetime) -> None:
    row = {
        "kind": HOOK,
        "reader": hook.reader,
        "address": _address(hook.id),
        "payload": orjson.dumps(payload).decode(),
        "due": stamp(now),
        "priority": priority,
        "attempts": 0,
    }
    connection.execute(insert(r.outbox).values(row))


def _give_up(connection: Connection, number: int, reason: str, now: datetime) -> None:
    waiting = (r.outbox.c.sent.is_(None), r.outbox.c.failed.is_(None), r.outbox.c.address == _address(number))
    connection.execute(update(r.outbox).where(*waiting).values(failed=stamp(now), payload="{}", reason=reason))
