"""Bringing a library along: a file of references, or a Zotero library, becomes a shelf."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broadsheet.errors import InputError
from broadsheet.library.acts import LONGEST_NAME, SHELF, Acts
from broadsheet.library.base import Report, silent
from broadsheet.records import Batch, Progress, Reader, SetAside, SourceRecord

MOST_RECORDS = 20_000
_AT_ONCE = 500  # records that are matched together
_JOINED = "joined"  # the change up to which those who wait for papers were looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a library: `matched` are papers here, of which `saved` are new on the shelf."""

    shelf: str
    records: int
    matched: int
    saved: int
    missing: tuple[SourceRecord, ...]
    set_aside: tuple[SetAside, ...]

    @property
    def words(self) -> str:
        """What became of it, in a sentence."""
        unread = f" {len(self.set_aside):,} could not be read." if self.set_aside else ""
        return (
            f"{self.matched:,} of {self.records:,} references are papers here, {self.saved:,} of them new on the shelf "
            f"“{self.shelf}”; {len(self.missing):,} are not here yet.{unread}"
        )


class Importing(Acts):
    """Shelves made of libraries kept elsewhere; what is not here is remembered, and joins its shelf when it comes."""

    def import_file(self, reader: Reader, path: Path, *, shelf: str = "") -> Imported:
        """Put the papers of a file (BibTeX, RIS, CSL-JSON, or any other format known here) on a shelf.

        Raises:
            SourceError: the file cannot be read.
            InputError: it holds more records than a shelf takes, or the shelf's name is too long.
        """
        from broadsheet.sources import recognise

        return self._import(reader, shelf or path.stem, _of(recognise(path).harvest(None)))

    def import_text(self, reader: Reader, content: bytes, *, name: str = "", shelf: str = "") -> Imported:
        """Put the papers of a file's content on a shelf, by default one called as the file is.

        Raises:
            SourceError, InputError: as for a file.
        """
        handle, path = tempfile.mkstemp(prefix="library-")
        try:
            with open(handle, "wb") as file:
                file.write(content)
            return self.import_file(reader, Path(path), shelf=shelf or Path(name.replace("\\", "/")).stem or SHELF)
        finally:
            os.unlink(path)

    def import_zotero(
        self, reader: Reader, library: str, *, key: str | None = None, endpoint: str | None = None, shelf: str = ""
    ) -> Imported:
        """Put the papers of a Zotero library ("users/475425", "groups/12") on a shelf.

        Raises:
            SettingsError: pyzotero is not installed.
            SourceError: there is no such library, or Zotero does not answer.
        """
        from broadsheet.sources.zotero import Zotero

        return self._import(reader, shelf or "Zotero", Zotero(library, key, endpoint).records())

    def missing(self, reader: Reader) -> list[tuple[str, SourceRecord]]:
        """Return (shelf, record) of what was imported and is not here."""
        return self.store.imports.missing(reader.id)

    @property
    def joining_due(self) -> bool:
        """Whether papers came or changed since it was last seen who waits for one."""
        return self.store.state(_JOINED) != str(self.store.last_change()) and self.store.imports.awaited()

    def join_missing(self, *, progress: Report = silent) -> dict[str, Any]:
        """Put what was imported, was not here and has come since on its shelf."""
        change, joined, started = self.store.last_change(), 0, time.monotonic()
        for reader in self.store.imports.waiting():
            joined += self._join(reader)
            progress(Progress("Filling shelves", joined, None, time.monotonic() - started))
        self.store.set_state(_JOINED, str(change))
        return {"joined": joined}

    def _join(self, reader: int) -> int:
        waiting = self.store.imports.missing(reader)
        joined = 0
        for first in range(0, len(waiting), _AT_ONCE):
            some = waiting[first : first + _AT_ONCE]
            keys = self.store.imports.match([record for _, record in some])
            come = [(shelf, record, key) for (shelf, record), key in zip(some, keys, strict=True) if key is not None]
            for name in sorted({shelf for shelf, _, _ in come}):
                own = [(record, key) for shelf, record, key in come if shelf == name]
                self.store.imports.save(reader, [key for _, key in own], shelf=name, now=self.now)
                self.store.imports.drop(reader, name, [record for record, _ in own])
            joined += len(come)
        return joined

    def _import(self, reader: Reader, shelf: str, found: Iterable[SourceRecord | SetAside]) -> Imported:
        self._may(reader, "save")
        name = " ".join(shelf.split())[:LONGEST_NAME] or SHELF
        everything = list(_at_most(found))
        records = [one for one in everything if isinstance(one, SourceRecord)]
        keys = self.store.imports.match(records)
        here = [key for key in keys if key is not None]
        missing = [record for record, key in zip(records, keys, strict=True) if key is None]
        saved = self.store.imports.save(reader.id, here, shelf=name, now=self.now) if here else 0
        self.store.imports.keep(reader.id, name, missing)
        return Imported(
            shelf=name,
            records=len(records),
            matched=len(here),
            saved=saved,
            missing=tuple(missing),
            set_aside=tuple(one for one in everything if isinstance(one, SetAside)),
        )


def _of(batches: Iterable[Batch]) -> Iterator[SourceRecord | SetAside]:
    for batch in batches:
        yield from batch.records
        yield from batch.set_aside


def _at_most(found: Iterable[SourceRecord | SetAside]) -> Iterator[SourceRecord | SetAside]:
    for number, one in enumerate(found):
        if number >= MOST_RECORDS:
            raise InputError(f"That is more than the {MOST_RECORDS:,} records that one library may have.")
        yield one
