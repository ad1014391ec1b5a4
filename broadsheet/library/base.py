"""What every part of the library stands on: store, clock, the open snapshot, and identifiers to keys."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar
from zoneinfo import ZoneInfo

import broadsheet
from broadsheet import settings as settings_module
from broadsheet.errors import NoSnapshot, NotFound
from broadsheet.records import Hit, Listing, Progress
from broadsheet.settings import Settings
from broadsheet.store import Store
from broadsheet.text import normalise

if TYPE_CHECKING:  # the engine loads numpy, tantivy and faiss: only those who search pay for it
    from broadsheet.encode import Encoder
    from broadsheet.index.holder import Current
    from broadsheet.index.snapshot import Snapshot

_MOST_KEPT = 256  # answers that are kept until something is written

T = TypeVar("T")
Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report to nobody."""


class Base:
    """One home folder: its settings, store and index."""

    def __init__(
        self, settings: Settings | None = None, *, clock: Callable[[], datetime] = broadsheet.now, migrate: bool = False
    ) -> None:
        self.settings = settings or settings_module.load()
        self.settings.home.mkdir(parents=True, exist_ok=True)
        self.store = Store(self.settings.store_url, self.settings.home, migrate=migrate)
        self._clock = clock
        self._holder = secrets.token_hex(8)
        self._made: tuple[int, dict[tuple[Hashable, ...], Any]] = -1, {}

    def close(self) -> None:
        """Give back files and connections."""
        if "_current" in self.__dict__:
            self._current.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def now(self) -> datetime:
        """The present moment, in the time zone that decides which day an edition is."""
        return self._clock().astimezone(ZoneInfo(self.settings.timezone))

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

    @cached_property
    def encoder(self) -> Encoder:
        """What turns text into vectors, as the settings name it."""
        from broadsheet import encode

        return encode.load(self.settings.encoder)

    def _kept(self, make: Callable[[], T], *named: Hashable) -> T:
        """Return what `make` made under this name since anything was last written to the store, else make it now.

        For what depends on the store and the name alone; whoever asks often is answered from here.
        """
        version = self.store.version()  # before: what is written meanwhile makes it old
        if version is None:
            return make()
        if self._made[0] != version or len(self._made[1]) >= _MOST_KEPT:
            self._made = version, {}
        kept = self._made[1]
        if named not in kept:
            kept[named] = make()
        found: T = kept[named]
        return found

    def _key(self, identifier: str) -> int:
        key = self.store.resolve(normalise.parse_identifier(identifier) or identifier)
        if key is None:
            raise NotFound(f"There is no paper {identifier!r} here.")
        return key

    def _listed(self, query: str, keys: Sequence[int], total: int, page: int, *, more: bool) -> Listing:
        hits = tuple(Hit(paper=paper, score=0.0) for paper in self.store.papers(keys))
        return Listing(query=query, total=total, page=page, next=page + 1 if more else None, notes=(), hits=hits)
