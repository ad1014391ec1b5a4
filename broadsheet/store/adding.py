"""One batch into the store: prepared outside, decided and written in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from broadsheet.records import Batch, SetAside, Signal, SourceRecord, Status

from . import changes, freshness
from . import schema as t
from .codec import digest64, hash64, pack, plain, unpack
from .connect import Database, Prepared, among, insert_all, insert_new, upsert
from .identity import MAXIMUM_NAMESAKES, Facts, Joined, Placement, names, record_name
from .merging import Stored
from .papers import Entry, author_hash, give_names, resolve, write_papers
from .validity import fault, storable

_UNKNOWN = 1 << 62  # numbers from here on are no record's
_AT_ONCE = 50  # records in one transaction, about 20 ms, for which the votes of readers have to wait
_AT_ONCE_AWAY = 20  # where each statement goes to another process and back


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a batch's records: `merged` counts the papers and records that became part of another paper."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    merged: int = 0
    set_aside: int = 0

    def counts(self) -> dict[str, int]:
        """Return all numbers by name, with `records`, the good ones there were."""
        records = self.new + self.updated + self.unchanged
        return {
            "records": records,
            "new": self.new,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "merged": self.merged,
            "set_aside": self.set_aside,
        }


@dataclass(slots=True)
class _Prepared:
    """A record with all that can be known of it outside the transaction; `number` and `live` are final inside."""

    name: int
    digest: int
    payload: bytes
    titled: bool
    status: Status
    facts: Facts
    names: tuple[str, ...]
    authors: tuple[int, ...]
    signals: list[Signal]
    live: str | None
    alone: Entry  # what lists need of it, if it is a paper by itself
    number: int = 0

    @classmethod
    def of(cls, record: SourceRecord, name: int, json: bytes, day: str, live: str | None) -> _Prepared:
        """Prepare a record that is stored on a day."""
        signals = dated(record, day)
        hashes = [author_hash(author.name) for author in record.authors]
        return cls(
            name=name,
            digest=digest64(json),
            payload=pack(json),
            titled=bool(record.title),
            status=record.status,
            facts=Facts.of(0, record),
            names=names(record),
            authors=tuple(dict.fromkeys([hashed for hashed in hashes if hashed is not None])),
            signals=signals,
            live=live,
            alone=Entry.of([Stored(0, live, record)], signals),
        )


@dataclass(frozen=True, slots=True)
class Ready:
    """A batch with all that can be known of it without the store; it may be made in another process."""

    items: list[_Prepared]
    records: int  # good ones, also those whose name a later one has
    set_aside: list[SetAside]
    measured: tuple[tuple[str, Signal], ...]
    cursor: str
    done: float | None


def prepared(batch: Batch, *, day: str, live: bool) -> Ready:
    """Return a batch ready to be written on a day."""
    good, bad = _sorted_out(batch)
    named = {record_name(record): (record, json) for record, json in good}  # of two with one name, the later counts
    items = [_Prepared.of(record, name, json, day, day if live else None) for name, (record, json) in named.items()]
    return Ready(items, len(good), bad, batch.measured, batch.cursor, batch.done)


def write(database: Database, ready: Ready, *, cursor_name: str, source: str, now: datetime) -> Added:
    """Store a batch in transactions short enough for those who wait, its cursor with the last.

    Records that are there already, unchanged, write nothing, so that a batch may be read again after a crash.
    """
    changed = _without_unchanged(database, ready.items)
    size = _AT_ONCE if database.embedded else _AT_ONCE_AWAY
    *before, last = [changed[first : first + size] for first in range(0, len(changed) or 1, size)]

    def store(connection: Connection, some: Sequence[_Prepared]) -> tuple[int, int, int]:
        done = _Addition(connection, freshness.stamp(now)).store(some) if some else (0, 0, 0)
        freshness.seen(connection, source, now, records=done[0])
        return done

    def finish(connection: Connection) -> tuple[int, int, int]:
        done = store(connection, last)
        _measure(connection, ready.measured)
        freshness.store_cursor(connection, cursor_name, ready.cursor, now)
        freshness.set_aside(connection, source, ready.set_aside, now)
        return done

    counts = [database.bulk(partial(store, some=some)) for some in before] + [database.bulk(finish)]
    new, updated, merged = (sum(column) for column in zip(*counts, strict=True))
    return Added(new, updated, ready.records - new - updated, merged, len(ready.set_aside))


def add_few(
    database: Database,
    records: Sequence[SourceRecord],
    *,
    now: datetime,
    live: bool,
    also: Callable[[Connection, Mapping[int, int]], None],
) -> list[SetAside]:
    """Store at most 50 records, and do something else, in one durable transaction; return those that cannot be stored.

    `also` is given, by the record's name, the key of the paper that it is part of now.
    """
    good, bad = _sorted_out(Batch(tuple(records), ""))
    day = now.date().isoformat()
    named = {record_name(record): (record, json) for record, json in good}
    prepared = [_Prepared.of(record, name, json, day, day if live else None) for name, (record, json) in named.items()]

    def store(connection: Connection) -> None:
        _Addition(connection, freshness.stamp(now)).store(prepared)
        numbers = {row.name: row.id for row in _BY_NAME.rows(connection, named)}
        present = papers_of(connection, numbers.values())
        also(connection, {name: present.get(number, number) for name, number in numbers.items()})

    database.durable(store)
    return bad


def matched(database: Database, records: Sequence[SourceRecord]) -> list[int | None]:
    """Return the key of the paper that each record would join if it were added, None where it would join none."""
    prepared = {}
    for number, (record, json) in enumerate(_sorted_out(Batch(tuple(records), ""))[0], _UNKNOWN):
        item = prepared[id(record)] = _Prepared.of(record, record_name(record), json, "", None)
        item.number = item.facts.record = number
    with database.reading() as connection:
        placement = _Addition(connection, "")._known(list(prepared.values()))
    for item in prepared.values():
        placement.place(item.facts, item.names)
    found = [placement.paper_of(prepared[id(one)].number) if id(one) in prepared else _UNKNOWN for one in records]
    return [key if key < _UNKNOWN else None for key in found]


def _sorted_out(batch: Batch) -> tuple[list[tuple[SourceRecord, bytes]], list[SetAside]]:
    """Return the records that can be stored, as JSON too, and those that cannot."""
    good, bad = [], list(batch.set_aside)
    for record in batch.records:
        try:
            reason, json = fault(record), plain(record)
        except TypeError:  # of orjson: its text holds half a character, or a value is of no JSON type
            reason, json = "its text cannot be written as UTF-8", b""
        if reason is None:
            good.append((record, json))
        else:
            where = f"{record.source} {record.scheme}:{record.own_id}"
            bad.append(SetAside(where=where, reason=reason, excerpt=record.title[:200]))
    return good, bad


def _without_unchanged(database: Database, items: Sequence[_Prepared]) -> list[_Prepared]:
    with database.reading() as connection:
        known = {row.name: row.digest for row in _BY_NAME.rows(connection, [item.name for item in items])}
    return [item for item in items if known.get(item.name) != item.digest]


def _measure(connection: Connection, measured: Sequence[tuple[str, Signal]]) -> None:
    """Keep measurements of papers that are here; they hang on the paper's oldest record."""
    found = resolve(connection, {name for name, _ in measured if storable(name)})
    values = {
        (found[name], signal.kind, signal.day, signal.source): signal.value
        for name, signal in measured
        if name in found
    }
    if values:
        upsert(connection, t.signals, _signal_rows(values))
        keys = set(found.values())
        write_papers(connection, keys, {})
        changes.write(connection, keys, [])


def _signal_rows(values: Mapping[tuple[int, str, str, str], float]) -> list[dict[str, Any]]:
    columns = ("record", "kind", "day", "source")
    return [dict(zip(columns, place, strict=True)) | {"value": value} for place, value in values.items()]


def dated(record: SourceRecord, day: str) -> list[Signal]:
    """Return the signals of a record with a day each: their own, else the day it was announced, else today."""
    return [s if s.day else replace(s, day=record.announced or day) for s in record.signals]


_by_name = select(t.records.c.name, t.records.c.id, t.records.c.digest, t.records.c.live)
_BY_NAME = Prepared(lambda among: _by_name.where(among(t.records.c.name)))
_owners = select(t.identifiers.c.identifier, t.identifiers.c.record)
_OWNERS = Prepared(lambda among: _owners.where(among(t.identifiers.c.identifier)))
_namesakes = select(t.records.c.title, t.records.c.id).order_by(t.records.c.id)
_NAMESAKES = Prepared(lambda among: _namesakes.where(among(t.records.c.title)))
_present = select(t.absorbed.c.record, t.absorbed.c.key)
_PRESENT = Prepared(lambda among: _present.where(among(t.absorbed.c.record)))


class _Addition:
    """The writing of one batch's new and changed records within one transaction."""

    def __init__(self, connection: Connection, stamp: str) -> None:
        self._connection = connection
        self._stamp = stamp

    def store(self, prepared: Sequence[_Prepared]) -> tuple[int, int, int]:
        """Store the records; return how many were new, updated and merged."""
        new, updated = self._numbered(prepared)
        stored = new + updated
        if not stored:
            return 0, 0, 0
        placement = self._known(stored)
        identifiers = [
            {"identifier": name, "record": item.number}
            for item in stored
            for name in placement.place(item.facts, item.names)
        ]
        self._write_records(new, updated)
        insert_new(self._connection, t.identifiers, identifiers)
        self._write_details(stored, [item.number for item in updated])
        first_new = new[0].number if new else 0
        gone = [j.absorbed for j in placement.joined if not first_new or j.absorbed < first_new]
        write_joined(self._connection, placement, gone, self._stamp)
        keys = {placement.paper_of(item.number) for item in stored}
        give_names(self._connection, keys & placement.told_apart)
        deleted = write_papers(self._connection, keys, {item.number: item.alone for item in new})
        changes.write(self._connection, keys, [*gone, *deleted])
        return len(new), len(updated), len(placement.joined)

    def _numbered(self, prepared: Sequence[_Prepared]) -> tuple[list[_Prepared], list[_Prepared]]:
        """Give each record its number; drop what another process has stored meanwhile, and deletions of the unknown."""
        known = {row.name: row for row in _BY_NAME.rows(self._connection, [item.name for item in prepared])}
        following = (self._connection.scalar(select(func.max(t.records.c.id))) or 0) + 1
        new: list[_Prepared] = []
        updated: list[_Prepared] = []
        for item in prepared:
            row = known.get(item.name)
            if row is None and item.titled:
                new.append(self._with_number(item, following + len(new)))
            elif row is not None and row.digest != item.digest:
                item.live = row.live or item.live
                updated.append(self._with_number(item, row.id))
        return new, updated

    def _with_number(self, item: _Prepared, number: int) -> _Prepared:
        if not item.titled:
            item = self._marked(item, number)
        item.number = item.facts.record = number
        return item

    def _marked(self, item: _Prepared, number: int) -> _Prepared:
        """Return the stored record, marked as a deletion without text says; its digest stays the deletion's."""
        payload = self._connection.scalar(select(t.records.c.payload).where(t.records.c.id == number))
        assert payload is not None
        record = replace(unpack(payload), status=item.status)
        whole = _Prepared.of(record, item.name, plain(record), "", item.live)
        whole.digest, whole.signals = item.digest, []
        return whole

    def _known(self, stored: Sequence[_Prepared]) -> Placement:
        """Return a placement that knows all that the store has under these records' identifiers and titles."""
        owners = self._owners({name for item in stored for name in item.names})
        namesakes = self._namesakes({hash64(item.facts.title) for item in stored if item.facts.title})
        strangers = self._connection.execute(select(t.apart.c.one, t.apart.c.other)).all()
        numbers = {*owners.values(), *(facts.record for facts in namesakes), *(item.number for item in stored)}
        roots = papers_of(self._connection, numbers.union(*strangers))
        placement = Placement(roots, [(roots.get(a, a), roots.get(b, b)) for a, b in strangers])
        for name, owner in owners.items():
            placement.own(name, owner)
        placed_anew = {item.number for item in stored}
        for facts in namesakes:
            if facts.record not in placed_anew:
                placement.know(facts)
        return placement

    def _owners(self, identifiers: set[str]) -> dict[str, int]:
        return dict(map(tuple, _OWNERS.rows(self._connection, identifiers)))

    def _namesakes(self, titles: set[int]) -> list[Facts]:
        """Return the facts of the oldest records under each of these titles."""
        numbers: dict[int, list[int]] = defaultdict(list)
        for title, number in _NAMESAKES.rows(self._connection, titles):
            if len(numbers[title]) < MAXIMUM_NAMESAKES:
                numbers[title].append(number)
        wanted = [number for group in numbers.values() for number in group]
        if not wanted:
            return []
        columns = select(t.records.c.id, t.records.c.payload)
        rows = self._connection.execute(columns.where(among(self._connection, t.records.c.id, wanted)))
        return [Facts.of(number, unpack(payload)) for number, payload in rows]

    def _write_records(self, new: Sequence[_Prepared], updated: Sequence[_Prepared]) -> None:
        insert_all(self._connection, t.records, [{"id": i.number, "name": i.name, **_row(i)} for i in new])
        if updated:
            statement = update(t.records).where(t.records.c.id == bindparam("number"))
            self._connection.execute(statement, [{"number": i.number, **_row(i)} for i in updated])

    def _write_details(self, stored: Sequence[_Prepared], updated: Sequence[int]) -> None:
        """Write authors and dated signals."""
        if updated:
            old = among(self._connection, t.authorship.c.record, updated)
            self._connection.execute(delete(t.authorship).where(old))
        authors = [{"author": author, "record": item.number} for item in stored for author in item.authors]
        insert_all(self._connection, t.authorship, authors)
        signals = {(i.number, s.kind, s.day, s.source): s.value for i in stored for s in i.signals}
        upsert(self._connection, t.signals, _signal_rows(signals))


def _row(item: _Prepared) -> dict[str, Any]:
    title = item.facts.title
    return {
        "digest": item.digest,
        "title": hash64(title) if title else None,
        "live": item.live,
        "payload": item.payload,
    }


def papers_of(connection: Connection, numbers: Iterable[int]) -> dict[int, int]:
    """Return the paper's key of each of these records that is not the oldest of its paper."""
    return dict(map(tuple, _PRESENT.rows(connection, set(numbers))))


def write_joined(connection: Connection, placement: Placement, gone: Sequence[int], stamp: str) -> None:
    """Write merges, and where the records of absorbed papers are now."""
    joined: list[Joined] = placement.joined
    if not joined:
        return
    rows = [{"survivor": j.survivor, "absorbed": j.absorbed, "reason": j.reason, "made": stamp} for j in joined]
    insert_all(connection, t.merges, rows)
    if gone:
        moved = update(t.absorbed).where(t.absorbed.c.key == bindparam("old")).values(key=bindparam("new"))
        connection.execute(moved, [{"old": key, "new": placement.paper_of(key)} for key in gone])
        connection.execute(delete(t.papers).where(among(connection, t.papers.c.key, gone)))
    rows = [{"record": j.absorbed, "key": placement.paper_of(j.absorbed)} for j in joined]
    insert_all(connection, t.absorbed, rows)
