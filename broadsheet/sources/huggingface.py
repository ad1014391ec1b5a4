"""Hugging Face daily papers, live: the papers of each day with their votes and comments.

A harvest reads day after day from its cursor on, and once more the last days that earlier ones read, since votes go
on coming: each reading is one more measurement of a paper. The cursor is the day that the next harvest begins after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date as Day
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from broadsheet.errors import SourceError, Unavailable
from broadsheet.records import Batch, SetAside, SourceRecord, day_range
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.polite import Get, Polite, http_get

BASE_URL = "https://huggingface.co"
AGAIN = timedelta(days=7)  # how far back votes are counted again
_PAGE = 100
_MOST_PAGES = 20


class HuggingFace:
    """The daily papers; clock, sleep, jitter (0 to 1) and GET are given."""

    name = "huggingface"

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        set: str | None = None,
        base_url: str = BASE_URL,
        get: Get = http_get,
    ) -> None:
        if set:
            raise SourceError("The daily papers have no parts; leave `set` away.")
        self._base, self._now = base_url.rstrip("/"), now
        self._server = Polite(self._base, now=now, sleep=sleep, jitter=jitter, get=get)

    def harvest(self, since: str | None = None) -> Iterator[Batch]:
        """Yield the papers of each day since a day or a stored cursor, else of the last week, a batch a day.

        Raises:
            SourceError: `since` is no day, or the server refuses the request.
            Unavailable: the server went on failing; what came before has been yielded.
        """
        today = self._now().date()
        first = start = self._first_day(since, today)
        while start <= today:
            records, aside = self._day(start, today)
            done = ((start - first).days + 1) / ((today - first).days + 1)
            yield Batch(records, f"from:{start}", aside, done)
            start += timedelta(days=1)

    def fetch(self, identifier: str) -> SourceRecord | None:
        """Return the record of one arXiv id with its votes, or None where the site does not have it.

        Raises:
            SourceError, Unavailable: as `harvest`; or the text is no arXiv id.
        """
        number = _number(identifier)
        if number is None:
            raise SourceError(f"{identifier!r} is no arXiv id; write one such as 1706.03762.")
        found = self._server.json(f"{self._base}/api/papers/{number}")
        try:
            return None if found is None else record_of({"paper": found}, None, self._now().date())
        except Rejected as reason:
            raise SourceError(f"The entry of {number} cannot be used: {reason}.") from reason

    def _first_day(self, since: str | None, today: Day) -> Day:
        if since and since.startswith("from:"):
            return min(Day.fromisoformat(since.removeprefix("from:")), today) - AGAIN
        try:
            return Day.fromisoformat(day_range(since)[0]) if since else today - AGAIN
        except ValueError as error:
            raise SourceError(f"{since!r} is no day to harvest from; write one such as 2026-11-01.") from error

    def _day(self, day: Day, today: Day) -> tuple[tuple[SourceRecord, ...], tuple[SetAside, ...]]:
        records: list[SourceRecord] = []
        aside: list[SetAside] = []
        for number in range(_MOST_PAGES):
            asked = urlencode({"date": day.isoformat(), "limit": _PAGE, "p": number})
            page = self._server.json(f"{self._base}/api/daily_papers?{asked}")
            if page is not None and not isinstance(page, list):
                raise Unavailable(f"{self._base} answers with something else than a list of papers. Try again later.")
            for item in page or ():
                try:
                    records.append(record_of(item, day, today))
                except Rejected as reason:
                    aside.append(SetAside(f"daily papers of {day}", str(reason), clean.excerpt(item)))
            if not page or len(page) < _PAGE:
                break
        return tuple(records), tuple(aside)


def record_of(item: Any, day: Day | None, today: Day) -> SourceRecord:
    """Return the record of an entry of the daily papers of a day, its votes and comments as of today.

    Raises:
        Rejected: it has no arXiv id or no title.
    """
    paper = item.get("paper") if isinstance(item, Mapping) else None
    if not isinstance(paper, Mapping):
        raise Rejected("it is no paper")
    number, title = _number(str(paper.get("id") or "")), clean.title(paper.get("title") or item.get("title"))
    if number is None or not title:
        raise Rejected("it has no arXiv id or no title")
    votes = clean.number(paper.get("upvotes", item.get("upvotes")))
    comments = clean.number(item.get("numComments", paper.get("numComments")))
    names = (author.get("name") for author in paper.get("authors") or () if isinstance(author, Mapping))
    return SourceRecord(
        source="huggingface",
        scheme="arxiv",
        own_id=number,
        title=title,
        abstract=clean.unwrapped(clean.text(paper.get("summary"))),
        authors=clean.authors([name for name in names if name]),
        date=clean.day(str(paper.get("publishedAt") or "")[:10]),
        announced=day.isoformat() if day else None,
        venue="arXiv",
        identifiers=clean.public(f"arxiv:{number}"),
        links=clean.links(
            page=f"https://arxiv.org/abs/{number}", code=paper.get("githubRepo"), project=paper.get("projectPage")
        ),
        signals=clean.signals("huggingface", today.isoformat(), votes=votes, comments=comments),
    )


def _number(identifier: str) -> str | None:
    found = clean.public(identifier)
    return next((name.removeprefix("arxiv:") for name in found if name.startswith("arxiv:")), None)
