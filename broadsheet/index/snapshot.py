"""One immutable index of the papers up to a change, opened read-only from mapped files."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.encode import Encoder
from broadsheet.errors import DamagedSnapshot, NoSnapshot, Unavailable
from broadsheet.index import files, second
from broadsheet.index.columns import Columns, Keys, Names, Ragged
from broadsheet.index.dense import Codebook, Dense
from broadsheet.index.forward import Forward
from broadsheet.index.manifest import Manifest
from broadsheet.index.masks import Mask, Masks
from broadsheet.index.second import Second
from broadsheet.index.words import Lexical
from broadsheet.query import Filters

LEXICAL, SEGMENTS, DEAD, NAMES = "lexical", "segments", "dead.npy", "names.json"
_TRIES = 5


class Snapshot:
    """An open snapshot; `number` is the last change it knows. It stays whole for as long as somebody holds it.

    Days (int32) count from 1970-01-01, MISSING_DAY where a paper has no date; `venue` (int32) is a place in
    `venue_names` or -1; `categories`, `sources` and `concepts` hold places in `category_names`, `source_names` and
    `concept_names`, a paper's concepts strongest first.
    """

    def __init__(self, path: Path, load: Callable[[str], Encoder] = encode.load) -> None:
        """Open a snapshot's directory.

        Raises:
            FileNotFoundError: it is gone, since two newer ones have been published.
            NoSnapshot: it is of another format.
            DamagedSnapshot: its files are not those that its manifest lists.
        """
        self.path = path
        self._load = load
        weakref.finalize(self, os.close, files.share(path))
        self.manifest = Manifest.read(path)
        self.manifest.check_sizes(path)
        try:
            self._open()
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise DamagedSnapshot(f"{path} cannot be opened ({error}). Delete the index folder and refresh.") from error

    def _open(self) -> None:
        folders = [self.path / SEGMENTS / name for name, _ in self.manifest.segments]
        columns = Columns.joined([Columns.load(folder) for folder in folders])
        names = Names.load(self.path / NAMES)
        self.keys, self.first_day, self.last_day = columns.keys, columns.first_day, columns.last_day
        self.venue, self.votes, self.citations = columns.venue, columns.votes, columns.citations
        self.hidden, self.has_text = columns.hidden, columns.has_text
        self.mark, self.people = columns.mark, columns.people
        self.categories: Ragged = columns.categories
        self.sources: Ragged = columns.sources
        self.concepts: Ragged = columns.concepts
        self.venue_names, self.category_names, self.source_names, self.concept_names = map(
            list, (names.venues, names.categories, names.sources, names.concepts)
        )
        self.alive: Mask = np.ones(self.rows, bool)
        self.alive[np.load(self.path / DEAD)] = False
        self._keys = Keys(columns.keys, self.alive)
        self._masks = Masks(columns, names, self.alive, self._keys.rows_of)
        self.second = Second(self.path / second.FOLDER, self.manifest.second_dimension)
        self.lexical = Lexical(self.path / LEXICAL, columns, self._masks)
        self.forward = Forward(folders)
        sizes = [rows for _, rows in self.manifest.segments]
        self.dense = Dense(folders, sizes, self.manifest.dimension, Codebook.load(self.path), self.alive)

    @property
    def number(self) -> int:
        """The change number up to which the snapshot knows papers."""
        return self.manifest.change

    @property
    def rows(self) -> int:
        """All rows, deleted ones too."""
        return self.manifest.rows

    @cached_property
    def category_counts(self) -> NDArray[np.int64]:
        """Papers that lists may show, by place in `category_names`."""
        shown = np.flatnonzero(self.alive & ~self.hidden)
        return np.bincount(self.categories.among(shown), minlength=len(self.category_names))

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder whose vectors the snapshot holds, for the query's vector.

        Raises:
            Unavailable: this program has another version of it; a refresh makes a snapshot by that.
        """
        encoder = self._load(self.manifest.encoder)
        if encoder.id != self.manifest.encoder_id:
            raise Unavailable(
                f"The index was made by encoder {self.manifest.encoder_id}, not {encoder.id}: run `broadsheet refresh`."
            )
        return encoder

    @cached_property
    def second_encoder(self) -> Encoder | None:
        """The encoder of the second vectors, for the query's; None where there are none.

        Raises:
            SettingsError: what it needs is not there any more.
        """
        return self._load(self.manifest.second) if len(self.second.rows) else None

    def unread(self, encoder_id: str, asked: Sequence[int], newest: int) -> list[int]:
        """Return the keys of papers without a vector of a second encoder: those asked for, then those with text.

        Of the latter the newest so many, the newest first.
        """
        rows = np.flatnonzero(self.alive & ~self.hidden & self.has_text)
        rows = rows[np.argsort(-self.first_day[rows].astype(np.int64), kind="stable")[:newest]]
        first = self.rows_of(asked)
        rows = np.concatenate([first[first >= 0], rows])
        if self.manifest.second_id == encoder_id:
            rows = rows[~self.second.known(rows)]
        return list(dict.fromkeys(self.keys[rows].tolist()))

    def mask(self, filters: Filters) -> Mask | None:
        """Return which rows pass the filters, are not deleted and not hidden; None means that all are. Read-only."""
        return self._masks.mask(filters)

    def part(self, rows: NDArray[np.int32]) -> Masks:
        """Return filters over given rows alone: their masks have an element for each of those."""
        return self._masks.part(rows)

    def concepts_of(self, row: int) -> tuple[str, ...]:
        """Return the names of a row's concepts, strongest first."""
        return tuple(self.concept_names[number] for number in self.concepts.of(row))

    def rows_of(self, keys: Sequence[int] | NDArray[Any]) -> NDArray[np.int32]:
        """Return the row of each key, -1 where the snapshot has no such paper."""
        return self._keys.rows_of(keys)

    def verify(self) -> None:
        """Recompute the checksums of all files.

        Raises:
            DamagedSnapshot: one is not what was written.
        """
        self.manifest.verify(self.path)


def open_current(folder: Path, load: Callable[[str], Encoder] = encode.load) -> Snapshot:
    """Return the current snapshot of an index folder, opened.

    Raises:
        NoSnapshot: nothing has been indexed yet, or for another version of this program.
        DamagedSnapshot: the snapshot is not what was written.
    """
    for _ in range(_TRIES):
        path = files.current(folder)
        if path is None:
            break
        try:
            return Snapshot(path, load)
        except FileNotFoundError:  # replaced and deleted since the pointer was read
            continue
    raise NoSnapshot("Nothing has been indexed yet: add papers with `broadsheet add`, or run `broadsheet refresh`.")
