"""Votes, and the other marks that a reader leaves on papers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, bindparam, delete, func, select, update

from broadsheet.records import Marks, Vote

from . import papers
from . import schema as t
from . import schema_readers as r
from .connect import Database, Prepared, Row, among, insert_all, insert_new
from .freshness import stamp

_DAY = 86_400

_UNVOTE = delete(r.votes).where(r.votes.c.reader == bindparam("who"), r.votes.c.record == bindparam("what"))
_COUNT = (
    update(t.papers)
    .where(t.papers.c.key == bindparam("paper"), t.papers.c.day.is_not(None))
    .values(votes=t.papers.c.votes + bindparam("more"))
)


@dataclass(frozen=True, slots=True)
class _Act:
    """A vote that is given or taken back: whose, for which paper, when, from which network."""

    reader: int
    key: int
    made: str = ""
    network: int | None = None


class Votes:
    """Who voted for, hid and has seen which papers. Keys are those of present papers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, reader: int, key: int, *, now: datetime, network: int | None) -> bool:
        """Give a paper a reader's vote; False when it has it already."""

        return self._database.together(_vote, _Act(reader, key, stamp(now), network))

    def remove(self, reader: int, key: int) -> bool:
        """Take a reader's vote from a paper; False when it had none."""

        return self._database.together(_unvote, _Act(reader, key))

    def hide(self, reader: int, key: int, *, now: datetime) -> None:
        """Keep a paper out of a reader's lists."""
        self._mark(r.hidden, reader, key, now)

    def unhide(self, reader: int, key: int) -> None:
        """Let a paper stand in a reader's lists again."""
        self._database.durable(lambda c: _unmark(c, r.hidden, reader, key))

    def see(self, reader: int, key: int, *, now: datetime) -> None:
        """Note that a reader has opened a paper's page."""
        self._mark(r.seen, reader, key, now)

    def marks(self, reader: int, keys: Collection[int]) -> Marks:
        """Return which of these papers a reader has voted for, saved, hidden and seen."""
        with self._database.reading() as connection:
            paper_of = papers.members(connection, keys)

            def of(column: Column[int], owner: Column[int]) -> frozenset[int]:
                wanted = select(column).where(owner == reader, among(connection, column, paper_of))
                return frozenset(paper_of[record] for record in connection.scalars(wanted))

            on_shelves = select(r.saved.c.record).join(r.shelves, r.shelves.c.id == r.saved.c.shelf)
            mine = on_shelves.where(r.shelves.c.reader == reader, among(connection, r.saved.c.record, paper_of))
            return Marks(
                voted=of(r.votes.c.record, r.votes.c.reader),
                saved=frozenset(paper_of[record] for record in connection.scalars(mine)),
                hidden=of(r.hidden.c.record, r.hidden.c.reader),
                seen=of(r.seen.c.record, r.seen.c.reader),
            )

    def of_reader(self, reader: int) -> list[int]:
        """Return the keys of the papers that a reader voted for, the last first."""
        return self._keys(r.votes, reader)

    def hidden(self, reader: int) -> list[int]:
        """Return the keys of the papers that a reader hid, the last first."""
        return self._keys(r.hidden, reader)

    def seen(self, reader: int) -> list[int]:
        """Return the keys of the papers whose pages a reader has opened, the last first."""
        return self._keys(r.seen, reader)

    def voted(self) -> list[int]:
        """Return the keys of the papers that anybody voted for here."""
        with self._database.reading() as connection:
            return papers.present_of(connection, list(connection.scalars(select(r.votes.c.record).distinct())))

    def counted(self, keys: Collection[int]) -> dict[int, float]:
        """Return how many votes each of these papers has in lists now, those from elsewhere included."""
        with self._database.reading() as connection:
            return dict(map(tuple, _COUNTED.rows(connection, keys)))

    def since(self, moment: datetime) -> list[Vote]:
        """Return the votes since a moment that count, in order: of a reader's for one paper the first."""
        with self._database.reading() as connection:
            return _firsts(_SINCE.rows(connection, moment=stamp(moment)))

    def given(self, keys: Collection[int]) -> list[Vote]:
        """Return the votes for these papers that count, in order: of a reader's for one paper the first."""
        with self._database.reading() as connection:
            return _firsts(_GIVEN.rows(connection, keys))

    def _mark(self, table: Table, reader: int, key: int, now: datetime) -> None:
        row = {"reader": reader, "record": key, "made": stamp(now)}
        self._database.durable(lambda c: insert_new(c, table, [row]))

    def _keys(self, table: Table, reader: int) -> list[int]:
        key = func.coalesce(t.absorbed.c.key, table.c.record)
        joined = select(key).select_from(table).outerjoin(t.absorbed, t.absorbed.c.record == table.c.record)
        with self._database.reading() as connection:
            found = connection.scalars(joined.where(table.c.reader == reader).order_by(table.c.made.desc(), key))
            return list(dict.fromkeys(found))


_COUNTED = Prepared(lambda among: select(t.papers.c.key, t.papers.c.votes).where(among(t.papers.c.key)))
_key = func.coalesce(t.absorbed.c.key, r.votes.c.record)
_counting = (
    select(_key, r.votes.c.reader, r.votes.c.made, r.readers.c.created, r.votes.c.network)
    .join(r.readers, r.readers.c.id == r.votes.c.reader)
    .outerjoin(t.absorbed, t.absorbed.c.record == r.votes.c.record)
    .where(r.readers.c.state != "banned")
    .order_by(r.votes.c.made)
)
_GIVEN = Prepared(lambda among: _counting.where(papers.of_papers(r.votes.c.record, among)))
_SINCE = Prepared(lambda _: _counting.where(r.votes.c.made >= bindparam("moment")))


def _firsts(rows: Iterable[Any]) -> list[Vote]:
    """Return the votes of rows in order, of a reader's for one paper the first."""
    first: dict[tuple[int, int], Vote] = {}
    for key, reader, made, created, network in rows:
        first.setdefault((key, reader), Vote(key, reader, made, _days(created, made), network))
    return list(first.values())


def _days(created: str, made: str) -> float:
    return (datetime.fromisoformat(made) - datetime.fromisoformat(created)).total_seconds() / _DAY


def _unmark(connection: Connection, table: Table, reader: int, key: int) -> bool:
    return connection.execute(delete(table).where(*_own(connection, table, reader, key))).rowcount > 0


def _own(connection: Connection, table: Table, reader: int, key: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a reader's rows for a paper, on whichever of its records they hang."""
    return table.c.reader == reader, among(connection, table.c.record, papers.members(connection, [key]))


def _vote(connection: Connection, acts: list[_Act]) -> list[bool]:
    """Give votes, each once, and say which are new."""
    keys, standing = _standing(connection, acts)
    rows: dict[tuple[int, int], Row] = {}
    new = []
    for act, key in zip(acts, keys, strict=True):
        own = (act.reader, key)
        new.append(own not in standing and own not in rows)
        if new[-1]:
            rows[own] = {"record": key, "reader": act.reader, "made": act.made, "network": act.network}
    insert_all(connection, r.votes, list(rows.values()))
    _count(connection, Counter(key for _, key in rows), 1)
    return new


def _unvote(connection: Connection, acts: list[_Act]) -> list[bool]:
    """Take votes back, and say which there were."""
    keys, standing = _standing(connection, acts)
    taken: dict[tuple[int, int], list[int]] = {}
    there = []
    for act, key in zip(acts, keys, strict=True):
        own = (act.reader, key)
        there.append(own in standing and own not in taken)
        if there[-1]:
            taken[own] = standing[own]
    if taken:
        gone = [{"who": reader, "what": record} for (reader, _), records in taken.items() for record in records]
        connection.execute(_UNVOTE, gone)
    _count(connection, Counter(key for _, key in taken), -1)
    return there


def _standing(connection: Connection, acts: Sequence[_Act]) -> tuple[list[int], dict[tuple[int, int], list[int]]]:
    """Return the present paper of each act, and by (reader, paper) the records on which those votes hang now."""
    keys = papers.present_of(connection, [act.key for act in acts])  # they may have joined others since
    paper_of = papers.members(connection, list(dict.fromkeys(keys)))
    readers = list({act.reader for act in acts})
    wanted = select(r.votes.c.reader, r.votes.c.record).where(among(connection, r.votes.c.reader, readers))
    standing: dict[tuple[int, int], list[int]] = {}
    for reader, record in connection.execute(wanted.where(among(connection, r.votes.c.record, paper_of))):
        standing.setdefault((reader, paper_of[record]), []).append(record)
    return keys, standing


def _count(connection: Connection, votes: Mapping[int, int], sign: int) -> None:
    """Count votes where lists are ordered; papers that stand in no list keep no count."""
    if votes:
        rows = [{"paper": key, "more": sign * count} for key, count in sorted(votes.items())]
        connection.execute(_COUNT, rows)
