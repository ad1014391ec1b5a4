"""What readers send in: a row at once, and what came of it, written together with the papers that came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import zstandard
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, delete, func, insert, or_, select, update

from broadsheet.records import SetAside, SourceRecord, Submission, SubmissionState

from . import papers
from . import schema_readers as r
from .adding import add_few, matched
from .connect import Database, insert_new
from .freshness import stamp
from .identity import record_name

_OPEN: tuple[SubmissionState, ...] = ("queued", "waiting")
_NOBODY = 0  # whose submissions are that were forgotten
_AT_ONCE = 50  # records in one transaction
_PART = 1 << 19  # bytes of a file in one transaction, some 10 ms, for which the votes of readers have to wait
_PARTS_AT_ONCE = 4  # that are forgotten
_ARRIVING = 300.0  # seconds after which a file is taken for lost of which not all parts have come
_of = r.submitted.c.submission == r.submissions.c.id
_COUNTS = tuple(
    select(func.count()).where(_of, r.submitted.c.new == new).scalar_subquery().label(name)
    for name, new in (("new", 1), ("here", 0))
)


class Submissions:
    """The submissions of all readers; what is being fetched has a lease."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, reader: int, kind: str, given: str, name: str, *, now: datetime, content: bytes | None = None
    ) -> tuple[int, bool]:
        """Keep a submission, with the file if it is one; return its number, and whether it is new.

        One that the same reader has sent in already, and that is still open, is returned instead of a second one.
        """
        values = {"reader": reader, "kind": kind, "given": given, "name": name, "state": "queued", "attempts": 0}
        values |= {"made": stamp(now), "due": stamp(now)}
        if content is not None:
            values["lease_until"] = stamp(now + timedelta(seconds=_ARRIVING))

        def work(connection: Connection) -> tuple[int, bool]:
            same = (r.submissions.c.reader == reader, r.submissions.c.name == name, r.submissions.c.state.in_(_OPEN))
            there = connection.scalar(select(r.submissions.c.id).where(*same).limit(1))
            if there is not None:
                return int(there), False
            made = insert(r.submissions).values(**values).returning(r.submissions.c.id)
            return int(connection.scalar(made) or 0), True

        number, new = self._database.durable(work)
        if content is not None and new:
            self._keep(number, reader, zstandard.compress(content))
        return number, new

    def _keep(self, number: int, reader: int, packed: bytes) -> None:
        """Keep a file part by part, and let it be fetched when it is whole."""
        for part, first in enumerate(range(0, len(packed), _PART)):
            piece = packed[first : first + _PART]
            row = {"submission": number, "part": part, "reader": reader, "size": len(piece), "content": piece}
            self._database.durable(partial(insert_new, table=r.uploads, rows=[row]))
        whole = update(r.submissions).where(r.submissions.c.id == number).values(lease_until=None)
        self._database.durable(lambda c: c.execute(whole))

    def get(self, number: int) -> Submission | None:
        """Return a submission by number."""
        return next(iter(self._some(_submissions().where(r.submissions.c.id == number))), None)

    def of_reader(self, reader: int, limit: int, offset: int = 0) -> list[Submission]:
        """Return a reader's submissions, the last first."""
        mine = _submissions().where(r.submissions.c.reader == reader).order_by(r.submissions.c.id.desc())
        return self._some(mine.limit(limit).offset(offset))

    def open(self, limit: int) -> list[Submission]:
        """Return what is queued or waits, the oldest first."""
        waiting = _submissions().where(r.submissions.c.state.in_(_OPEN))
        return self._some(waiting.order_by(r.submissions.c.id).limit(limit))

    def settled(self, limit: int) -> list[Submission]:
        """Return what was found, merged or refused, the last first."""
        done = _submissions().where(r.submissions.c.settled.is_not(None))
        return self._some(done.order_by(r.submissions.c.settled.desc(), r.submissions.c.id.desc()).limit(limit))

    def sent_before(self, submission: Submission) -> bool:
        """Say whether another reader sent the same in before, and it is still open."""
        s = r.submissions.c
        before = (s.name == submission.name, s.id < submission.id, s.state.in_(_OPEN), s.reader != submission.reader)
        with self._database.reading() as connection:
            return connection.scalar(select(s.id).where(*before).limit(1)) is not None

    def papers(self, number: int, limit: int) -> list[tuple[int, bool]]:
        """Return (key, whether it was new) of the papers that came of a submission."""
        rows = select(r.submitted.c.record, r.submitted.c.new).where(r.submitted.c.submission == number)
        with self._database.reading() as connection:
            found = connection.execute(rows.order_by(r.submitted.c.new.desc(), r.submitted.c.record).limit(limit)).all()
            keys = papers.present_of(connection, [row.record for row in found])
        return [(key, bool(row.new)) for key, row in zip(keys, found, strict=True)]

    def content(self, number: int) -> bytes | None:
        """Return the file that was sent in, None where it is not there, or not all of it."""
        wanted = select(r.uploads.c.content).where(r.uploads.c.submission == number).order_by(r.uploads.c.part)
        with self._database.reading() as connection:
            packed = b"".join(connection.scalars(wanted))
        try:
            return zstandard.decompress(packed)
        except zstandard.ZstdError:
            return None

    def kept_bytes(self, reader: int) -> int:
        """Return how many bytes of files, packed, are kept for a reader."""
        total = select(func.coalesce(func.sum(r.uploads.c.size), 0)).where(r.uploads.c.reader == reader)
        with self._database.reading() as connection:
            return int(connection.scalar(total) or 0)

    def counts(self, *, since: datetime) -> dict[str, Any]:
        """Return how many submissions wait and since when, and how many were taken or refused since a moment."""
        s, waiting = r.submissions.c, r.submissions.c.state.in_(_OPEN)
        lately = s.settled >= stamp(since)
        counted: dict[str, ColumnElement[Any]] = {
            "waiting": func.count().filter(waiting),
            "waiting_since": func.min(s.made).filter(waiting),
            "taken": func.count().filter(and_(lately, s.state != "refused")),
            "refused": func.count().filter(and_(lately, s.state == "refused")),
        }
        with self._database.reading() as connection:
            return dict(connection.execute(select(*(v.label(k) for k, v in counted.items()))).mappings().one())

    # -- fetching ------------------------------------------------------------------------------------------------------

    def due(self, *, now: datetime) -> bool:
        """Say whether there is a submission to be fetched."""
        with self._database.reading() as connection:
            return connection.scalar(select(r.submissions.c.id).where(*_due(now)).limit(1)) is not None

    def claim(self, *, now: datetime, lease: float) -> tuple[Submission, bool] | None:
        """Take the submission that is due first, for so many seconds, and say whether somebody died fetching it."""
        first = (r.submissions.c.due, r.submissions.c.id)
        until = stamp(now + timedelta(seconds=lease))

        def work(connection: Connection) -> tuple[int, bool] | None:
            columns = select(r.submissions.c.id, r.submissions.c.lease_until)
            row = connection.execute(columns.where(*_due(now)).order_by(*first).limit(1)).first()
            if row is None:
                return None
            taking = update(r.submissions).where(r.submissions.c.id == row.id, *_due(now))
            taken = taking.values(lease_until=until, attempts=r.submissions.c.attempts + 1)
            return (row.id, row.lease_until is not None) if connection.execute(taken).rowcount else None

        claimed = self._database.durable(work)
        found = None if claimed is None else self.get(claimed[0])
        return None if claimed is None or found is None else (found, claimed[1])

    def take(
        self, number: int, records: Sequence[SourceRecord], *, now: datetime, lease: float, trusted: bool, live: bool
    ) -> list[SetAside]:
        """Store papers of a submission with word of where they came from; return the records that cannot be stored.

        What a source says of itself (`trusted`) joins the paper that is here; what a reader's file says only makes new
        ones. Done again after a crash, it ends with the same.
        """
        aside: list[SetAside] = []
        for first in range(0, len(records), _AT_ONCE):
            some = records[first : first + _AT_ONCE]
            keys = {record_name(one): key for one, key in zip(some, matched(self._database, some), strict=True)}
            known = {key for key in keys.values() if key is not None}
            added = [one for one in some if trusted or keys[record_name(one)] is None]

            def link(connection: Connection, stored: Mapping[int, int], known: set[int] = known) -> None:
                rows = [_submitted(number, key, 0) for key in known]
                rows += [_submitted(number, key, 1) for key in stored.values() if key not in known]
                insert_new(connection, r.submitted, rows)
                renewed = update(r.submissions).where(r.submissions.c.id == number, _is_open())
                connection.execute(renewed.values(lease_until=stamp(now + timedelta(seconds=lease))))

            aside += add_few(self._database, added, now=now, live=live, also=link)
        return aside

    def join(self, number: int, key: int) -> None:
        """Note that what was sent in is a paper here."""
        self._database.durable(lambda c: insert_new(c, r.submitted, [_submitted(number, key, 0)]))

    def settle(self, number: int, state: SubmissionState, reason: str | None, *, now: datetime) -> bool:
        """Say what became of a submission, unless that has been said; the file of one that was refused is kept."""

        def work(connection: Connection) -> bool:
            open_ = update(r.submissions).where(r.submissions.c.id == number, _is_open())
            values = {"state": state, "reason": reason, "settled": stamp(now), "lease_until": None}
            return connection.execute(open_.values(**values)).rowcount > 0

        done = self._database.durable(work)
        if done and state != "refused":
            self._unload(number)
        return done

    def postpone(self, number: int, reason: str, *, until: datetime) -> None:
        """Let a submission wait for a later time."""
        values = {"state": "waiting", "reason": reason, "due": stamp(until), "lease_until": None}
        waiting = update(r.submissions).where(r.submissions.c.id == number, _is_open())
        self._database.durable(lambda c: c.execute(waiting.values(**values)))

    def again(self, number: int, *, now: datetime) -> bool:
        """Queue a submission anew that was refused or that waits; False where it is neither."""
        states = r.submissions.c.state.in_(("refused", "waiting"))
        anew = update(r.submissions).where(r.submissions.c.id == number, states)
        values = {"state": "queued", "reason": None, "due": stamp(now), "made": stamp(now)}
        fresh = {"attempts": 0, "settled": None, "lease_until": None}
        return self._database.durable(lambda c: c.execute(anew.values(**values, **fresh)).rowcount) > 0

    def drop(self, number: int) -> None:
        """Forget a submission and its file; the papers that came of it stay."""
        self._unload(number)
        self._database.durable(lambda c: forget(c, r.submissions.c.id == number))

    def _unload(self, number: int) -> None:
        """Forget a file, a few parts at a time."""
        mine = r.uploads.c.submission == number
        with self._database.reading() as connection:
            parts = connection.scalar(select(func.count()).where(mine)) or 0
        for first in range(0, parts, _PARTS_AT_ONCE):
            some = delete(r.uploads).where(mine, r.uploads.c.part.between(first, first + _PARTS_AT_ONCE - 1))
            self._database.durable(partial(Connection.execute, statement=some))

    def _some(self, statement: Select[Any]) -> list[Submission]:
        with self._database.reading() as connection:
            return [_submission(row) for row in connection.execute(statement).mappings()]


def forget(connection: Connection, which: ColumnElement[bool]) -> None:
    """Empty submissions and delete all that hangs on them; their numbers stay taken: somebody may be fetching them."""
    numbers = select(r.submissions.c.id).where(which)
    for table in (r.submitted, r.uploads):
        connection.execute(delete(table).where(table.c.submission.in_(numbers)))
    empty = {"reader": _NOBODY, "given": "", "name": None, "state": "refused", "reason": None, "settled": None}
    connection.execute(update(r.submissions).where(which).values(empty))


def _submissions() -> Select[Any]:
    return select(r.submissions, *_COUNTS).where(r.submissions.c.reader != _NOBODY)


def _is_open() -> ColumnElement[bool]:
    return r.submissions.c.state.in_(_OPEN)


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(r.submissions.c.lease_until.is_(None), r.submissions.c.lease_until <= stamp(now))
    return _is_open(), r.submissions.c.due <= stamp(now), free


def _submitted(number: int, key: int, new: int) -> dict[str, Any]:
    return {"submission": number, "record": key, "new": new}


def _submission(row: RowMapping) -> Submission:
    names = ("id", "reader", "kind", "given", "name", "state", "reason", "made", "due", "attempts", "settled")
    return Submission(**{name: row[name] for name in names}, new=row["new"], here=row["here"])
