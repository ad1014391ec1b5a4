"""The store as the rooms above see it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from broadsheet.records import Batch, Change, Paper, SetAside, Signal, SourceRecord, SourceStatus

from . import adding, backup, belongings, changes, editions, freshness, health, leases, merges, merging, papers
from .adding import Added, Ready
from .comments import Comments
from .connect import Database
from .digests import Digests
from .follows import Follows
from .fronts import Fronts
from .hooks import Hooks
from .imports import Imports
from .issuers import Issuers
from .limits import Limits
from .links import Links
from .merges import Merge
from .migrate import prepare
from .moderation import Moderation
from .outbox import Outbox
from .readers import Readers
from .sessions import Sessions
from .shelves import Shelves
from .submissions import Submissions
from .validity import storable
from .visits import Visits
from .votes import Votes


class Store:
    """Papers and all that is known of them, in SQLite or PostgreSQL; may be used from many threads.

    Each writing call is one transaction; processes take turns. Reading waits for nobody. `now` is an aware time whose
    own date says which day it is where editions are made; it is stored as UTC.
    """

    def __init__(self, url: str, home: Path, *, migrate: bool = False) -> None:
        """Open the store, creating an empty one; SQLite is migrated after a backup, PostgreSQL where `migrate` says so.

        Raises:
            SettingsError: the address is not one of SQLite or PostgreSQL.
            Unavailable: the database cannot be reached.
            NewerSchema: a newer Broadsheet has written it.
            StoreError: it is an older PostgreSQL database, or holds something else.
        """
        self._database = Database(url, home)
        try:
            prepare(self._database, migrate=migrate)
        except BaseException:
            self._database.close()
            raise
        self.readers = Readers(self._database)
        self.sessions = Sessions(self._database)
        self.issuers = Issuers(self._database)
        self.links = Links(self._database)
        self.limits = Limits(self._database)
        self.votes = Votes(self._database)
        self.visits = Visits(self._database)
        self.shelves = Shelves(self._database)
        self.imports = Imports(self._database)
        self.submissions = Submissions(self._database)
        self.comments = Comments(self._database)
        self.moderation = Moderation(self._database)
        self.outbox = Outbox(self._database)
        self.follows = Follows(self._database)
        self.digests = Digests(self._database)
        self.hooks = Hooks(self._database)
        self.fronts = Fronts(self._database)

    def close(self) -> None:
        """Finish what is being written and close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- writing ------------------------------------------------------------------------------------------------------

    def add(self, batch: Batch, *, cursor_name: str, source: str, now: datetime) -> Added:
        """Store a batch with its cursor; records that are there already, unchanged, write nothing.

        A cursor whose name begins with "file:" is a file's, and any other a live source's, whose papers are announced
        at the latest on the day they are first harvested.
        """
        ready = self.prepared(batch, day=now.date().isoformat(), live=not cursor_name.startswith("file:"))
        return self.write(ready, cursor_name=cursor_name, source=source, now=now)

    @staticmethod
    def prepared(batch: Batch, *, day: str, live: bool) -> Ready:
        """Return a batch with all that can be known of it without the store, for `write`; any process may do that."""
        return adding.prepared(batch, day=day, live=live)

    def write(self, ready: Ready, *, cursor_name: str, source: str, now: datetime) -> Added:
        """Store a prepared batch with its cursor, as `add` does."""
        return adding.write(self._database, ready, cursor_name=cursor_name, source=source, now=now)

    def seen(self, source: str, *, now: datetime) -> None:
        """Note that a source answered."""
        self._database.bulk(lambda c: freshness.seen(c, source, now))

    def failed(self, source: str, reason: str, *, now: datetime) -> None:
        """Note why a source could not be read."""
        self._database.bulk(lambda c: freshness.failed(c, source, reason))

    def belongings(self, reader: int) -> dict[str, list[dict[str, Any]]]:
        """Return what is kept of a reader, by table, without what is secret."""
        return belongings.rows(self._database, reader)

    def unmerge(self, merge: int, *, now: datetime) -> tuple[int, int]:
        """Undo a merge for good; return the keys of the paper that stayed and of the one that is back.

        Raises:
            NotFound: there is no such merge, or it has been undone.
        """
        return self._database.durable(lambda c: merges.undo(c, merge, freshness.stamp(now)))

    def forget(self, reader: int, *, now: datetime) -> None:
        """Delete all that is a reader's; comments are emptied, and a row without name or address remains.

        Raises:
            InputError: nobody would be left to look after accounts.
        """
        belongings.forget(self._database, reader, now=now)

    def set_state(self, name: str, value: str) -> None:
        """Keep a small value by name."""
        self._database.durable(lambda c: leases.set_state(c, name, value))

    def lease(self, name: str, holder: str, *, now: datetime, seconds: float) -> bool:
        """Take or renew a lease; False while somebody else's lasts."""
        return self._database.durable(lambda c: leases.take(c, name, holder, now, seconds))

    def release(self, name: str, holder: str) -> None:
        """Give a lease back, if it is still this holder's."""
        self._database.durable(lambda c: leases.release(c, name, holder))

    # --- one paper ----------------------------------------------------------------------------------------------------

    def resolve(self, identifier: str) -> int | None:
        """Return the key of the present paper of any identifier that was ever valid."""
        return self.resolve_many([identifier]).get(identifier)

    def resolve_many(self, identifiers: Collection[str]) -> dict[str, int]:
        """Return the keys of the identifiers that are known."""
        with self._database.reading() as connection:
            return papers.resolve(connection, [name for name in identifiers if storable(name)])

    def present(self, key: int) -> int:
        """Return the key of the paper that one is now, having joined another or not."""
        with self._database.reading() as connection:
            return papers.present(connection, key)

    def papers(self, keys: Sequence[int]) -> list[Paper]:
        """Return papers in the order asked for; keys that are no papers are left out."""
        with self._database.reading() as connection:
            return papers.read(connection, keys)

    def records(self, key: int) -> list[SourceRecord]:
        """Return a paper's records as their sources have them, the oldest first."""
        with self._database.reading() as connection:
            return papers.record_list(connection, key)

    def perhaps_same(self, key: int) -> list[int]:
        """Return papers of the same title that only missing authors keep from being compared."""
        with self._database.reading() as connection:
            return papers.perhaps_same(connection, key)

    def series(self, key: int) -> list[Signal]:
        """Return all dated signals of a paper, by kind, day and source."""
        with self._database.reading() as connection:
            numbers = {s.number: key for s in papers.records_of(connection, [key]).get(key, [])}
            return merging.series(papers.signals_of(connection, numbers).get(key, ()))

    def merges(self, key: int | None = None) -> list[Merge]:
        """Return the merges that made a paper, or all, in the order in which they were made; undone ones too."""
        with self._database.reading() as connection:
            return merges.listed(connection, key)

    # --- lists --------------------------------------------------------------------------------------------------------

    def editions(self, *, before: str | None = None, after: str | None = None, limit: int) -> list[tuple[str, int]]:
        """Return days that have a front page with their number of papers: the latest, or those nearest to `after`."""
        with self._database.reading() as connection:
            return editions.days(connection, before=before, after=after, limit=limit)

    def listed(self) -> int:
        """Return how many papers default results may show."""
        with self._database.reading() as connection:
            return editions.count(connection)

    def newest(self, limit: int, offset: int = 0) -> list[int]:
        """Return the keys that default results may show, the newest first."""
        with self._database.reading() as connection:
            return editions.newest(connection, limit, offset)

    def by_author(self, slug: str, limit: int, offset: int) -> tuple[str | None, int, list[int]]:
        """Return an author's name (None: unknown), number of papers, and a page of keys, the newest first."""
        with self._database.reading() as connection:
            return editions.by_author(connection, slug, limit, offset)

    def by_venue(self, slug: str, limit: int, offset: int) -> tuple[str | None, int, list[int]]:
        """Return a venue's name (None: unknown), number of papers, and a page of keys, the newest first."""
        with self._database.reading() as connection:
            return editions.by_venue(connection, slug, limit, offset)

    def orcid(self, slug: str) -> str | None:
        """Return the one ORCID of an author's name, where it has exactly one."""
        with self._database.reading() as connection:
            return editions.orcid(connection, slug)

    def keys(self, after: int, limit: int) -> list[int]:
        """Return the keys of all papers after one, ascending."""
        with self._database.reading() as connection:
            return papers.all_keys(connection, after, limit)

    def version(self) -> int | None:
        """Return a number that changes with whatever anybody writes; None where the database has none."""
        return self._database.version()

    # --- changes and state --------------------------------------------------------------------------------------------

    def changes(self, after: int, limit: int) -> list[Change]:
        """Return the newest change of each paper that changed after a number, ascending."""
        with self._database.reading() as connection:
            return changes.read(connection, after, limit)

    def last_change(self) -> int:
        """Return the number of the last change; 0 before there is any."""
        with self._database.reading() as connection:
            return changes.last(connection)

    def count_changes(self, after: int) -> int:
        """Return how many papers changed after a number."""
        with self._database.reading() as connection:
            return changes.count(connection, after)

    def cursor(self, name: str) -> str | None:
        """Return the cursor that the last batch of this name was stored with."""
        with self._database.reading() as connection:
            return freshness.cursor(connection, name)

    def sources(self) -> list[SourceStatus]:
        """Return where each source stands, by name."""
        with self._database.reading() as connection:
            return freshness.statuses(connection)

    def set_aside(self, limit: int) -> list[tuple[str, SetAside]]:
        """Return the records that could not be used with their source, the last first."""
        with self._database.reading() as connection:
            return freshness.list_set_aside(connection, limit)

    def state(self, name: str) -> str | None:
        """Return a small value kept by name."""
        with self._database.reading() as connection:
            return leases.state(connection, name)

    def counts(self) -> dict[str, int]:
        """Return how many papers, records, identifiers, standing merges, changes and records set aside there are."""
        with self._database.reading() as connection:
            return health.counts(connection)

    def integrity(self) -> str | None:
        """Return what is wrong with the store, or None when it is sound; reads all of it."""
        with self._database.reading() as connection:
            return health.fault(connection)

    # --- keeping ------------------------------------------------------------------------------------------------------

    def backup(self, file: Path) -> None:
        """Write everything but the index into one file, readable by its owner alone, while others go on working.

        Raises:
            InputError: the file exists already.
        """
        backup.write(self._database, file)

    @staticmethod
    def restore(file: Path, url: str, home: Path, *, force: bool = False) -> None:
        """Put a backup in the place of what is there; the index is deleted, to be built again.

        Raises:
            InputError: the file is no backup, or there are papers already and `force` is False.
            NewerSchema: a newer Broadsheet has written the backup.
        """
        backup.restore(file, url, home, force=force)
