"""What records look like as JSON: the same objects over HTTP and from the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic reads the standard one only from Python 3.12 on

from broadsheet.records import Author, Edition, Hit, Listing, Paper, Signal, SourceRecord, Standing, Topic
from broadsheet.server.addresses import paper_path
from broadsheet.text.normalise import slug
from broadsheet.text.summary import summary


class AuthorShape(TypedDict):
    """A person as a paper names them."""

    name: str
    orcid: NotRequired[str]


class ReasonsShape(TypedDict):
    """Why a paper stands where it does: matched words, best sentence, shares of the score, concepts asked for."""

    words: dict[str, float]
    sentence: str | None
    shares: dict[str, float]
    concepts: list[str]


class BriefShape(TypedDict):
    """As much of a paper as it takes to name it and to go there."""

    id: str
    title: str
    url: str


class HitShape(BriefShape):
    """A paper in a list, with its score; `by_meaning` where no word of the query matched; `reasons` where asked for.

    `concepts` name what it is about, where a list comes from the index.

    `also` are other versions of the same work, where there are any; `summary`, one line of its abstract, stands on
    front pages.
    """

    score: float
    published: str | None
    abstract: str | None
    note: str | None
    authors: list[AuthorShape]
    venue: str | None
    categories: list[str]
    announced: str | None
    votes: int | None
    stars: int | None
    comments: int | None
    citations: int | None
    status: str
    by_meaning: bool
    concepts: list[str]
    links: dict[str, str]
    also: NotRequired[list[BriefShape]]
    summary: NotRequired[str | None]
    reasons: NotRequired[ReasonsShape]
    because: NotRequired[BriefShape]


class ListShape(TypedDict):
    """A page of a list. `total` counts the papers whose words match; `next` is the next page's number."""

    query: str
    total: int
    page: int
    next: int | None
    notes: list[str]
    hits: list[HitShape]
    snapshot: int
    milliseconds: float
    goto: NotRequired[str]


class EditionShape(ListShape):
    """The front page of a day, week or month, called `day` whatever its `kind`, and the nearest that have papers."""

    kind: str
    day: str
    earlier: str | None
    later: str | None


class CategoryShape(TypedDict):
    """A category and how many papers have it."""

    code: str
    papers: int


class CategoriesShape(TypedDict):
    """Every category, by code."""

    categories: list[CategoryShape]


class TopicShape(TypedDict):
    """A concept in a month: papers that have it, and as many as its share of the year before would have given."""

    name: str
    slug: str
    papers: int
    expected: float


class TopicsShape(TypedDict):
    """The concepts of a month, the most risen first."""

    month: str
    topics: list[TopicShape]


class TopicListShape(ListShape):
    """A concept's papers, newest first; `told_by` are phrases that tell them besides its name."""

    name: str
    told_by: list[str]


class AuthorListShape(ListShape):
    """An author's papers, newest first."""

    name: str
    orcid: str | None


class VenueListShape(ListShape):
    """A venue's papers, newest first."""

    name: str


class SignalShape(TypedDict):
    """One dated measurement of attention."""

    kind: str
    day: str
    value: float
    source: str


class RecordShape(TypedDict):
    """What one source says of a paper."""

    source: str
    scheme: str
    id: str
    title: str
    abstract: str | None
    date: str | None
    venue: str | None
    licence: str | None
    links: dict[str, str]


class StandingShape(TypedDict):
    """Why a paper trends as it does: 100 x the sum of `parts` x `decay` is the score; `age` is in hours."""

    score: float
    parts: dict[str, float]
    age: float
    decay: float


class PaperShape(BriefShape):
    """Everything known of one paper; `signals` are the newest of each kind, `series` all of them.

    `trending` is told over HTTP, of papers that stand in an edition, and so are `concepts`, strongest first.
    """

    identifiers: list[str]
    summary: str | None
    abstract: str | None
    note: str | None
    authors: list[AuthorShape]
    published: str | None
    updated: str | None
    announced: str | None
    venue: str | None
    categories: list[str]
    keywords: list[str]
    links: dict[str, str]
    comment: str | None
    licence: str | None
    status: str
    front_matter: bool
    signals: dict[str, float]
    sources: list[str]
    series: list[SignalShape]
    records: list[RecordShape]
    perhaps_same: list[BriefShape]
    trending: StandingShape | None
    concepts: list[str]


def brief(paper: Paper, base: str = "") -> BriefShape:
    """Return the shortest shape of a paper; `base` is the public address of this server, where it has one."""
    return BriefShape(id=paper.id, title=paper.title, url=address(paper, base))


def address(paper: Paper, base: str = "") -> str:
    """Return the address of a paper's page: a whole one where the server has a public address, else its path."""
    return base.rstrip("/") + paper_path(paper.id)


def hit(hit: Hit, base: str = "") -> HitShape:
    """Return the shape of a paper in a list."""
    found = hit.paper
    shape = HitShape(
        id=found.id,
        title=found.title,
        url=address(found, base),
        score=hit.score,
        published=found.date,
        abstract=found.abstract,
        note=found.note,
        authors=_authors(found.authors),
        venue=found.venue,
        categories=list(found.categories),
        announced=found.announced,
        votes=_count(found.signals, "votes"),
        stars=_count(found.signals, "stars"),
        comments=_count(found.signals, "comments"),
        citations=_count(found.signals, "citations"),
        status=found.status,
        by_meaning=hit.by_meaning,
        concepts=list(hit.concepts),
        links=dict(found.links),
    )
    if hit.also:
        shape["also"] = [brief(other, base) for other in hit.also]
    if hit.reasons is not None:
        why = hit.reasons
        shape["reasons"] = ReasonsShape(
            words=dict(why.words), sentence=why.sentence, shares=dict(why.shares), concepts=list(why.concepts)
        )
    if hit.because is not None:
        shape["because"] = brief(hit.because, base)
    return shape


def listing(listing: Listing, base: str = "") -> ListShape:
    """Return the shape of a page of hits."""
    shape = ListShape(
        query=listing.query,
        total=listing.total,
        page=listing.page,
        next=listing.next,
        notes=list(listing.notes),
        hits=[hit(one, base) for one in listing.hits],
        snapshot=listing.snapshot,
        milliseconds=round(listing.milliseconds, 1),
    )
    if listing.goto is not None:
        shape["goto"] = listing.goto
    return shape


def topics(month: str, found: Sequence[Topic]) -> TopicsShape:
    """Return the shape of the concepts of a month."""
    listed = [TopicShape(name=t.name, slug=slug(t.name), papers=t.papers, expected=round(t.expected, 2)) for t in found]
    return TopicsShape(month=month, topics=listed)


def edition(edition: Edition, base: str = "") -> EditionShape:
    """Return the shape of a front page: a list with its day and the days beside it."""
    hits = tuple(Hit(paper=paper, score=0.0) for paper in edition.papers)
    papers = Listing(query="", total=edition.total, page=1, next=None, notes=(), hits=hits)
    shape = listing(papers, base)
    for one, listed in zip(shape["hits"], edition.papers, strict=True):
        one["summary"] = summary(listed.title, listed.text)
    return EditionShape(**shape, kind=edition.kind, day=edition.day, earlier=edition.earlier, later=edition.later)


def author(name: str, orcid: str | None, papers: Listing, base: str = "") -> AuthorListShape:
    """Return the shape of an author's papers."""
    return AuthorListShape(**listing(papers, base), name=name, orcid=orcid)


def venue(name: str, papers: Listing, base: str = "") -> VenueListShape:
    """Return the shape of a venue's papers."""
    return VenueListShape(**listing(papers, base), name=name)


def paper(
    paper: Paper,
    base: str = "",
    *,
    series: Sequence[Signal] = (),
    records: Sequence[SourceRecord] = (),
    perhaps_same: Sequence[Paper] = (),
    standing: Standing | None = None,
    concepts: Sequence[str] = (),
) -> PaperShape:
    """Return the shape of one paper with all that is known of it."""
    return PaperShape(
        **brief(paper, base),
        identifiers=list(paper.identifiers),
        summary=summary(paper.title, paper.text),
        abstract=paper.abstract,
        note=paper.note,
        authors=_authors(paper.authors),
        published=paper.date,
        updated=paper.updated,
        announced=paper.announced,
        venue=paper.venue,
        categories=list(paper.categories),
        keywords=list(paper.keywords),
        links=dict(paper.links),
        comment=paper.comment,
        licence=paper.licence,
        status=paper.status,
        front_matter=paper.front_matter,
        signals=dict(paper.signals),
        sources=list(paper.sources),
        series=[SignalShape(kind=s.kind, day=s.day, value=s.value, source=s.source) for s in series],
        records=[_record(record) for record in records],
        perhaps_same=[brief(other, base) for other in perhaps_same],
        trending=None if standing is None else _standing(standing),
        concepts=list(concepts),
    )


def _standing(found: Standing) -> StandingShape:
    parts = {kind: round(part, 4) for kind, part in found.parts.items()}
    return StandingShape(score=round(found.score, 3), parts=parts, age=round(found.age, 2), decay=round(found.decay, 4))


def _record(record: SourceRecord) -> RecordShape:
    return RecordShape(
        source=record.source,
        scheme=record.scheme,
        id=record.own_id,
        title=record.title,
        abstract=record.abstract,
        date=record.date,
        venue=record.venue,
        licence=record.licence,
        links=dict(record.links),
    )


def _authors(authors: Sequence[Author]) -> list[AuthorShape]:
    return [AuthorShape(name=a.name, orcid=a.orcid) if a.orcid else AuthorShape(name=a.name) for a in authors]


def _count(signals: Mapping[str, Any], kind: str) -> int | None:
    return round(signals[kind]) if kind in signals else None
