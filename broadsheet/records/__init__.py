"""The nouns of Broadsheet: frozen values that every room passes on and none changes; `readers` has those of people."""

from __future__ import annotations

import calendar
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date as Day
from functools import lru_cache
from typing import Literal

from broadsheet.records.mail import Delivery as Delivery
from broadsheet.records.mail import Digest as Digest
from broadsheet.records.mail import Every as Every
from broadsheet.records.mail import Follow as Follow
from broadsheet.records.mail import FollowKind as FollowKind
from broadsheet.records.mail import Hook as Hook
from broadsheet.records.mail import HookFormat as HookFormat
from broadsheet.records.mail import Mail as Mail
from broadsheet.records.mail import Pick as Pick
from broadsheet.records.mail import Section as Section
from broadsheet.records.readers import Claim as Claim
from broadsheet.records.readers import Comment as Comment
from broadsheet.records.readers import Deed as Deed
from broadsheet.records.readers import Identity as Identity
from broadsheet.records.readers import Lead as Lead
from broadsheet.records.readers import Marks as Marks
from broadsheet.records.readers import Notification as Notification
from broadsheet.records.readers import Reader as Reader
from broadsheet.records.readers import ReaderState as ReaderState
from broadsheet.records.readers import Report as Report
from broadsheet.records.readers import Role as Role
from broadsheet.records.readers import Saved as Saved
from broadsheet.records.readers import Session as Session
from broadsheet.records.readers import Shelf as Shelf
from broadsheet.records.readers import Submission as Submission
from broadsheet.records.readers import SubmissionState as SubmissionState
from broadsheet.records.readers import Visit as Visit
from broadsheet.records.readers import Vote as Vote

Status = Literal["published", "rejected", "withdrawn", "deleted"]
SignalKind = str  # "votes", "comments", "stars", "citations", "mentions", "listed"

_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@lru_cache(maxsize=1 << 14)
def day_range(text: str) -> tuple[str, str]:
    """Return the first and last day (ISO) of a date with year, month or day precision.

    >>> day_range("2025-11")
    ('2025-11-01', '2025-11-30')

    Raises:
        ValueError: the text is no such date.
    """
    match = _PARTIAL_DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a date of the form 2025, 2025-11 or 2025-11-03: {text!r}")
    year, month, day = (int(part) if part else None for part in match.groups())
    assert year is not None
    first = Day(year, month or 1, day or 1)
    last_month = month or 12
    last = Day(year, last_month, day or calendar.monthrange(year, last_month)[1])
    return first.isoformat(), last.isoformat()


Period = Literal["day", "week", "month"]

_WEEK = re.compile(r"(\d{4})-W(\d{2})")


def period_days(name: str) -> tuple[str, str]:
    """Return the first and last day (ISO) of a day, an ISO 8601 week or a month, by its name.

    >>> period_days("2026-W53")
    ('2026-12-28', '2027-01-03')

    Raises:
        ValueError: there is no such day, week or month.
    """
    week = _WEEK.fullmatch(name)
    if week is None:
        return day_range(name)
    first, last = (Day.fromisocalendar(int(week[1]), int(week[2]), weekday) for weekday in (1, 7))
    return first.isoformat(), last.isoformat()


def period_of(kind: Period, day: str) -> str:
    """Return the name of the day, week or month that an ISO day lies in.

    >>> period_of("week", "2027-01-03")
    '2026-W53'
    """
    if kind == "week":
        year, week, _ = Day.fromisoformat(day).isocalendar()
        return f"{year:04}-W{week:02}"
    return day if kind == "day" else day[:7]


@dataclass(frozen=True, slots=True)
class Author:
    """A person as a paper names them."""

    name: str
    orcid: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One dated measurement of attention; `value` is the total as of `day`, or the rank for `listed`."""

    kind: SignalKind
    day: str
    value: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """What a source yields, with its text as the source has it.

    `scheme` names the format that `own_id` belongs to ("arxiv", "acl", "jsonl", "bibtex", "page", "title", ...).
    (source, scheme, own_id) names a record for ever: the same record again replaces its earlier text.
    `identifiers` are normalised ("arxiv:1706.03762", "doi:10.1000/x", "acl:P18-1001", "openreview:abc").
    A signal whose `day` is empty is dated by the store: the record's `announced`, else the day it is added.
    """

    source: str
    scheme: str
    own_id: str
    title: str
    abstract: str | None = None
    note: str | None = None
    authors: tuple[Author, ...] = ()
    date: str | None = None
    updated: str | None = None
    announced: str | None = None
    venue: str | None = None
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)  # "page", "pdf", "code", "project"
    comment: str | None = None
    licence: str | None = None
    status: Status = "published"
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that could not be used: where it stood, why, and the beginning of its text."""

    where: str
    reason: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one source, or measurements, with the cursor that, once stored, says they have been seen."""

    records: tuple[SourceRecord, ...]
    cursor: str
    set_aside: tuple[SetAside, ...] = ()
    done: float | None = None  # share of the whole source read so far, 0..1, where known
    measured: tuple[tuple[str, Signal], ...] = ()  # of papers known already, by any identifier of theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The one thing readers see: one work, merged from all its records."""

    key: int
    id: str
    identifiers: tuple[str, ...]
    title: str
    abstract: str | None = None
    note: str | None = None
    authors: tuple[Author, ...] = ()
    date: str | None = None
    updated: str | None = None
    announced: str | None = None
    venue: str | None = None
    categories: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None
    licence: str | None = None
    status: Status = "published"
    front_matter: bool = False
    signals: Mapping[SignalKind, float] = field(default_factory=dict)  # newest value of each kind
    sources: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The abstract, else the note, else nothing: what there is to read beside the title."""
        return self.abstract or self.note or ""

    @property
    def ranked(self) -> bool:
        """Whether default results may show it."""
        return self.status == "published" and not self.front_matter


@dataclass(frozen=True, slots=True)
class Span:
    """A marked stretch of text: characters `start` to `end`, end excluded."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Why a hit stands where it does: matched words with weights, best sentence, each feature's share of the score.

    `concepts` are those that the paper shares with what was asked for.
    """

    words: Mapping[str, float] = field(default_factory=dict)
    sentence: str | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One paper of a ranking with its score, marks and reasons; `by_meaning` when no word of the query matched.

    `also` are other versions of the same work, which it stands for; `concepts` name what it is about, strongest first;
    `because` is the saved paper that a recommended one is most like.
    """

    paper: Paper
    score: float
    by_meaning: bool = False
    title_marks: tuple[Span, ...] = ()
    text_marks: tuple[Span, ...] = ()
    also: tuple[Paper, ...] = ()
    concepts: tuple[str, ...] = ()
    reasons: Reasons | None = None
    because: Paper | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """Counts among the ranked results, for narrowing: (value, count), years ascending, the rest by count."""

    years: tuple[tuple[int, int], ...] = ()
    categories: tuple[tuple[str, int], ...] = ()
    venues: tuple[tuple[str, int], ...] = ()
    concepts: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of hits: what every list in Broadsheet is, over every door.

    `total` counts papers whose words match after filters; `next` is the next page's number or None;
    `goto` is the identifier of the paper that the query named outright.
    """

    query: str
    total: int
    page: int
    next: int | None
    notes: tuple[str, ...]
    hits: tuple[Hit, ...]
    snapshot: int = 0
    milliseconds: float = 0.0
    goto: str | None = None
    facets: Facets | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A concept in a month: papers that have it, and as many as its share of the year before would have given."""

    name: str
    papers: int
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The front page of a day, or of all days of a week or month.

    `day` is what it is called: "2026-06-30", "2026-W27" (ISO 8601) or "2026-06"; `total` counts all its papers, of
    which `papers` are the first; `earlier` and `later` are the nearest of its kind that have any.
    """

    day: str
    papers: tuple[Paper, ...]
    earlier: str | None = None
    later: str | None = None
    kind: Period = "day"
    total: int = 0
    pick: Lead | None = None  # why the first paper is first, where an editor chose it


@dataclass(frozen=True, slots=True)
class Attention:
    """What the trending formula knows of one paper: numbers alone.

    `announced` is its edition (ISO day); `votes` and `comments` are totals, votes given here by what they weigh;
    `stars`, `citations` and `mentions` are what it gains a day; `expected` is the number of votes foreseen before any
    came; `saves` are the readers here who keep it.
    """

    key: int
    announced: str
    votes: float = 0.0
    comments: float = 0.0
    stars: float = 0.0
    citations: float = 0.0
    mentions: float = 0.0
    expected: float = 0.0
    saves: float = 0.0


@dataclass(frozen=True, slots=True)
class Reception:
    """How an earlier paper was received: the day of its edition, its authors by any name of theirs, its votes."""

    day: str
    authors: tuple[Hashable, ...]
    votes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Why a paper trends as it does: what is known, parts of the energy, age in hours, what that leaves, the score."""

    attention: Attention
    parts: Mapping[str, float]
    age: float
    decay: float
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How fresh a source is: when last seen (UTC ISO), what failed last, how many records it gave and set aside."""

    name: str
    seen: str | None
    failure: str | None = None
    records: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A row written with every change of a paper: its number, the paper's key, and whether the paper is gone."""

    number: int
    key: int
    gone: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work has come: what it does, units done, units in all (None: unknown), seconds since it began."""

    doing: str
    done: int
    total: int | None
    seconds: float
