"""What all sources share that measure known papers instead of bringing new ones.

A harvest goes round the papers it was given, in order, and yields measurements. The cursor is the identifier measured
last, so that a round that was broken off, say because the server has answered enough for an hour, goes on there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from broadsheet.errors import SourceError
from broadsheet.records import Batch, Paper, Signal
from broadsheet.sources.polite import Get, Polite, http_get


class Watching:
    """Measures known papers; clock, sleep, jitter (0 to 1), GET and the papers to look after are given."""

    name = ""
    base_url = ""
    together = 1  # papers measured by one question

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        watched: Callable[[], Sequence[Paper]],
        set: str | None = None,
        base_url: str = "",
        get: Get = http_get,
    ) -> None:
        if set:
            raise SourceError(f"{self.name} has no parts; leave `set` away.")
        self.base_url = (base_url or self.base_url).rstrip("/")
        self._now, self._watched = now, watched
        self._server = Polite(self.base_url, now=now, sleep=sleep, jitter=jitter, get=get)

    def harvest(self, since: str | None = None) -> Iterator[Batch]:
        """Yield measurements of the papers after the one that `since` names, else of all.

        Raises:
            SourceError: the server refuses a request.
            Unavailable: the server went on failing; what came before has been yielded.
        """
        papers = [paper for paper in self._watched() if self.can_measure(paper)]
        names = [paper.id for paper in papers]
        first = names.index(since) + 1 if since in names else 0
        today = self._now().date().isoformat()
        for start in range(first, len(papers), self.together):
            group = papers[start : start + self.together]
            measured = tuple((paper.id, signal) for paper, signal in self.measure(group, today))
            last = start + self.together >= len(papers)
            yield Batch((), "" if last else group[-1].id, measured=measured, done=(start + len(group)) / len(papers))

    def can_measure(self, paper: Paper) -> bool:
        """Say whether the source may know something of a paper."""
        raise NotImplementedError

    def measure(self, papers: Sequence[Paper], today: str) -> Iterator[tuple[Paper, Signal]]:
        """Yield what the source counts for these papers today."""
        raise NotImplementedError
