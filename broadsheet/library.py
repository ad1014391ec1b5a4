"""The facade that every door calls: it fills views, turns rankings into hits, takes in papers, and decides nothing."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import broadsheet
from broadsheet import checks
from broadsheet import settings as settings_module
from broadsheet.checks import Check
from broadsheet.errors import BroadsheetError, InputError, NoSnapshot, NotFound, SourceError
from broadsheet.query import Query, parse
from broadsheet.records import (
    Batch,
    Edition,
    Hit,
    Listing,
    Paper,
    Progress,
    Signal,
    SourceRecord,
    SourceStatus,
)
from broadsheet.settings import Settings
from broadsheet.store import Added, Merge, Store
from broadsheet.text import cite, highlight, normalise

if TYPE_CHECKING:  # the engine loads numpy, tantivy and faiss: only those who search pay for it
    from broadsheet.encode import Encoder
    from broadsheet.index.holder import Current
    from broadsheet.index.snapshot import Snapshot
    from broadsheet.rank import Ranking, View

Report = Callable[[Progress], None]
Format = Literal["bibtex", "ris", "csl"]

RANKED = 1_000  # results that are ranked, however many match
_CHUNK = 500  # papers read from the store at a time while indexing


def _silent(_: Progress) -> None:
    return None


def _expected(read: int, before: float | None, done: float | None) -> int | None:
    """Return how many records this reading will have read, from the shares of the source done before it and now."""
    if before is None or done is None or done <= before:
        return None
    return read + round(read * (1 - done) / (done - before))


class Library:
    """All papers of one home folder: search, read, gather, index.

    Safe to share between threads. Long calls take `progress`, which is told how far they have come.
    """

    def __init__(
        self, settings: Settings | None = None, *, clock: Callable[[], datetime] = broadsheet.now, migrate: bool = False
    ) -> None:
        self.settings = settings or settings_module.load()
        self.settings.home.mkdir(parents=True, exist_ok=True)
        self.store = Store(self.settings.store_url, self.settings.home, migrate=migrate)
        self._clock = clock
        self._holder = secrets.token_hex(8)

    def close(self) -> None:
        """Give back files and connections."""
        if "_current" in self.__dict__:
            self._current.close()
        self.store.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- searching ---------------------------------------------------------------------------------------------------

    def search(
        self,
        text: str,
        *,
        limit: int = 20,
        page: int = 1,
        profile: str = "hybrid",
        after: str | None = None,
        before: str | None = None,
        category: str | None = None,
        venue: str | None = None,
        sort: str = "relevance",
        explain: bool = False,
    ) -> Listing:
        """Return the papers that answer what a reader typed, best first.

        Raises:
            InputError: there is no such profile.
            NoSnapshot: nothing has been indexed yet.
        """
        query = self._with_keys(parse(text, after=after, before=before, category=category, venue=venue, sort=sort))
        if query.identifier and (key := self.store.resolve(query.identifier)) is not None:
            return self._outright(query, key)
        return self._ranked(profile, query, limit=limit, page=page, explain=explain)

    def similar(
        self, identifiers: Sequence[str], *, unlike: Sequence[str] = (), limit: int = 20, page: int = 1
    ) -> Listing:
        """Return papers near the given ones in meaning and away from the unlike ones.

        Raises:
            NotFound: one of the identifiers names no paper here.
        """
        like, away = ([self._key(name) for name in names] for names in (identifiers, unlike))
        query = replace(parse(""), text=" ".join(identifiers), like=tuple(like), unlike=tuple(away), notes=())
        return self._ranked("similar", query, limit=limit, page=page, explain=False)

    def _with_keys(self, query: Query) -> Query:
        found = self.store.resolve_many(query.filters.ids) if query.filters.ids else {}
        return replace(query, filters=replace(query.filters, keys=tuple(sorted(set(found.values())))))

    def _outright(self, query: Query, key: int) -> Listing:
        (paper,) = self.store.papers([key])
        return Listing(
            query=query.text,
            total=1,
            page=1,
            next=None,
            notes=query.notes,
            hits=(Hit(paper=paper, score=1.0),),
            goto=paper.id,
        )

    def _ranked(self, profile: str, query: Query, *, limit: int, page: int, explain: bool) -> Listing:
        from broadsheet import rank

        started = time.perf_counter()
        view = self._view()
        ranking = rank.run(profile, query, view, RANKED)
        first = (page - 1) * limit
        rows = ranking.cut(first, first + limit)
        more = first + limit < len(ranking.rows)
        return Listing(
            query=query.text,
            total=max(ranking.total, 0),
            page=page,
            next=page + 1 if more else None,
            notes=query.notes + ranking.notes,
            hits=self._hits(profile, query, view, rows, explain),
            snapshot=view.snapshot.number,
            milliseconds=(time.perf_counter() - started) * 1e3,
            facets=rank.facets(ranking, view),
        )

    def _hits(self, profile: str, query: Query, view: View, page: Ranking, explain: bool) -> tuple[Hit, ...]:
        from broadsheet import rank

        keys = [int(key) for key in view.snapshot.keys[page.rows]]
        present = {paper.key: paper for paper in self.store.papers(keys)}
        shown = [present.get(key) for key in keys]
        reasons = rank.explain(profile, query, view, page, shown) if explain else [None] * len(keys)
        return tuple(
            Hit(
                paper=paper,
                score=float(score),
                by_meaning=bool(by_meaning),
                title_marks=highlight.marks(paper.title, query.terms),
                text_marks=highlight.marks(paper.text, query.terms),
                reasons=why,
            )
            for paper, score, by_meaning, why in zip(shown, page.scores, page.by_meaning, reasons, strict=True)
            if paper is not None  # deleted since the snapshot was made
        )

    def _view(self) -> View:
        from broadsheet.rank import View

        return View(snapshot=self.snapshot, now=self.now)

    @property
    def snapshot(self) -> Snapshot:
        """The index that searches are answered from.

        Raises:
            NoSnapshot: nothing has been indexed yet.
        """
        return self._current.get()

    @property
    def ready(self) -> bool:
        """Whether a snapshot is open."""
        try:
            return self.snapshot is not None
        except NoSnapshot:
            return False

    @cached_property
    def _current(self) -> Current:
        from broadsheet.index.holder import Current

        return Current(self.settings.index_folder)

    # -- reading -----------------------------------------------------------------------------------------------------

    def _key(self, identifier: str) -> int:
        key = self.store.resolve(normalise.parse_identifier(identifier) or identifier)
        if key is None:
            raise NotFound(f"There is no paper {identifier!r} here.")
        return key

    def paper(self, identifier: str) -> Paper:
        """Return the paper that any identifier, ever valid, names; its `id` is the best current one.

        Raises:
            NotFound: no paper has that identifier.
        """
        found = self.store.papers([self._key(identifier)])
        if not found:
            raise NotFound(f"There is no paper {identifier!r} here.")
        return found[0]

    def papers(self, identifiers: Sequence[str]) -> list[Paper]:
        """Return the papers of all these identifiers, in order."""
        return self.store.papers([self._key(identifier) for identifier in identifiers])

    def records(self, identifier: str) -> list[SourceRecord]:
        """Return what each source said of a paper."""
        return self.store.records(self._key(identifier))

    def series(self, identifier: str) -> list[Signal]:
        """Return every dated measurement of attention to a paper."""
        return self.store.series(self._key(identifier))

    def perhaps_same(self, identifier: str) -> list[Paper]:
        """Return papers that may be the same work but were not merged."""
        return self.store.papers(self.store.perhaps_same(self._key(identifier)))

    def export(self, identifiers: Sequence[str], format: Format = "bibtex") -> str:
        """Return papers as a BibTeX, RIS or CSL-JSON text."""
        writers = {"bibtex": cite.bibtex, "ris": cite.ris, "csl": cite.csl}
        if format not in writers:
            raise InputError(f"There is no format {format!r}; choose one of {', '.join(writers)}.")
        return writers[format](self.papers(identifiers))

    def front(self, day: str | None = None, *, limit: int = 60) -> Edition:
        """Return the edition of a day, by default the newest there is; an edition may be empty."""
        newest = self.store.editions(limit=1)
        day = day or (newest[0][0] if newest else self.now.date().isoformat())
        earlier = self.store.editions(before=day, limit=1)
        later = self.store.editions(after=day, limit=1)
        return Edition(
            day=day,
            papers=tuple(self.store.papers(self.store.edition(day, limit))),
            earlier=earlier[0][0] if earlier else None,
            later=later[0][0] if later else None,
        )

    @property
    def now(self) -> datetime:
        """The present moment, in the time zone that decides which day an edition is."""
        return self._clock().astimezone(ZoneInfo(self.settings.timezone))

    def editions(self, *, before: str | None = None, limit: int = 42) -> list[tuple[str, int]]:
        """Return (day, number of papers) of the newest editions, newest first."""
        return self.store.editions(before=before, limit=limit)

    def new(self, *, limit: int = 20, page: int = 1) -> Listing:
        """Return the newest papers."""
        keys = self.store.newest(limit + 1, (page - 1) * limit)
        return self._listed("", keys[:limit], self.store.listed(), page, more=len(keys) > limit)

    def author(self, slug: str, *, limit: int = 20, page: int = 1) -> tuple[str, str | None, Listing]:
        """Return an author's name, ORCID where known, and papers, newest first.

        Raises:
            NotFound: no paper names this author.
        """
        name, total, keys = self.store.by_author(slug, limit, (page - 1) * limit)
        if name is None:
            raise NotFound(f"No paper here names an author {slug!r}.")
        return name, self.store.orcid(slug), self._listed(name, keys, total, page, more=page * limit < total)

    def venue(self, slug: str, *, limit: int = 20, page: int = 1) -> tuple[str, Listing]:
        """Return a venue's name and papers, newest first.

        Raises:
            NotFound: no paper names this venue.
        """
        name, total, keys = self.store.by_venue(slug, limit, (page - 1) * limit)
        if name is None:
            raise NotFound(f"No paper here names a venue {slug!r}.")
        return name, self._listed(name, keys, total, page, more=page * limit < total)

    def _listed(self, query: str, keys: Sequence[int], total: int, page: int, *, more: bool) -> Listing:
        hits = tuple(Hit(paper=paper, score=0.0) for paper in self.store.papers(keys))
        return Listing(query=query, total=total, page=page, next=page + 1 if more else None, notes=(), hits=hits)

    # -- gathering ---------------------------------------------------------------------------------------------------

    def add(self, paths: Sequence[Path], *, refresh: bool = True, progress: Report = _silent) -> dict[str, Any]:
        """Take in papers from files of any known format, and index them.

        A file that cannot be read never stops the others; it is listed with its reason under "failed".
        """
        from broadsheet.sources import recognise

        totals = Counter(Added().counts())
        failed = []
        for path in paths:
            try:
                source = recognise(path)
                batches = source.harvest(self.store.cursor(source.cursor_name))
                self._take(batches, source.cursor_name, source.name, totals, progress)
            except SourceError as error:
                failed.append({"file": str(path), "reason": str(error)})
        return self._taken(totals, refresh, progress) | {"failed": failed}

    def add_sample(self, *, refresh: bool = True, progress: Report = _silent) -> dict[str, Any]:
        """Take in the papers that come with the program."""
        from broadsheet.sources import sample

        return self.add(list(sample.files()), refresh=refresh, progress=progress)

    def harvest(
        self,
        source: str,
        *,
        since: str | None = None,
        set: str | None = None,
        refresh: bool = True,
        progress: Report = _silent,
    ) -> dict[str, Any]:
        """Take in what a live source has that is new since its cursor, or since a given day.

        Raises:
            InputError: there is no such source.
            SourceError, Unavailable: the source failed; what came before is kept, and the failure is on record.
        """
        live = self._live(source, set)
        name = f"{source}:{set or ''}"
        totals = Counter(Added().counts())
        try:
            self._take(live.harvest(since or self.store.cursor(name)), name, source, totals, progress)
        except BroadsheetError as error:
            self.store.failed(source, str(error), now=self.now)
            raise
        self.store.seen(source, now=self.now)
        return self._taken(totals, refresh, progress)

    def _live(self, source: str, set: str | None) -> Any:
        from broadsheet.sources import REGISTRY

        if source not in REGISTRY:
            raise InputError(f"There is no live source {source!r}; there is {', '.join(REGISTRY)}.")
        return REGISTRY[source](
            set=set, now=self._clock, sleep=time.sleep, jitter=lambda: secrets.randbelow(1000) / 1000
        )

    def _take(
        self, batches: Iterator[Batch], cursor_name: str, source: str, totals: Counter[str], progress: Report
    ) -> None:
        """Store batch after batch, counting into `totals`, so that what came before a failure is counted too."""
        started, first = time.monotonic(), totals["records"]
        before = None  # the share that an earlier, interrupted reading had done
        for batch in batches:
            totals.update(self.store.add(batch, cursor_name=cursor_name, source=source, now=self.now).counts())
            before = batch.done if before is None else before
            read = totals["records"] - first
            progress(
                Progress(f"Reading {source}", read, _expected(read, before, batch.done), time.monotonic() - started)
            )

    def _taken(self, totals: Counter[str], refresh: bool, progress: Report) -> dict[str, Any]:
        done: dict[str, Any] = dict(totals)
        if refresh and self.behind:
            done["refresh"] = self.refresh(progress=progress)
        return done

    # -- indexing ----------------------------------------------------------------------------------------------------

    @cached_property
    def encoder(self) -> Encoder:
        """What turns text into vectors, as the settings name it."""
        from broadsheet import encode

        return encode.load(self.settings.encoder)

    def refresh(self, *, progress: Report = _silent) -> dict[str, Any]:
        """Bring the index up to the store's last change; a second refresh waits and then finds nothing to do."""
        from broadsheet.index.build import Builder

        started = time.monotonic()
        with Builder(self.settings.index_folder, self.encoder) as builder:
            upto = self.store.last_change()
            done = self._index(builder, upto, progress) if upto > builder.start or builder.anew else Counter()
            return {
                "change": upto,
                "indexed": done["indexed"],
                "deleted": done["deleted"],
                "seconds": round(time.monotonic() - started, 3),
            }

    def _index(self, builder: Any, upto: int, progress: Report) -> Counter[str]:
        from broadsheet.index import Entry

        done: Counter[str] = Counter()
        started = time.monotonic()
        position, total = builder.start, self.store.count_changes(builder.start)
        while position < upto and (changes := self.store.changes(position, _CHUNK)):
            position = changes[-1].number
            builder.delete(gone := [change.key for change in changes if change.gone])
            papers = self.store.papers([change.key for change in changes if not change.gone])
            builder.add([Entry.of(paper) for paper in papers])
            done.update(indexed=len(papers), deleted=len(gone))
            progress(Progress("Indexing", done.total(), total, time.monotonic() - started))
        builder.publish(upto)
        return done

    # -- keeping -----------------------------------------------------------------------------------------------------

    def merges(self, identifier: str | None = None) -> list[Merge]:
        """Return the merges that can be undone, of one paper or all."""
        return self.store.merges(None if identifier is None else self._key(identifier))

    def unmerge(self, merge: int) -> list[Paper]:
        """Undo a merge and return the papers that stand apart again."""
        return self.store.papers(self.store.unmerge(merge, now=self.now))

    def freshness(self) -> list[SourceStatus]:
        """Return when each source was last seen and what failed."""
        return self.store.sources()

    @property
    def lag(self) -> int:
        """Changes in the store that the snapshot does not have yet."""
        from broadsheet import index

        snapshot = index.describe(self.settings.index_folder)
        return self.store.count_changes(snapshot["change"] if snapshot else 0)

    @property
    def behind(self) -> bool:
        """Whether a refresh would find something to do: changes, or papers that another encoder has read."""
        from broadsheet import index

        snapshot = index.describe(self.settings.index_folder)
        return self.lag > 0 or (snapshot is not None and snapshot["encoder"] != self.encoder.id)

    def lease(self, name: str, seconds: float) -> bool:
        """Take or keep a lease for this object, unless another holds it; it expires by itself."""
        return self.store.lease(name, self._holder, now=self.now, seconds=seconds)

    def release(self, name: str) -> None:
        """Give a lease back early."""
        self.store.release(name, self._holder)

    def state(self, name: str) -> str | None:
        """Return a small value kept beside the papers."""
        return self.store.state(name)

    def set_state(self, name: str, value: str) -> None:
        """Keep a small value beside the papers."""
        self.store.set_state(name, value)

    def backup(self, file: Path) -> None:
        """Write everything but the index into one file, while serving."""
        self.store.backup(file)

    @staticmethod
    def restore(file: Path, settings: Settings, *, force: bool = False) -> None:
        """Bring back what a backup holds; a home that has papers is only replaced by force."""
        Store.restore(file, settings.store_url, settings.home, force=force)

    def status(self) -> dict[str, Any]:
        """Return counts, the freshness of every source, and the snapshot with its lag, ready for JSON."""
        from broadsheet import index

        snapshot = index.describe(self.settings.index_folder)
        return {
            "home": str(self.settings.home),
            **self.store.counts(),
            "change": self.store.last_change(),
            "snapshot": snapshot and {**snapshot, "lag": self.lag},
            "sources": [asdict(source) for source in self.freshness()],
        }

    def doctor(self) -> list[Check]:
        """Look at everything that can go wrong on a machine and say what to do about it."""
        return checks.look(self.store, self.settings)
