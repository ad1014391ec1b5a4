"""Building the next snapshot: aside, from hard links to the last one, then published by one atomic exchange."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from broadsheet.encode import Encoder, concepts
from broadsheet.errors import DamagedSnapshot, NoSnapshot
from broadsheet.index import dense, files, forward, manifest, schema, second, segments
from broadsheet.index.columns import Gathering, Names
from broadsheet.index.dense import Codebook
from broadsheet.index.entry import Entry
from broadsheet.index.manifest import Manifest
from broadsheet.index.segments import Segment
from broadsheet.index.snapshot import DEAD, LEXICAL, NAMES, SEGMENTS
from broadsheet.index.workers import Prepared, Preparer

_BATCH = 500
_MOST_DEAD = 10_000  # deleted rows that are always borne, beside as many as there are papers
_NEW = "new"


class Builder:
    """Builds the next snapshot of a folder, which it locks: a second builder waits until the first is done.

    It continues from the current snapshot, or starts anew (`anew`, `start` 0) where there is none, or it is damaged, of
    another encoder or format, or mostly deleted rows. Use it as a context manager: what is not published is dropped.
    A few thousand papers are prepared in this process, more in so many others; with 0 `processes` always in this one.
    """

    def __init__(self, folder: Path, encoder: Encoder, *, processes: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._aside = folder, folder / files.BUILDING
        self._encoder = encoder
        self._lock: int | None = files.lock(folder / files.LOCK)
        files.clean(folder)
        self._base = self._usable()
        self.anew = self._base is None
        self.start = self._base.change if self._base else 0
        self._second = (self._base.second, self._base.second_id, self._base.second_dimension) if self._base else None
        self._preparer = Preparer(encoder, processes)
        self._begin()

    def __enter__(self) -> Builder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()

    def add(self, entries: Sequence[Entry]) -> None:
        """Take in papers; one whose key is indexed already replaces it."""
        for begin in range(0, len(entries), _BATCH):
            for batch, prepared in self._preparer.take(entries[begin : begin + _BATCH]):
                self._append(batch, prepared)

    def delete(self, keys: Sequence[int]) -> None:
        """Take out papers; keys that are not indexed are passed over."""
        if not keys:
            return
        self._settle()
        for key in keys:
            self._forget(key)

    def read_again(self, encoder: Encoder, keys: Sequence[int], vectors: Sequence[dense.Vectors]) -> None:
        """Take in (d,) vectors of papers by a second encoder; those of another second encoder are dropped."""
        folder = self._aside / second.FOLDER
        if self._second != (encoder.name, encoder.id, encoder.dimension):
            shutil.rmtree(folder, ignore_errors=True)
            self._second = (encoder.name, encoder.id, encoder.dimension)
        rows = np.array([self._row_of.get(key, -1) for key in keys], np.int32)
        new = (rows >= 0) & ~second.Second(folder, encoder.dimension).known(rows)
        second.add(folder, rows[new], np.asarray(vectors, np.float32)[new])

    def publish(self, change: int) -> int:
        """Make what was built the current snapshot, up to a change number, which is returned; the builder is done."""
        self._settle()
        self._preparer.close()
        self._finish_words()
        self._write_manifest(change, *self._finish_segments())
        now = files.current(self._folder)
        files.publish(self._folder, str(int(now.name) + 1 if now else 1))
        files.delete_old(self._folder)
        self._release()
        return change

    def abandon(self) -> None:
        """Drop what was not published, and let the next builder in."""
        if self._lock is None:
            return
        self._preparer.close()
        self._codes.close()
        self._tokens.close()
        self.__dict__.pop("_writer", None)
        shutil.rmtree(self._aside, ignore_errors=True)  # what a thread still writes is removed by the next build
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None

    # -- beginning ---------------------------------------------------------------------------------------------------

    def _usable(self) -> Manifest | None:
        """Return the manifest of the current snapshot, if it can be continued from."""
        path = files.current(self._folder)
        if path is None:
            return None
        try:
            found = Manifest.read(path)
            found.check_sizes(path)
        except (DamagedSnapshot, NoSnapshot):
            return None
        made_by = (found.encoder_id, found.dimension, found.concepts)
        same = made_by == (self._encoder.id, self._encoder.dimension, concepts.load(self._encoder.id).id)
        return found if same and found.rows <= 2 * found.papers + _MOST_DEAD else None

    def _begin(self) -> None:
        source = files.current(self._folder) if self._base else None
        if source:
            own = (manifest.NAME, DEAD, NAMES, files.LOCK, *schema.LOCKS)  # written anew: a link would change the old
            files.link_tree(source, self._aside, copied=schema.REPLACED, left_out=own)
            self._names = Names.load(source / NAMES)
            self._dead = set(np.load(source / DEAD).tolist())
            self._words = schema.open_index(self._aside / LEXICAL)
        else:
            (self._aside / SEGMENTS).mkdir(parents=True)
            self._names, self._dead = Names(), set[int]()
            self._words = schema.create(self._aside / LEXICAL)
        self._dead_before = frozenset(self._dead)
        self._writer = schema.writer(self._words)
        self._row_of = dict(self._old_rows())
        self._gathered = Gathering(self._names)
        (self._aside / SEGMENTS / _NEW).mkdir()
        self._codes = open(self._aside / SEGMENTS / _NEW / dense.CODES, "wb")  # noqa: SIM115, closed by publish or abandon
        self._tokens = forward.Writer(self._aside / SEGMENTS / _NEW)

    def _old_segments(self) -> list[Segment]:
        listed = self._base.segments if self._base else ()
        return [Segment(self._aside / SEGMENTS / name, rows) for name, rows in listed]

    def _old_rows(self) -> Iterator[tuple[int, int]]:
        """Yield (key, row) of the papers that the base holds."""
        row = 0
        for segment in self._old_segments():
            for row, key in enumerate(np.load(segment.folder / "keys.npy").tolist(), row):  # noqa: B020
                if row not in self._dead:
                    yield key, row
            row += 1

    # -- taking papers in --------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        for batch, prepared in self._preparer.settle():
            self._append(batch, prepared)

    def _append(self, entries: Sequence[Entry], prepared: Prepared) -> None:
        first = (self._base.rows if self._base else 0) + len(self._gathered)
        ready = zip(entries, prepared.texts, prepared.concepts, strict=True)
        for row, (entry, texts, names) in enumerate(ready, first):
            self._forget(entry.key)
            self._row_of[entry.key] = row
            flags = self._gathered.add(entry, names)
            self._writer.add_document(schema.document(row, entry, texts, flags))
        self._codes.write(prepared.codes.tobytes())
        self._tokens.add(prepared.tokens)

    def _forget(self, key: int) -> None:
        row = self._row_of.pop(key, None)
        if row is not None:
            self._dead.add(row)

    # -- publishing --------------------------------------------------------------------------------------------------

    def _finish_words(self) -> None:
        schema.delete(self._words, self._writer, self._dead - self._dead_before)
        self._writer.commit()
        self._writer.wait_merging_threads()
        del self._writer, self._words
        for name in schema.LOCKS:
            (self._aside / LEXICAL / name).unlink(missing_ok=True)

    def _finish_segments(self) -> tuple[list[Segment], int]:
        """Write columns and codes; return the segments, and the rows that the codebook was taken from."""
        self._codes.close()
        self._tokens.close()
        all_segments, old = [*self._old_segments(), *self._new_segment()], self._base
        dimension = self._encoder.dimension
        trained = old.trained if old else 0
        if old is None or segments.outgrown(trained, sum(segment.rows for segment in all_segments)):
            scanned = dense.scanned(self._encoder.prefixes)
            codebook, trained = segments.codebook_for(all_segments, dimension, scanned)
            codebook.save(self._aside)
            stale = all_segments
        else:
            codebook = Codebook.load(self._aside)
            stale = all_segments[len(old.segments) :]
        for segment in stale:
            dense.write_codes(segment.folder, segment.codes(dimension), codebook)
        return segments.joined(all_segments, codebook, dimension), trained

    def _new_segment(self) -> list[Segment]:
        """Return the segment of the papers taken in; none where there are none."""
        folder, rows = self._aside / SEGMENTS / _NEW, len(self._gathered)
        if not rows:
            shutil.rmtree(folder)
            return []
        named = folder.with_name(segments.name(self._base.rows if self._base else 0, rows))
        self._gathered.columns().save(folder)
        folder.rename(named)
        return [Segment(named, rows)]

    def _about_second(self) -> dict[str, Any]:
        """Return what the manifest says of second vectors: by which encoder, and how many papers have one."""
        if self._second is None:
            return {}
        name, own_id, dimension = self._second
        rows = second.Second(self._aside / second.FOLDER, dimension).rows
        alive = len(rows) - int(np.isin(rows, list(self._dead)).sum())
        return {"second": name, "second_id": own_id, "second_dimension": dimension, "second_papers": alive}

    def _write_manifest(self, change: int, finished: list[Segment], trained: int) -> None:
        np.save(self._aside / DEAD, np.array(sorted(self._dead), np.int32))
        self._names.save(self._aside / NAMES)
        (self._aside / files.LOCK).touch()
        Manifest(
            change=change,
            encoder=self._encoder.name,
            encoder_id=self._encoder.id,
            dimension=self._encoder.dimension,
            concepts=concepts.load(self._encoder.id).id,
            rows=sum(segment.rows for segment in finished),
            papers=len(self._row_of),
            trained=trained,
            segments=tuple((segment.folder.name, segment.rows) for segment in finished),
            **self._about_second(),
            files=manifest.listing(self._aside, self._base.files if self._base else {}),
        ).write(self._aside)
