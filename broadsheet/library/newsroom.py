"""What is new for each follow: new papers are looked at once, however many follows ask for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from broadsheet.query import Query, parse
from broadsheet.records import Attention, Follow, Paper, Pick, Saved

if TYPE_CHECKING:
    from broadsheet.index.snapshot import Snapshot
    from broadsheet.rank.news import News
    from broadsheet.store import Store

_BY_QUERY = frozenset(("search", "category", "concept"))
_BY_INDEX = _BY_QUERY | {"like", "like-shelf"}
_REMEMBERED = 10_000  # queries, and answers of the store
_LATEST = 5_000  # papers, the last that came, among which is looked for what would be new
_AT_ONCE = 500  # papers read from the store
_FRONT = 300  # papers of a day that the trending formula orders; those with the most votes
_LONGEST_WEEK = timedelta(days=8)  # how far back a front page is looked through


class Newsroom:
    """Answers follows from one snapshot and the store as they are at one moment.

    `news` are the papers since the oldest follow it was made for; one made for later moments can be reused. For many
    follows their texts are read; for `few` the index is asked for each word.
    """

    def __init__(
        self, store: Store, snapshot: Snapshot | None, now: datetime, after: int, *, few: bool = False
    ) -> None:
        self._store, self._few = store, few
        self.snapshot, self.after = snapshot, after
        self.day = now.date()
        self._resolved: dict[str, int] = {}
        self._made = now
        self.look_again(now)

    @cached_property
    def _news(self) -> News | None:
        """The new papers as the index has them; front pages, authors, venues and shelves are answered without."""
        if self.snapshot is None:
            return None
        from broadsheet.rank import View
        from broadsheet.rank.news import News

        news = News(View(snapshot=self.snapshot, now=self._made), self.after)
        if not self._few:
            news.take(_papers(self._store, news.keys))
        return news

    @classmethod
    def latest(cls, store: Store, snapshot: Snapshot | None, now: datetime) -> Newsroom:
        """Return one for the papers that came last, to show someone what is followed: few follows, at once."""
        return cls(store, snapshot, now, max(store.follows.newest_key() - _LATEST, 0), few=True)

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

    def prepare(self, follows: Collection[Follow]) -> None:
        """Compute together what these follows ask of the new papers; each alone would take several times as long."""
        like = [follow for follow in follows if follow.kind == "like"]
        self._resolved = self._store.resolve_many({name for follow in like for name in _names(follow)}) if like else {}
        if any(follow.kind in _BY_INDEX for follow in follows) and self._news is not None:
            queries = {_query(follow.kind, follow.text) for follow in follows if follow.kind in _BY_QUERY}
            self._news.prepare(queries, self._resolved.values())

    def picks(self, follow: Follow) -> Sequence[Pick]:
        """Return what is new for a follow, as well as it must match."""
        if follow.kind in _BY_QUERY:
            return self._matching(follow)
        if follow.kind in ("like", "like-shelf"):
            return self._resembling(follow)
        return _ranked(self._listed(follow))

    def _matching(self, follow: Follow) -> Sequence[Pick]:
        if self._news is None:
            return []
        return self._news.matching(_query(follow.kind, follow.text), follow.newest, follow.threshold)

    def _resembling(self, follow: Follow) -> Sequence[Pick]:
        if self._news is None:
            return []
        like, unlike = self._examples(follow)
        return self._news.resembling(like, unlike, follow.newest, follow.threshold)

    def _examples(self, follow: Follow) -> tuple[list[int], list[int]]:
        if follow.kind == "like-shelf":
            hidden = self._store.votes.hidden(follow.reader)
            return [one.key for one in self._store.shelves.saved(follow.reader, shelf=_shelf(follow.text))], hidden
        names = _names(follow)
        found = self._resolved if self._resolved.keys() >= set(names) else self._store.resolve_many(names)
        keys = [
            (found.get(name), written.startswith("-")) for name, written in zip(names, follow.text.split(), strict=True)
        ]
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


def _papers(store: Store, keys: Sequence[int]) -> Iterator[Paper]:
    for first in range(0, len(keys), _AT_ONCE):
        yield from store.papers(keys[first : first + _AT_ONCE])


def _ranked(keys: Iterable[int]) -> list[Pick]:
    """Return papers of a list as picks, so that they stay in their order."""
    return [Pick(key=key, score=1 / (1 + place / 1_000)) for place, key in enumerate(keys)]


def _shelf(text: str) -> int | None:
    return int(text) if text else None


def _names(follow: Follow) -> list[str]:
    return [name.lstrip("-") for name in follow.text.split()]


@lru_cache(_REMEMBERED)
def _query(kind: str, text: str) -> Query:
    if kind == "concept":
        return parse(f'concept:"{text}"')
    return parse("", category=text) if kind == "category" else parse(text)
