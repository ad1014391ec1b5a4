"""A library of a dozen invented papers, held in memory: what the doors are tested against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from starlette.testclient import TestClient

from broadsheet.app import create
from broadsheet.errors import NotFound
from broadsheet.records import (
    Attention,
    Author,
    Claim,
    Comment,
    Edition,
    Hit,
    Listing,
    Paper,
    Period,
    Reasons,
    Signal,
    SourceRecord,
    SourceStatus,
    Span,
    Standing,
    Topic,
    period_of,
)
from broadsheet.settings import Settings
from broadsheet.text.normalise import slug

if TYPE_CHECKING:
    from broadsheet.library import Library

TODAY = "2026-03-14"
HOSTILE = "<script>alert(1)</script>"


def _paper(key: int, identifier: str, title: str, **more: Any) -> Paper:
    identifiers = more.pop("identifiers", (identifier,))
    return Paper(key=key, id=identifier, identifiers=identifiers, title=title, **more)


PAPERS: tuple[Paper, ...] = (
    _paper(
        1,
        "arxiv:2603.00001",
        "Reading Newspapers with $O(n \\log n)$ Attention",
        identifiers=("arxiv:2603.00001", "doi:10.48550/arxiv.2603.00001", "doi:10.1000/reading"),
        abstract="We read $n$ pages in $O(n \\log n)$ time.  Results improve by 12\\% on ``long'' documents. "
        "A second sentence with \\emph{emphasis} and an inequality $a < b$.",
        authors=(Author("Ada Example", "0000-0002-1825-0097"), Author("José Ñandú")),
        date="2026-03-13",
        announced=TODAY,
        venue="Journal of Invented Results",
        categories=("cs.CL", "cs.IR"),
        keywords=("attention", "newspapers"),
        links={
            "page": "https://example.org/abs/1",
            "pdf": "https://example.org/pdf/1",
            "code": "https://example.org/c",
        },
        comment="12 pages, 3 figures",
        licence="CC BY 4.0",
        signals={"votes": 41.0, "stars": 1300.0, "comments": 7.0, "citations": 3.0},
        sources=("arxiv", "front_page"),
    ),
    _paper(
        2,
        "doi:10.1000/data.json",
        "A Paper Whose DOI Ends Like a Form",
        abstract="Its address must be its page.",
        authors=(Author("Grace Sample"),),
        date="2025-11",
        announced=TODAY,
        signals={"votes": 12.0},
        sources=("bibtex",),
    ),
    _paper(
        3,
        "arxiv:hep-th/9901001",
        "Old Identifiers in New Addresses",
        abstract="Slashes and all.",
        authors=(Author("Emmy Placeholder"),),
        date="1999-01-02",
        announced="2026-03-13",
        categories=("hep-th",),
        signals={"citations": 250.0},
        sources=("arxiv",),
    ),
    _paper(
        4,
        "acl:X26-1001",
        f'Markup {HOSTILE} in Titles & "Quotes" <b>bold</b>',
        abstract=f"An abstract with {HOSTILE}, <img src=x onerror=alert(1)> and $\\href{{javascript:alert(1)}}{{x}}$.",
        authors=(Author("<i>Mallory</i>"), Author("O'Hara & Sons")),
        date="2026",
        announced=TODAY,
        venue="Proceedings <of> Nothing",
        links={"page": "javascript:alert(1)", "pdf": "https://example.org/?a=1&b=2"},
        signals={"votes": 3.0},
        sources=("acl",),
    ),
    _paper(
        5, "bs:abcdefgh2345", "A Note in Our Own Words", note="Only a note; no abstract is known.", sources=("sample",)
    ),
    _paper(6, "openreview:AbC-d_1", "No Abstract, No Authors, No Date", sources=("conferences",)),
    _paper(
        7,
        "openreview:rejected1",
        "Rejected, but Kept",
        abstract="It is marked.",
        date="2025",
        status="rejected",
        venue="Invented Conference 2025",
        sources=("conferences",),
    ),
    _paper(
        8, "arxiv:2603.00008", "Withdrawn by Its Authors", date="2026-03-01", status="withdrawn", sources=("arxiv",)
    ),
    _paper(9, "acl:X26-1000", "Briefly noted", front_matter=True, date="2026-03", sources=("acl",)),
    _paper(
        10,
        "arxiv:2603.00010",
        "Überlange " + "Donaudampfschifffahrtsgesellschaftskapitän " * 12,
        abstract="Ein Wort. " * 400,
        authors=tuple(Author(f"Person Number{n}") for n in range(120)),
        date="2026-03-12",
        announced=TODAY,
        categories=tuple(f"x{n}.YZ" for n in range(9)),
        signals={"votes": 2.0},
        sources=("arxiv",),
    ),
    _paper(
        11,
        "arxiv:2603.00011",
        "Damaged 5.2times Faster ell_2 Mathematics: $\\sqrt{",
        abstract="Text that lost its markup: texttt{D}ual, alpha_1, $$, \\(, \\frac{1}{ and 100% of }}}.",
        date="2026-03-11",
        announced=TODAY,
        sources=("page",),
    ),
    _paper(
        12,
        "doi:10.1000/a<b>?c#d é",
        "語学と画像の𝕌𝕟𝕚𝕔𝕠𝕕𝕖 \u202eright to left",
        abstract="Emoji 🗞️ and a combining e\u0301.",
        authors=(Author("山田 太郎"),),
        date="2024-02-29",
        sources=("ris",),
    ),
)


CONCEPTS = ("graph neural networks", "dark matter")


@dataclass
class FakeLibrary:
    """As much of `Library` as the doors call; `broken`, when set, is raised by every call instead."""

    contents: tuple[Paper, ...] = PAPERS
    ready: bool = True
    broken: Exception | None = None
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def _called(self, name: str, **arguments: Any) -> None:
        self.calls.append((name, arguments))
        if self.broken is not None:
            raise self.broken

    def search(self, text: str, *, limit: int = 20, page: int = 1, explain: bool = False, **more: Any) -> Listing:
        self._called("search", text=text, limit=limit, page=page, explain=explain, **more)
        words = [word for word in text.lower().split() if word.isalnum()]
        found = [p for p in self.contents if p.ranked and all(w in f"{p.title} {p.text}".lower() for w in words)]
        goto = next((p.id for p in self.contents if text in p.identifiers), None)
        notes = ("The query was empty.",) if not words else ()
        return self._listing(text, found, limit, page, notes=notes, goto=goto, explain=explain, mark=words)

    def similar(
        self, identifiers: Sequence[str], *, unlike: Sequence[str] = (), limit: int = 20, page: int = 1, **about: Any
    ) -> Listing:
        self._called("similar", ids=identifiers, unlike=unlike, limit=limit, page=page, **about)
        given = {self.paper(name).key for name in (*identifiers, *unlike)}
        found = [p for p in self.contents if p.ranked and p.key not in given]
        return self._listing(" ".join(identifiers), found, limit, page)

    def _listing(
        self,
        query: str,
        found: Sequence[Paper],
        limit: int,
        page: int,
        *,
        notes: tuple[str, ...] = (),
        goto: str | None = None,
        explain: bool = False,
        mark: Sequence[str] = (),
    ) -> Listing:
        shown = found[(page - 1) * limit : page * limit]
        more = page + 1 if page * limit < len(found) else None
        hits = tuple(self._hit(paper, 1 / rank, explain, mark) for rank, paper in enumerate(shown, 1))
        return Listing(
            query=query,
            total=len(found),
            page=page,
            next=more,
            notes=notes,
            hits=hits,
            snapshot=7,
            milliseconds=len(self.calls) / 7,  # differs from call to call, as real times do
            goto=goto,
        )

    def _hit(self, paper: Paper, score: float, explain: bool, mark: Sequence[str]) -> Hit:
        shares = {"words": 0.7, "meaning": 0.3}
        reasons = Reasons(words={"paper": 1.5}, sentence=paper.text[:40], shares=shares, concepts=CONCEPTS[:1])
        title, text = (_marks(part, mark) for part in (paper.title, paper.text))
        why = reasons if explain else None
        return Hit(paper=paper, score=score, title_marks=title, text_marks=text, concepts=CONCEPTS, reasons=why)

    def concepts(self, identifier: str) -> tuple[str, ...]:
        self._called("concepts", identifier=identifier)
        return CONCEPTS

    def topics(self, month: str | None = None, *, limit: int = 60) -> tuple[str, list[Topic]]:
        self._called("topics", month=month, limit=limit)
        found = [Topic(name=name, papers=12 - place, expected=4.0) for place, name in enumerate(CONCEPTS)]
        return month or "2026-06", found[:limit]

    def topic(self, name: str, *, limit: int = 20, page: int = 1) -> tuple[str, Listing]:
        self._called("topic", concept=name, limit=limit, page=page)
        found = next((concept for concept in CONCEPTS if name in (concept, slug(concept))), None)
        if found is None:
            raise NotFound(f"There is no concept {name!r} here.")
        return found, self._listing(f'concept:"{found}"', self.contents, limit, page)

    def told_by(self, name: str) -> tuple[str, ...]:
        self._called("told_by", concept=name)
        return ("galaxy", "rotation curve")

    def paper(self, identifier: str) -> Paper:
        self._called("paper", identifier=identifier)
        bare = identifier.lower()
        for paper in self.contents:
            if identifier == paper.id or any(
                bare in (name.lower(), name.split(":", 1)[1]) for name in paper.identifiers
            ):
                return paper
        raise NotFound(f"There is no paper {identifier!r} here.")

    def papers(self, identifiers: Sequence[str]) -> list[Paper]:
        return [self.paper(identifier) for identifier in identifiers]

    def records(self, identifier: str) -> list[SourceRecord]:
        paper = self.paper(identifier)
        scheme, own = paper.id.split(":", 1)
        return [SourceRecord(source=name, scheme=scheme, own_id=own, title=paper.title) for name in paper.sources]

    def series(self, identifier: str) -> list[Signal]:
        paper = self.paper(identifier)
        return [Signal(kind, TODAY, value, paper.sources[0]) for kind, value in paper.signals.items()]

    def perhaps_same(self, identifier: str) -> list[Paper]:
        return [self.contents[4]] if self.paper(identifier).key == 1 else []

    def export(self, identifiers: Sequence[str], format: str = "bibtex") -> str:
        return "".join(f"{format}: {paper.title}\n" for paper in self.papers(identifiers))

    def front(self, day: str | None = None, *, limit: int = 60) -> Edition:
        self._called("front", day=day, limit=limit)
        days = [name for name, _ in self.editions()]
        day = day or (days[0] if days else TODAY)
        return Edition(
            day=day,
            papers=tuple(p for p in self.contents if p.announced == day)[:limit],
            earlier=max((d for d in days if d < day), default=None),
            later=min((d for d in days if d > day), default=None),
            total=sum(p.announced == day for p in self.contents),
        )

    def week(self, week: str | None = None, *, limit: int = 60) -> Edition:
        self._called("week", week=week, limit=limit)
        return self._period("week", week, limit)

    def month(self, month: str | None = None, *, limit: int = 60) -> Edition:
        self._called("month", month=month, limit=limit)
        return self._period("month", month, limit)

    def _period(self, kind: Period, name: str | None, limit: int) -> Edition:
        dated = [(period_of(kind, p.announced), p) for p in self.contents if p.announced]
        names = sorted({found for found, _ in dated})
        name = name or (names[-1] if names else period_of(kind, TODAY))
        there = [paper for found, paper in dated if found == name]
        return Edition(
            kind=kind,
            day=name,
            papers=tuple(there[:limit]),
            earlier=max((other for other in names if other < name), default=None),
            later=min((other for other in names if other > name), default=None),
            total=len(there),
        )

    def days(self, first: str, last: str) -> list[tuple[str, int]]:
        return sorted((day, count) for day, count in self.editions() if first <= day <= last)

    def beside(self, first: str, last: str) -> tuple[str | None, str | None]:
        days = [day for day, _ in self.editions()]
        return max((d for d in days if d < first), default=None), min((d for d in days if d > last), default=None)

    def trending(self, *, limit: int = 20, page: int = 1) -> Listing:
        self._called("trending", limit=limit, page=page)
        found = [paper for paper in self.contents if paper.announced]
        ordered = sorted(found, key=lambda p: (p.announced or "", p.signals.get("votes", 0.0)), reverse=True)
        return self._listing("", ordered, limit, page, explain=True)

    def rising(self, edition: Edition, *, limit: int = 6) -> list[Paper]:
        there = {paper.key for paper in edition.papers}
        return [hit.paper for hit in self.trending(limit=100).hits if hit.paper.key not in there][:limit]

    def all_series(self, keys: Sequence[int]) -> dict[int, list[Signal]]:
        grown = [("2026-03-12", 0.5), (TODAY, 1.0)]
        return {
            paper.key: [
                Signal(kind, day, value * part, "test") for kind, value in paper.signals.items() for day, part in grown
            ]
            for paper in self.contents
            if paper.key in keys
        }

    def standing(self, identifier: str) -> Standing | None:
        paper = self.paper(identifier)
        if paper.announced is None:
            return None
        known = Attention(paper.key, paper.announced, paper.signals.get("votes", 0.0), expected=4.0)
        return Standing(attention=known, parts={"votes": 2.0, "expected": 0.5}, age=12.0, decay=0.7, score=175.0)

    def formula(self) -> Mapping[str, Any]:
        return {"base": 24.0, "gravity": 0.8, "weights": {"votes": 1.0}, "foreseen": 0.3, "decay": {0: 1.0, 1: 0.57}}

    def categories(self) -> list[tuple[str, int]]:
        return sorted(Counter(code for paper in self.contents if paper.ranked for code in paper.categories).items())

    def category(self, code: str, *, limit: int = 20, page: int = 1, sort: str = "new") -> Listing:
        found = [paper for paper in self.contents if paper.ranked and code in paper.categories]
        if not found:
            raise NotFound(f"No paper here has the category {code!r}.")
        return self._listing("", found, limit, page)

    def editions(self, *, before: str | None = None, limit: int = 42) -> list[tuple[str, int]]:
        days = sorted({p.announced for p in self.contents if p.announced}, reverse=True)
        counts = [(day, sum(p.announced == day for p in self.contents)) for day in days]
        return [(day, count) for day, count in counts if before is None or day < before][:limit]

    def new(self, *, limit: int = 20, page: int = 1) -> Listing:
        self._called("new", limit=limit, page=page)
        return self._listing("", sorted(self.contents, key=lambda p: p.date or "", reverse=True), limit, page)

    def author(self, slug: str, *, limit: int = 20, page: int = 1) -> tuple[str, str | None, Listing]:
        self._called("author", slug=slug)
        if slug != "ada-example":
            raise NotFound(f"No paper here names an author {slug!r}.")
        author = PAPERS[0].authors[0]
        return author.name, author.orcid, self._listing(author.name, self.contents[:1], limit, page)

    def venue(self, slug: str, *, limit: int = 20, page: int = 1) -> tuple[str, Listing]:
        self._called("venue", slug=slug)
        if slug != "journal-of-invented-results":
            raise NotFound(f"No paper here names a venue {slug!r}.")
        name = "Journal of Invented Results"
        return name, self._listing(name, self.contents[:1], limit, page)

    def freshness(self) -> list[SourceStatus]:
        self._called("freshness")
        return [
            SourceStatus(name="arxiv", seen=f"{TODAY}T06:00:00+00:00", records=4),
            SourceStatus(name="acl", seen=None, failure="The server did not answer.", set_aside=2),
        ]

    def status(self) -> dict[str, Any]:
        self._called("status")
        snapshot = {"change": 7, "papers": len(self.contents), "lag": 2, "encoder": "fake", "bytes": 1}
        return {"home": "/nowhere", "papers": len(self.contents), "snapshot": snapshot, "sources": []}

    def comments(self, identifier: str) -> list[tuple[int, Comment]]:
        self.paper(identifier)
        return []

    def claimed_by(self, slug: str) -> list[Claim]:
        return []

    def has_admin(self) -> bool:
        return False

    no_mail: str | None = "No mail server is named: set BROADSHEET_SMTP_URL."

    @property
    def today(self) -> str:
        return TODAY

    def close(self) -> None:
        self._called("close")


def _marks(text: str, words: Sequence[str]) -> tuple[Span, ...]:
    places = ((text.lower().find(word), len(word)) for word in words)
    return tuple(sorted((Span(start, start + size) for start, size in places if start >= 0), key=lambda s: s.start))


def library(**changes: Any) -> Library:
    """Return a fake library under the type that the doors ask for."""
    return cast("Library", replace(FakeLibrary(), **changes))


def client(**changes: Any) -> TestClient:
    """Return a browser, as it were, of an app over a fake library; `changes` are the library's, or `settings`."""
    settings = changes.pop("settings", None) or Settings(home=Path("/nowhere"))
    app = create(settings, library=library(**changes))
    return TestClient(app, base_url="http://localhost", follow_redirects=False)
