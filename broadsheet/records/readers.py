"""The nouns of readers: who they are, and what they do with papers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["reader", "editor", "moderator", "admin"]
SubmissionState = Literal["queued", "waiting", "found", "merged", "refused"]
ReaderState = Literal["active", "unconfirmed", "banned", "deleted", "local"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """An account, the local reader, or only a confirmed address; times are UTC, ISO.

    `state` is "active", "unconfirmed" (the address was never proven), "banned", "deleted", or "local": whoever sits at
    this machine while no account has been made. `handle` is the name as mentions and addresses have it.
    """

    id: int
    name: str
    role: Role = "reader"
    state: ReaderState = "active"
    email: str | None = None
    handle: str | None = None
    created: str = ""
    confirmed: str | None = None
    has_password: bool = False
    timezone: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def local(self) -> bool:
        """Whether this is the reader of a laptop without accounts."""
        return self.state == "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Where a reader is logged in: since when, when its token last changed, when seen, until when, in which browser."""

    id: int
    created: str
    rotated: str
    seen: str
    expires: str
    agent: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A named list of a reader's saved papers; `public` is the secret part of its address where it is shared."""

    id: int
    reader: int
    name: str
    public: str | None
    papers: int


@dataclass(frozen=True, slots=True)
class Saved:
    """One paper on a shelf: its key, the reader's note, and when it was saved (UTC, ISO)."""

    key: int
    note: str
    made: str
    shelf: int


@dataclass(frozen=True, slots=True)
class Vote:
    """One reader's vote for a paper here: when (UTC, ISO), the account's age in days then, and its network's hash."""

    key: int
    reader: int
    made: str
    age_days: float
    network: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What a reader wrote on a paper, in Markdown; `parent` is the comment it answers.

    `gone` says that it is shown no more: "deleted" by its writer, or "removed" by a moderator.
    """

    id: int
    key: int
    parent: int | None
    reader: int
    writer: str
    handle: str | None
    text: str
    made: str
    edited: str | None = None
    gone: Literal["deleted", "removed"] | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """Something a reader is told, with words, and where it happened.

    `kind` is "mention", "reply", "removed", "claim" or "submission".
    """

    id: int
    kind: str
    words: str
    made: str
    read: str | None
    comment: int | None
    key: int | None
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something that a reader thinks should not stand here: a "comment", "paper" or "reader" by number, and why."""

    id: int
    kind: str
    target: int
    reader: int
    reason: str
    made: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One line of the moderation log: who did what to which thing, why and when."""

    id: int
    moderator: str
    act: str
    kind: str
    target: int
    reason: str
    made: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """The paper that an editor put at the top of a day: with a byline and a line of why."""

    day: str
    key: int
    byline: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """That a reader says to be the author whose page has this slug; `state` is "open", "granted" or "refused"."""

    id: int
    reader: int
    name: str
    handle: str | None
    slug: str
    words: str
    made: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a reader sent in, as it was typed or as the file is called, and what became of it; times are UTC, ISO.

    `kind` is "identifier", "url" or "file"; `name` is the identifier in it, or the hash of the file. `state` is
    "queued", "waiting" (tried in vain; again when `due`), "found" (`new` papers came of it), "merged" (all of it is
    `here` already) or "refused", with the reason.
    """

    id: int
    reader: int
    kind: str
    given: str
    name: str
    state: SubmissionState
    reason: str | None
    made: str
    due: str
    attempts: int
    settled: str | None
    new: int = 0
    here: int = 0

    @property
    def open(self) -> bool:
        """Whether something is still to come."""
        return self.state in ("queued", "waiting")


@dataclass(frozen=True, slots=True)
class Marks:
    """What a reader has done with the papers of a page: keys of those voted for, saved, hidden, and seen before.

    `new` are those that came since their last visit and that they have not seen.
    """

    voted: frozenset[int] = frozenset()
    saved: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    seen: frozenset[int] = frozenset()
    new: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Visit:
    """When a reader was last here (UTC, ISO), and when the visit before ended.

    `newest` is the key of the newest paper at the former moment, `known` at the latter: None at a first visit.
    """

    last: str
    before: str | None
    newest: int
    known: int | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a reader is at an issuer of OpenID Connect: a subject there, since when it is known (UTC, ISO)."""

    issuer: str
    subject: str
    made: str
