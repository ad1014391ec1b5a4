"""Follows: what readers want news of, and when it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadsheet.errors import InputError, NoSnapshot, NotFound
from broadsheet.library.newsroom import Newsroom
from broadsheet.library.schedule import next_due
from broadsheet.library.shelves import Shelves
from broadsheet.query import parse
from broadsheet.records import Delivery, Every, Follow, FollowKind, Reader
from broadsheet.store.freshness import stamp
from broadsheet.text import normalise

if TYPE_CHECKING:
    from broadsheet.index.snapshot import Snapshot

MOST_FOLLOWS = 200  # of one reader
MOST_PAPERS = 50  # of one follow in one digest
THRESHOLDS = {"wide": 0.5, "usual": 0.6, "narrow": 0.75}
_LONGEST_TEXT, _LONGEST_NAME = 2_000, 120
_MOST_EXAMPLES = 100
FRONT = "Trending papers"


class Follows(Shelves):
    """What readers follow."""

    def follow(
        self,
        reader: Reader,
        kind: FollowKind,
        text: str = "",
        *,
        name: str = "",
        every: Every = "daily",
        size: int = 10,
        threshold: float = THRESHOLDS["usual"],
    ) -> Follow:
        """Begin to follow something, or return the follow of it that the reader has.

        `text` says what, by its kind: a query, the slug of an author or venue, a category, the number of a shelf ("":
        all) or the token of one that somebody shares, identifiers with those to keep away from after a minus sign. News
        begin with the next paper that comes.

        Raises:
            InputError: it says nothing to follow, or how often, how many or how near make no sense.
            NotFound: there is no such author, venue, shelf or paper.
        """
        self._may(reader, "save")
        said, called = self._what(reader, kind, " ".join(text.split()))
        if len(self.follows(reader)) >= MOST_FOLLOWS:
            raise InputError(f"You follow {MOST_FOLLOWS} things already; stop one of them first.")
        _check(every, size, threshold)
        follow = Follow(
            id=0,
            reader=reader.id,
            kind=kind,
            text=said,
            name=" ".join(name.split())[:_LONGEST_NAME] or called,
            every=every,
            size=size,
            threshold=threshold,
            due=stamp(self._next_due(every, self.delivery(reader))),
            newest=self.store.follows.newest_key(),
        )
        return self.store.follows.add(follow)

    def follows(self, reader: Reader) -> list[Follow]:
        """Return what a reader follows."""
        return self.store.follows.of(reader.id)

    def followed(self, reader: Reader, number: int) -> Follow:
        """Return one of a reader's follows.

        Raises:
            NotFound: it is not one of theirs.
        """
        found = self.store.follows.get(number)
        if found is None or found.reader != reader.id:
            raise NotFound("You have no such follow.")
        return found

    def change_follow(
        self,
        reader: Reader,
        number: int,
        *,
        name: str | None = None,
        every: Every | None = None,
        size: int | None = None,
        threshold: float | None = None,
    ) -> Follow:
        """Change how a follow is called and delivered, and return it.

        Raises:
            NotFound: it is not one of theirs.
            InputError: how often, how many or how near make no sense.
        """
        old = self.followed(reader, number)
        new = replace(
            old,
            name=" ".join(name.split())[:_LONGEST_NAME] or old.name if name is not None else old.name,
            every=every or old.every,
            size=size if size is not None else old.size,
            threshold=threshold if threshold is not None else old.threshold,
        )
        _check(new.every, new.size, new.threshold)
        if new.every != old.every:
            new = replace(new, due=stamp(self._next_due(new.every, self.delivery(reader))))
        self.store.follows.change(new)
        return new

    def unfollow(self, reader: Reader, number: int) -> None:
        """Stop following something.

        Raises:
            NotFound: it is not one of theirs.
        """
        if not self.store.follows.remove(reader.id, number):
            raise NotFound("You have no such follow.")

    # -- delivery ------------------------------------------------------------------------------------------------------

    def delivery(self, reader: Reader) -> Delivery:
        """Return when and whether a reader's digests come."""
        return self.store.follows.deliveries([reader.id], self.settings.timezone)[reader.id]

    def deliver(self, reader: Reader, *, hour: int, weekday: int, timezone: str) -> Delivery:
        """Have a reader's digests come at an hour, weekly ones on a weekday (0 is Monday), as their clocks show them.

        Raises:
            InputError: there is no such hour, weekday or time zone.
        """
        if not (0 <= hour <= 23 and 0 <= weekday <= 6):
            raise InputError("An hour is 0 to 23, a weekday 0 (Monday) to 6.")
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InputError(f"The time zone {timezone!r:.60} is not known; write one such as Europe/Paris.") from error
        changed = replace(self.delivery(reader), hour=hour, weekday=weekday, timezone=timezone)
        self.store.follows.deliver(changed, self._dues(reader, changed))
        return changed

    def stop_mail(self, reader: Reader, reason: str = "unsubscribed") -> None:
        """Send a reader no more digests; their follows stay, and mail they ask for, such as log-in links, comes."""
        self.store.follows.stop(reader.id, reason, now=self.now)

    def resume_mail(self, reader: Reader) -> None:
        """Send a reader digests again, from the next due time on."""
        self.store.follows.resume(reader.id, self._dues(reader, self.delivery(reader)))

    def _dues(self, reader: Reader, delivery: Delivery) -> list[tuple[int, datetime]]:
        return [(follow.id, self._next_due(follow.every, delivery)) for follow in self.follows(reader)]

    def _next_due(self, every: Every, delivery: Delivery, after: datetime | None = None) -> datetime:
        zone = ZoneInfo(delivery.timezone)
        return next_due(every, delivery.hour, delivery.weekday, zone, after or self.now)

    # -- what is new ---------------------------------------------------------------------------------------------------

    def _latest_news(self, now: datetime) -> Newsroom:
        """Return the newsroom of the papers that came last, for showing what is followed."""
        return Newsroom.latest(self.store, self._open_snapshot(), now)

    def _open_snapshot(self) -> Snapshot | None:
        try:
            return self.snapshot
        except NoSnapshot:
            return None

    # -- what can be followed ------------------------------------------------------------------------------------------

    def _what(self, reader: Reader, kind: FollowKind, text: str) -> tuple[str, str]:
        """Return what a follow's text is, and what it is called.

        Raises:
            InputError: it says nothing to follow.
            NotFound: there is no such thing.
        """
        if kind not in get_args(FollowKind):
            raise InputError(f"There is no following of {kind!r}; choose one of {', '.join(get_args(FollowKind))}.")
        if kind == "front":
            return "", FRONT
        if kind in ("shelf", "like-shelf"):
            return self._own_shelf(reader, kind, text)
        if not text or len(text) > _LONGEST_TEXT:
            raise InputError(f"Say what to follow, in at most {_LONGEST_TEXT:,} characters.")
        if kind == "search":
            return self._searchable(text), text[:_LONGEST_NAME]
        if kind == "like":
            return self._examples(text)
        return self._listed_as(kind, text)

    def _searchable(self, text: str) -> str:
        query = parse(text)
        if not any(not term.negative for term in query.terms) and query.filters == parse("").filters:
            raise InputError("This query says nothing to look for.")
        return text

    def _own_shelf(self, reader: Reader, kind: FollowKind, text: str) -> tuple[str, str]:
        names = {str(shelf.id): shelf.name for shelf in self.shelves(reader)}
        if text and text not in names:
            if kind == "like-shelf" or text.isdigit():
                raise NotFound("You have no such shelf.")
            shelf, owner = self._shared(text)
            return text, f"New on “{shelf.name}” of {owner.name}"[:_LONGEST_NAME]
        name = f"“{names[text]}”" if text else "my shelf"
        return text, f"Papers like {name}" if kind == "like-shelf" else f"New on {name}"

    def _examples(self, text: str) -> tuple[str, str]:
        names = [(name.lstrip("-"), name.startswith("-")) for name in text.split()][:_MOST_EXAMPLES]
        papers = [(self.paper(name), away) for name, away in names]
        wanted = [paper for paper, away in papers if not away]
        if not wanted:
            raise InputError("Name at least one paper to resemble.")
        more = f" and {len(wanted) - 1} more" if len(wanted) > 1 else ""
        said = " ".join(f"{'-' * away}{paper.id}" for paper, away in papers)
        return said, f"Papers like {wanted[0].title}"[: _LONGEST_NAME - 12] + more

    def _listed_as(self, kind: FollowKind, text: str) -> tuple[str, str]:
        if kind == "author":
            return normalise.slug(text), self.author(normalise.slug(text), limit=1)[0]
        if kind == "venue":
            return normalise.slug(text), self.venue(normalise.slug(text), limit=1)[0]
        if kind == "concept":
            return self._concept_called(text)
        return text, text

    def _concept_called(self, text: str) -> tuple[str, str]:
        from broadsheet.rank import called, topics

        name = topics.named(self.snapshot, text)
        if name is None:
            raise NotFound(called.unknown(self.snapshot, text))
        return name, f"Papers about {name}"


def _check(every: str, size: int, threshold: float) -> None:
    if every not in get_args(Every):
        raise InputError(f"A digest comes {', '.join(get_args(Every))}, not {every!r:.40}.")
    if not 1 <= size <= MOST_PAPERS:
        raise InputError(f"A digest has 1 to {MOST_PAPERS} papers of one follow, not {size}.")
    if not 0 <= threshold <= 1:
        raise InputError("How well papers must match is a number from 0 to 1.")
