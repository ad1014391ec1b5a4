"""Libraries brought along: which of their records are papers here, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from broadsheet.records import SourceRecord

from . import papers, shelves
from . import schema_readers as r
from .adding import matched
from .codec import pack, plain, unpack
from .connect import Database, among, insert_new
from .freshness import stamp
from .identity import record_name


class Imports:
    """Records that readers brought: matched with papers as all records are, without becoming any."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def match(self, records: Sequence[SourceRecord]) -> list[int | None]:
        """Return the key of the paper that each record would join, None where it would be one by itself."""
        return matched(self._database, records)

    def save(self, reader: int, keys: Collection[int], *, shelf: str, now: datetime) -> int:
        """Put papers on a reader's shelf in one go; return how many were not there."""

        def work(connection: Connection) -> int:
            number = shelves.numbered(connection, reader, shelf, now)
            on_it = list(connection.scalars(select(r.saved.c.record).where(r.saved.c.shelf == number)))
            there = set(papers.present_of(connection, on_it))
            rows = [
                {"shelf": number, "record": key, "note": "", "made": stamp(now)}
                for key in dict.fromkeys(keys)
                if key not in there
            ]
            insert_new(connection, r.saved, rows)
            return len(rows)

        return self._database.durable(work)

    def keep(self, reader: int, shelf: str, records: Sequence[SourceRecord]) -> None:
        """Remember records that are no papers here, under the name of the shelf that they belong on."""
        names = {record_name(record): record for record in records}
        rows = [
            {"reader": reader, "shelf": shelf, "name": name, "payload": pack(plain(record))}
            for name, record in names.items()
        ]
        self._database.durable(lambda connection: insert_new(connection, r.missing, rows))

    def missing(self, reader: int) -> list[tuple[str, SourceRecord]]:
        """Return (name of the shelf, record) of what is missing here, by shelf."""
        wanted = select(r.missing.c.shelf, r.missing.c.payload).where(r.missing.c.reader == reader)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(r.missing.c.shelf, r.missing.c.name)).all()
        return [(shelf, unpack(payload)) for shelf, payload in rows]

    def awaited(self) -> bool:
        """Say whether anybody waits for a paper."""
        with self._database.reading() as connection:
            return connection.scalar(select(r.missing.c.reader).limit(1)) is not None

    def waiting(self) -> list[int]:
        """Return the numbers of the readers who wait for papers."""
        with self._database.reading() as connection:
            return list(connection.scalars(select(r.missing.c.reader).distinct().order_by(r.missing.c.reader)))

    def drop(self, reader: int, shelf: str, records: Sequence[SourceRecord]) -> None:
        """Forget records that were missing."""

        def work(connection: Connection) -> None:
            of_it = (r.missing.c.reader == reader, r.missing.c.shelf == shelf)
            names = {record_name(record) for record in records}
            connection.execute(delete(r.missing).where(*of_it, among(connection, r.missing.c.name, names)))

        self._database.durable(work)
