"""Indexing: the store's changes to the next snapshot."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from broadsheet.library.base import Base, Report, silent
from broadsheet.library.foresight import Foresight
from broadsheet.records import Progress

_CHUNK = 500  # papers read from the store at a time while indexing
_UNFORESEEN = "unforeseen"  # the change after which papers were published whose votes may still have to be foreseen


class Indexing(Base):
    """How far the index is behind the store, and bringing it up to date."""

    def refresh(self, *, progress: Report = silent) -> dict[str, Any]:
        """Bring the index up to the store's last change; a second refresh waits and then finds nothing to do."""
        from broadsheet.index.build import Builder

        started = time.monotonic()
        with Builder(self.settings.index_folder, self.encoder) as builder:
            upto = self.store.last_change()
            self._foresee_what_is_left(builder)
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
        foresight = Foresight(self.store)
        started = time.monotonic()
        position, total = builder.start, self.store.count_changes(builder.start)
        while position < upto and (changes := self.store.changes(position, _CHUNK)):
            position = changes[-1].number
            builder.delete(gone := [change.key for change in changes if change.gone])
            papers = self.store.papers([change.key for change in changes if not change.gone])
            builder.add([Entry.of(paper) for paper in papers])
            foresight.add(papers)
            done.update(indexed=len(papers), deleted=len(gone))
            progress(Progress("Indexing", done.total(), total, time.monotonic() - started))
        self.store.set_state(_UNFORESEEN, str(builder.start))  # whoever dies now leaves word
        builder.publish(upto)
        foresight.keep(self.settings.index_folder)
        self.store.set_state(_UNFORESEEN, "")
        return done

    def _foresee_what_is_left(self, builder: Any) -> None:
        """Foresee the votes of what a refresh published that died before it did."""
        left = self.store.state(_UNFORESEEN)
        if not left:
            return
        foresight, position = Foresight(self.store), int(left)
        while position < builder.start and (changes := self.store.changes(position, _CHUNK)):
            position = changes[-1].number
            foresight.add(self.store.papers([change.key for change in changes if not change.gone]))
        if not builder.anew:  # else all of it is foreseen anew
            foresight.keep(self.settings.index_folder)
        self.store.set_state(_UNFORESEEN, "")

    @property
    def lag(self) -> int:
        """Changes in the store that the snapshot does not have yet."""
        from broadsheet import index

        snapshot = index.describe(self.settings.index_folder)
        return self.store.count_changes(snapshot["change"] if snapshot else 0)

    @property
    def behind(self) -> bool:
        """Whether a refresh would find something to do: changes, papers of another encoder, votes to be foreseen."""
        from broadsheet import index
        from broadsheet.encode import concepts

        snapshot = index.describe(self.settings.index_folder)
        made_by = (snapshot["encoder"], snapshot["concepts"]) if snapshot else None
        unforeseen = bool(self.store.state(_UNFORESEEN))
        return self.lag > 0 or unforeseen or made_by not in (None, (self.encoder.id, concepts.load(self.encoder.id).id))
