"""Reading again: vectors of a slow, better encoder for the papers that need them most."""

from __future__ import annotations

import time
from typing import Any

from broadsheet.errors import SettingsError
from broadsheet.library.base import Report, silent
from broadsheet.library.indexing import Indexing
from broadsheet.records import Progress

NEWEST = 20_000  # papers that are read again without having been near the top of a ranking
SITTING = 256  # papers that are read before the index tells of them: about 20 s for MiniLM on one core
_AT_ONCE = 32


class Rereading(Indexing):
    """What profile `rerank` looks at, made bit by bit; a sitting that dies loses no more than itself."""

    @property
    def reading_due(self) -> bool:
        """Whether `read_again` would find something to do; never where the setting `reranker` is empty."""
        from broadsheet import encode
        from broadsheet.index import wanted

        if not self.settings.reranker or not self.ready:
            return False
        if wanted.any_in(self.settings.index_folder):
            return True
        try:
            encoder = encode.load(f"onnx:{self.settings.reranker}")
        except SettingsError:
            return True  # `read_again` says what is wrong
        return bool(self.snapshot.unread(encoder.id, (), NEWEST))

    def read_again(self, *, most: int = SITTING, progress: Report = silent) -> dict[str, Any]:
        """Encode papers that lack a second vector: those that came near the top of a ranking, then the newest.

        Raises:
            SettingsError: the setting `reranker` names no such folder.
            NoSnapshot: nothing has been indexed yet.
        """
        from broadsheet import encode
        from broadsheet.index import wanted
        from broadsheet.index.build import Builder

        encoder = encode.load(f"onnx:{self.settings.reranker}")
        snapshot, started = self.snapshot, time.monotonic()
        keys = snapshot.unread(encoder.id, wanted.take(self.settings.index_folder), NEWEST)[:most]
        read: dict[int, Any] = {}
        for begin in range(0, len(keys), _AT_ONCE):
            papers = self.store.papers(keys[begin : begin + _AT_ONCE])
            vectors = encoder.encode([encode.paper_text(paper.title, paper.text) for paper in papers])
            read |= {paper.key: vector for paper, vector in zip(papers, vectors, strict=True)}
            progress(Progress("Reading again", len(read), len(keys), time.monotonic() - started))
        if read:
            with Builder(self.settings.index_folder, self.encoder, processes=0) as builder:
                if builder.start == snapshot.number and not builder.anew:  # else some may have changed: next time
                    builder.read_again(encoder, list(read), list(read.values()))
                    builder.publish(builder.start)
        return {"read": len(read), "seconds": round(time.monotonic() - started, 3)}
