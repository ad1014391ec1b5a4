"""Keeping: merges, leases, backups, and how things stand."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from broadsheet import checks
from broadsheet.checks import Check
from broadsheet.library.delivery import Delivery
from broadsheet.library.indexing import Indexing
from broadsheet.records import Paper, SourceStatus
from broadsheet.settings import Settings
from broadsheet.store import Merge, Store


class Keeping(Delivery, Indexing):
    """What those who run an instance ask for."""

    def merges(self, identifier: str | None = None) -> list[Merge]:
        """Return the merges that can be undone, of one paper or all."""
        return self.store.merges(None if identifier is None else self._key(identifier))

    def unmerge(self, merge: int) -> list[Paper]:
        """Undo a merge and return the papers that stand apart again."""
        return self.store.papers(self.store.unmerge(merge, now=self.now))

    def freshness(self) -> list[SourceStatus]:
        """Return when each source was last seen and what failed."""
        return self._kept(self.store.sources, "sources")

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
            "mail": self.mail_status(),
            "submissions": self.store.submissions.counts(since=self.now - timedelta(days=1)),
            "sources": [asdict(source) for source in self.freshness()],
        }

    def doctor(self) -> list[Check]:
        """Look at everything that can go wrong on a machine and say what to do about it."""
        return checks.look(self.store, self.settings)
