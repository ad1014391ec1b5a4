"""What is new for each follow: new papers are looked at once, however many follows ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from broadsheet.query import Query, parse
from broadsheet.records import Attention, Follow, Pick, Saved

if TYPE_CHECKING:
    from broadsheet.index.snapshot import Snapshot
    from broadsheet.rank.news import News
    from broadsheet.store import Store

_BY_INDEX = frozenset(("search", "category", "like", "like-shelf"))
_REMEMBERED = 5_000  # queries, and answers of the store
_AT_ONCE = 500  # papers read from the store
_FRONT = 300  # papers of a day that the trending formula orders; those with the most votes
_LONGEST_WEEK = timedelta(days=8)  # how far back a front page is looked through


class Newsroom:
    """Answers follows from one snapshot and the store as they are at one moment.

    `news` are the papers since the oldest follow it was made for; one made for later moments can be reused.
    """

    def __init__(self, store: Store, snapshot: Snapshot | None, now: datetime, after: int) -> None:
        self._store = store
        self.snapshot, self.after = snapshot, after
        self.day = now.date()
        self._made = now
        self.look_again(now)

    @cached_property
    def _news(self) -> News | None:
        """The new papers as the index has them; front pages, authors, venues and shelves are answered without."""
        return _news_of(self._store, self.snapshot, self._made, self.after)

    def look_again(self, now: datetime) -> None:
        """Ask the store anew: papers and votes come at any time, a snapshot only now and then."""
        store = self._store
        self._now, self._stored = now, store.follows.newest_key()
        self._by_author = lru_cache(_REMEMBERED)(store.follows.new_by_author)
        self._at_venue = lru_cache(_REMEMBERED)(store.follows.new_at_venue)
        self._front = lru_cache(_REMEMBERED)(self._front_keys)

    def serves(self, snapshot: Snapshot | None, now: datetime, after: int) -> bool:
        """Say whether it still answers as a new one would, apart from papers that are not indexed yet."""
        return self.snapshot is snapshot and self.day == now.date() and self.after <= after

    def newest(self, follow: Follow) -> int:
        """Return the key of the newest paper that answers to a follow were taken from."""
        if follow.kind not in _BY_INDEX:
            return self._stored
        indexed = int(self.snapshot.keys.max()) if self.snapshot and self.snapshot.rows else 0
        return max(indexed, follow.newest)  # without an index nothing was looked at, and nothing becomes new again

    def picks(self, follow: Follow) -> list[Pick]:
        """Return what is new for a follow, as well as it must match."""
        if follow.kind in ("search", "category"):
            return self._matching(follow)
        if follow.kind in ("like", "like-shelf"):
            return self._resembling(follow)
        return _ranked(self._listed(follow))

    def _matching(self, follow: Follow) -> list[Pick]:
        if self._news is None:
            return []
        return self._news.matching(_query(follow.kind, follow.text), follow.newest, follow.threshold)

    def _resembling(self, follow: Follow) -> list[Pick]:
        if self._news is None:
            return []
        like, unlike = self._examples(follow)
        return self._news.resembling(like, unlike, follow.newest, follow.threshold)

    def _examples(self, follow: Follow) -> tuple[list[int], list[int]]:
        if follow.kind == "like-shelf":
            hidden = self._store.votes.hidden(follow.reader)
            return [one.key for one in self._store.shelves.saved(follow.reader, shelf=_shelf(follow.text))], hidden
        names = follow.text.split()
        found = self._store.resolve_many([name.lstrip("-") for name in names])
        keys = [(found.get(name.lstrip("-")), name.startswith("-")) for name in names]
        return [key for key, away in keys if key and not away], [key for key, away in keys if key and away]

    def _listed(self, follow: Follow) -> Sequence[int]:
        """Return the keys of what is new where a list, not a likeness, is followed, the first first."""
        if follow.kind == "author":
            return self._by_author(follow.text, follow.newest, self._stored)
        if follow.kind == "venue":
            return self._at_venue(follow.text, follow.newest, self._stored)
        if follow.kind == "shelf":
            return [one.key for one in self._saved(follow) if not follow.looked or one.made > follow.looked]
        return self._front(self._first_day(follow), follow.size)

    def _saved(self, follow: Follow) -> list[Saved]:
        """Return what stands on a reader's own shelf, or on one that somebody shares."""
        if not follow.text or follow.text.isdigit():
            return self._store.shelves.saved(follow.reader, shelf=_shelf(follow.text))
        shared = self._store.shelves.shared(follow.text)
        return self._store.shelves.saved(shared.reader, shelf=shared.id) if shared else []

    def _first_day(self, follow: Follow) -> str:
        """Return the day from which on front pages are looked at: the last time's own, which may have grown since."""
        looked = datetime.fromisoformat(follow.looked).astimezone(self._now.tzinfo).date() if follow.looked else None
        return max(looked or self.day, self.day - _LONGEST_WEEK).isoformat()

    def _front_keys(self, first: str, size: int) -> list[int]:
        """Return the best of each front page since a day, else of the last before it, by the trending formula."""
        from broadsheet.rank import trending

        last = self.day + timedelta(days=1)
        days = [day for day, _ in self._store.editions(before=last.isoformat(), limit=_LONGEST_WEEK.days)]
        best: list[Attention] = []
        for day in [day for day in days if day >= first] or days[:1]:
            found = {one.key: one for one in self._store.fronts.between(day, day, _FRONT)}
            best += [found[key] for key in trending.standing(list(found.values()), self._now)[:size]]
        return [key for key, _ in trending.order(best, self._now)]


def _news_of(store: Store, snapshot: Snapshot | None, now: datetime, after: int) -> News | None:
    if snapshot is None:
        return None
    from broadsheet.rank import View
    from broadsheet.rank.news import News

    news = News(View(snapshot=snapshot, now=now), after)
    keys = news.keys
    news.take(
        paper for first in range(0, len(keys), _AT_ONCE) for paper in store.papers(keys[first : first + _AT_ONCE])
    )
    return news


def _ranked(keys: Iterable[int]) -> list[Pick]:
    """Return papers of a list as picks, so that they stay in their order."""
    return [Pick(key=key, score=1 / (1 + place / 1_000)) for place, key in enumerate(keys)]


def _shelf(text: str) -> int | None:
    return int(text) if text else None


@lru_cache(_REMEMBERED)
def _query(kind: str, text: str) -> Query:
    return parse("", category=text) if kind == "category" else parse(text)
