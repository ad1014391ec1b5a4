"""The nouns of what is followed and mailed, as frozen as those of `records`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

FollowKind = Literal["front", "search", "author", "venue", "category", "concept", "shelf", "like-shelf", "like"]
Every = Literal["daily", "weekdays", "weekly"]
HookFormat = Literal["json", "slack", "matrix", "discord", "telegram"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Something that a reader wants news of, and how: `text` says of what, by its kind.

    The query as typed, the slug of an author or venue, a category, a concept, a shelf's number ("" for all of the
    reader's) or the token under which it is shared, papers' identifiers, those to keep away from after a minus sign;
    nothing for the front page. `threshold` (0..1) is how well a paper must match, `size` how many at most one digest
    has of it. `due` is when the next digest is (UTC, ISO), `newest` the key of the newest paper that was looked at,
    `looked` when, and `found` how many were sent then.
    """

    id: int
    reader: int
    kind: FollowKind
    text: str
    name: str
    every: Every = "daily"
    size: int = 10
    threshold: float = 0.6
    due: str = ""
    newest: int = 0
    looked: str | None = None
    found: int | None = None

    @property
    def path(self) -> str:
        """The address, on this site, of the list that is followed."""
        if self.kind in ("search", "category", "concept"):
            named = {"category": f"cat:{self.text}", "concept": f'concept:"{self.text}"'}
            q = named.get(self.kind, self.text)
            return "/search?" + urlencode({"q": q, "sort": "new"})
        if self.kind == "like":
            names = self.text.split()
            return "/similar?" + urlencode([("not" if n.startswith("-") else "id", n.lstrip("-")) for n in names])
        if self.kind in ("author", "venue"):
            return f"/{self.kind}s/{quote(self.text)}"
        if self.kind in ("shelf", "like-shelf") and self.text:
            return f"/shelf/{self.text}" if self.text.isdigit() else f"/shelves/{quote(self.text)}"
        return "/" if self.kind == "front" else "/shelf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A paper found for a follow: its key, how well it matches (0..1), and why.

    `words` are those that matched, `near` is the key of the saved paper it is most like, `also` names the reader's
    other follows that found it.
    """

    key: int
    score: float
    words: tuple[str, ...] = ()
    near: int | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """What a digest says of one follow, best first; `more` papers were found beyond those, and stand at `path`."""

    follow: int
    name: str
    picks: tuple[Pick, ...]
    more: int = 0
    path: str = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The mail made for one reader at one due time (UTC, ISO)."""

    id: int
    reader: int
    due: str
    sections: tuple[Section, ...]

    @property
    def keys(self) -> tuple[int, ...]:
        """The keys of all its papers, in order."""
        return tuple(pick.key for section in self.sections for pick in section.picks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """When and whether a reader's digests come: `hour` and `weekday` (0 is Monday) as clocks in `timezone` show them.

    `stopped` is when they were stopped (UTC, ISO), `reason` why. `opens` says that the reader wants the links followed
    in them to count as taste.
    """

    reader: int
    address: str | None
    timezone: str
    hour: int = 7
    weekday: int = 0
    stopped: str | None = None
    reason: str | None = None
    opens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A row of the outbox: mail of a kind to an address, what its templates are told, and the digest that it brings.

    `attempts` says how often it was tried, this time included.
    """

    id: int
    kind: str
    address: str
    payload: Mapping[str, Any]
    reader: int | None = None
    digest: int | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """An address that a follow's matches are posted to, and how; times are UTC, ISO.

    `token` is what the service asks for (Matrix: an access token), `secret` what posts are signed with. `newest` is the
    key of the newest paper that was looked at, `looked` when, `due` when next. `posted` is when a post last arrived,
    `failing` since when none does, `stopped` when that was too long, `reason` what the address said last.
    """

    id: int
    reader: int
    follow: int
    url: str
    format: HookFormat
    token: str
    secret: str
    newest: int
    looked: str
    due: str
    posted: str | None = None
    failing: str | None = None
    stopped: str | None = None
    reason: str | None = None
