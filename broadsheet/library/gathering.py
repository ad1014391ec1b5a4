"""Gathering: papers from files and live sources to the store."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from broadsheet.errors import BroadsheetError, InputError, SourceError
from broadsheet.library.base import Report, silent
from broadsheet.library.indexing import Indexing
from broadsheet.records import Batch, Paper, Progress
from broadsheet.store import Added, Ready

WATCHED_EDITIONS = 30  # newest editions whose papers' stars, citations and mentions are measured
WATCHED_EACH = 40  # papers of each
_ANY_DAY = "9999-12-31"


class Gathering(Indexing):
    """Taking papers in, and indexing what is new."""

    def add(self, paths: Sequence[Path], *, refresh: bool = True, progress: Report = silent) -> dict[str, Any]:
        """Take in papers from files of any known format, and index them.

        A file that cannot be read never stops the others; it is listed with its reason under "failed".
        """
        from broadsheet.library import ahead
        from broadsheet.sources import recognise

        day = self.now.date().isoformat()
        totals = Counter(Added().counts())
        failed = []
        for path in paths:
            try:
                source = recognise(path)
                batches = ahead.batches(source, self.store.cursor(source.cursor_name), day)
                self._take(batches, source.cursor_name, source.name, totals, progress)
            except SourceError as error:
                failed.append({"file": str(path), "reason": str(error)})
        return self._taken(totals, refresh, progress) | {"failed": failed}

    def add_sample(self, *, refresh: bool = True, progress: Report = silent) -> dict[str, Any]:
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
        progress: Report = silent,
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
            self._take(self._prepared(live.harvest(since or self.store.cursor(name))), name, source, totals, progress)
        except BroadsheetError as error:
            self.store.failed(source, str(error), now=self.now)
            raise
        self.store.seen(source, now=self.now)
        return self._taken(totals, refresh, progress)

    def _live(self, source: str, set: str | None) -> Any:
        from broadsheet.sources import REGISTRY, Watching

        if source not in REGISTRY:
            raise InputError(f"There is no live source {source!r}; there is {', '.join(REGISTRY)}.")
        kind = REGISTRY[source]
        watching = isinstance(kind, type) and issubclass(kind, Watching)
        more: dict[str, Any] = {"watched": self._watched} if watching else {}
        if source == "github":
            more |= {"token": self.settings.github_token}
        return kind(set=set, now=self._clock, sleep=time.sleep, jitter=lambda: secrets.randbelow(1000) / 1000, **more)

    def _watched(self) -> list[Paper]:
        """Return the papers whose attention is worth measuring: the first of the newest editions."""
        found = self.store.fronts.latest(_ANY_DAY, WATCHED_EDITIONS, WATCHED_EACH)
        return self.store.papers([paper.key for paper in found])

    def _prepared(self, batches: Iterator[Batch]) -> Iterator[Ready]:
        return (self.store.prepared(batch, day=self.now.date().isoformat(), live=True) for batch in batches)

    def _take(
        self, batches: Iterator[Ready], cursor_name: str, source: str, totals: Counter[str], progress: Report
    ) -> None:
        """Store batch after batch, counting into `totals`, so that what came before a failure is counted too."""
        started, first = time.monotonic(), totals["records"]
        before = None  # the share that an earlier, interrupted reading had done
        for batch in batches:
            totals.update(self.store.write(batch, cursor_name=cursor_name, source=source, now=self.now).counts())
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


def _expected(read: int, before: float | None, done: float | None) -> int | None:
    """Return how many records this reading will have read, from the shares of the source done before it and now."""
    if before is None or done is None or done <= before:
        return None
    return read + round(read * (1 - done) / (done - before))
