"""Front pages: the papers of a day, a week or a month, and what trends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from broadsheet.errors import InputError, NotFound
from broadsheet.library.searching import Searching
from broadsheet.records import (
    Attention,
    Edition,
    Hit,
    Listing,
    Paper,
    Period,
    Reasons,
    Signal,
    Standing,
    period_days,
    period_of,
)

CANDIDATES = 120  # papers of a day, week or month that the formula orders; those with the most votes
RECENT = 10  # newest editions that the formula orders together
EACH = 30  # papers of each
FURTHER = 50  # editions that trending goes on with after those


class Fronts(Searching):
    """Editions, and the trending list."""

    _risen: tuple[datetime, list[int]] | None = None

    def front(self, day: str | None = None, *, limit: int = 60) -> Edition:
        """Return the edition of a day, by default the newest there is; an edition may be empty."""
        return self._edition("day", day or self._newest() or self.now.date().isoformat(), limit)

    def edition(self, name: str | None = None, *, limit: int = 60) -> Edition:
        """Return the edition of a day, week or month, whichever is named, by default the newest day's.

        Raises:
            InputError: there is no such day, week or month.
        """
        if name is None:
            return self.front(limit=limit)
        kind: Period = "week" if "-W" in name else "day" if len(name) == len("2026-06-30") else "month"
        return self._edition(kind, name, limit)

    def week(self, week: str | None = None, *, limit: int = 60) -> Edition:
        """Return the papers of an ISO week ("2026-W27"), by default the newest that has any."""
        return self._edition("week", week or self._newest_of("week"), limit)

    def month(self, month: str | None = None, *, limit: int = 60) -> Edition:
        """Return the papers of a month ("2026-06"), by default the newest that has any."""
        return self._edition("month", month or self._newest_of("month"), limit)

    def editions(self, *, before: str | None = None, limit: int = 42) -> list[tuple[str, int]]:
        """Return (day, number of papers) of the newest editions, newest first."""
        return self.store.editions(before=before, limit=limit)

    def days(self, first: str, last: str) -> list[tuple[str, int]]:
        """Return (day, number of papers) of the days of a range that have an edition, ascending."""
        return self._kept(lambda: self.store.fronts.days(first, last), "days", first, last)

    def trending(self, *, limit: int = 20, page: int = 1) -> Listing:
        """Return what trends: the newest editions by the formula, then those before them, newest first."""
        return self._kept(lambda: self._trending(limit, page), "trending", limit, page, self._minute)

    def _trending(self, limit: int, page: int) -> Listing:
        from broadsheet.rank import trending

        known = self._weighed(self.store.fronts.latest(self._tomorrow, RECENT, EACH))
        ranked = [key for key, _ in trending.order(known, self.now)]
        first = (page - 1) * limit
        if first + limit >= len(ranked):
            older = self._before(known)
            known, ranked = known + older, ranked + trending.by_edition(older, self.now)
        attention = {paper.key: paper for paper in known}
        shown = [trending.explain(attention[key], self.now) for key in ranked[first : first + limit]]
        more = page + 1 if first + limit < len(ranked) else None
        return Listing(query="", total=len(ranked), page=page, next=more, notes=(), hits=self._trending_hits(shown))

    def rising(self, edition: Edition, *, limit: int = 6) -> list[Paper]:
        """Return the papers that trend most beside those of an edition, as of this minute."""
        there = {paper.key for paper in edition.papers}
        keys = [key for key in self._this_minute() if key not in there][:limit]
        return self._kept(lambda: self.store.papers(keys), "papers", *keys)

    def _this_minute(self) -> list[int]:
        """Return what trends, found out once a minute: for lists that only stand beside what was asked for."""
        from broadsheet.rank import trending

        minute = self._minute
        if self._risen is None or self._risen[0] != minute:
            recent = self._weighed(self.store.fronts.latest(self._tomorrow, RECENT, EACH))
            self._risen = minute, [key for key, _ in trending.order(recent, self.now)]
        return self._risen[1]

    def categories(self) -> list[tuple[str, int]]:
        """Return (code, number of papers) of every category, by code.

        Raises:
            NoSnapshot: nothing has been indexed yet.
        """
        from broadsheet import rank

        return rank.categories(self.snapshot)

    def category(self, code: str, *, limit: int = 20, page: int = 1, sort: str = "new") -> Listing:
        """Return a category's papers, the newest first, or by what trends.

        Raises:
            NotFound: no paper has this category.
            NoSnapshot: nothing has been indexed yet.
        """
        profile = "trending" if sort == "trending" else "lexical"
        found = self.search("", category=code, sort="new", profile=profile, limit=limit, page=page)
        if not found.total:
            raise NotFound(f"No paper here has the category {code!r}; /categories lists those that there are.")
        return found

    def beside(self, first: str, last: str) -> tuple[str | None, str | None]:
        """Return the last day before a range of days and the first after it that have an edition."""
        fronts = self.store.fronts
        return self._kept(lambda: (fronts.nearest(first)[0], fronts.nearest(last)[1]), "beside", first, last)

    def all_series(self, keys: Sequence[int]) -> dict[int, list[Signal]]:
        """Return every dated measurement of attention to each of these papers."""
        return self._kept(lambda: self.store.fronts.series(keys), "series", *keys)

    def standing(self, identifier: str) -> Standing | None:
        """Return how a paper trends and why; None where it stands in no edition."""
        from broadsheet.rank import trending

        key = self._key(identifier)
        found = self._attention([key]).get(key)
        return None if found is None else trending.explain(found, self.now)

    @staticmethod
    def formula() -> Mapping[str, Any]:
        """Return the constants of the trending formula."""
        from broadsheet.rank import trending

        return {
            "base": trending.BASE,
            "gravity": trending.GRAVITY,
            "weights": trending.WEIGHTS,
            "foreseen": trending.FORESEEN,
            "decay": {days: trending.decay(24 * days) for days in (0, 1, 2, 7, 14, 30)},
        }

    def _edition(self, kind: Period, name: str, limit: int) -> Edition:
        return self._kept(lambda: self._made_up(kind, name, limit), "edition", kind, name, limit, self._minute)

    def _made_up(self, kind: Period, name: str, limit: int) -> Edition:
        from broadsheet.rank import trending

        first, last = _days(name)
        found = self._weighed(self.store.fronts.between(first, last, max(CANDIDATES, limit)))
        keys = trending.standing(found, self.now)
        pick = self.store.moderation.lead(name) if kind == "day" and keys else None
        if pick is not None:
            keys = [pick.key, *(key for key in keys if key != pick.key)]
        earlier, later = self.beside(first, last)
        return Edition(
            kind=kind,
            day=name,
            papers=tuple(self.store.papers(keys[:limit])),
            earlier=earlier and period_of(kind, earlier),
            later=later and period_of(kind, later),
            total=self.store.fronts.count(first, last),
            pick=pick,
        )

    def _trending_hits(self, standings: Sequence[Standing]) -> tuple[Hit, ...]:
        papers = {paper.key: paper for paper in self.store.papers([one.attention.key for one in standings])}
        return tuple(
            Hit(paper=papers[one.attention.key], score=one.score, reasons=Reasons(shares=one.parts))
            for one in standings
            if one.attention.key in papers
        )

    def _before(self, recent: Sequence[Attention]) -> list[Attention]:
        """Return the first papers of the editions before the recent ones."""
        oldest = min((paper.announced for paper in recent), default=None)
        day = oldest and self.store.fronts.nearest(oldest)[0]
        return self._weighed(self.store.fronts.latest(day, FURTHER, EACH)) if day else []

    @property
    def _minute(self) -> datetime:
        return self.now.replace(second=0, microsecond=0)

    @property
    def _tomorrow(self) -> str:
        """The last day that an edition may honestly have, wherever its source lives."""
        return (self.now.date() + timedelta(days=1)).isoformat()

    def _newest(self) -> str | None:
        newest, upto = self.store.fronts.newest, self._tomorrow
        return self._kept(lambda: newest(upto) or newest("9999-12-31"), "newest", upto)

    def _newest_of(self, kind: Period) -> str:
        return period_of(kind, self._newest() or self.now.date().isoformat())


def _days(name: str) -> tuple[str, str]:
    try:
        if len(name) < len("2026-06"):
            raise ValueError(name)
        return period_days(name)
    except ValueError as error:
        raise InputError(f"{name!r} is no day, week or month; write 2026-06-30, 2026-W27 or 2026-06.") from error
