"""The pages that change every day: editions of a day, a week or a month, what trends, what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.records import Edition, Paper, period_days, period_of
from broadsheet.server.params import Code, Day, Limit, Month, Order, Page, Week
from broadsheet.server.sessions import reader_of
from broadsheet.web import pictures
from broadsheet.web.categories import by_archive
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

FRONT = 40  # papers of an edition that its page shows unasked
LIST = 20
LARGE = 3  # papers that are told at length: the lead and the two beside it
RISING = 6  # papers from other days beside an edition
SECTIONS = 12  # categories beside an edition
STARRED = 6
PICTURED = 8  # papers that an edition needs before a picture of its votes says anything

router = APIRouter(default_response_class=HTMLResponse)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


@router.get("/")
def front(request: Request, limit: Limit = FRONT) -> Response:
    """The newest edition; where nothing was ever announced, the newest papers; where there is nothing, what to do."""
    library = _library(request)
    edition = library.front(limit=limit)
    if edition.papers:
        return _edition(request, edition, limit)
    newest = library.new(limit=limit)
    if newest.hits:
        return render(request, "new.html", listing=newest, limit=limit, waiting=_waiting(request))
    return render(request, "first.html")


@router.get("/date/{day}")
def dated(request: Request, day: Day, limit: Limit = FRONT) -> Response:
    """The edition of one day, or the nearest days that have one."""
    return _edition(request, _library(request).front(day, limit=limit), limit)


@router.get("/week")
def this_week(request: Request, limit: Limit = FRONT) -> Response:
    """The newest week that has papers."""
    return _edition(request, _library(request).week(limit=limit), limit)


@router.get("/week/{week}")
def week(request: Request, week: Week, limit: Limit = FRONT) -> Response:
    """The papers of one ISO week, or the nearest weeks that have any."""
    return _edition(request, _library(request).week(week, limit=limit), limit)


@router.get("/month")
def this_month(request: Request, limit: Limit = FRONT) -> Response:
    """The newest month that has papers."""
    return _edition(request, _library(request).month(limit=limit), limit)


@router.get("/month/{month}")
def month(request: Request, month: Month, limit: Limit = FRONT) -> Response:
    """The papers of one month, or the nearest months that have any."""
    return _edition(request, _library(request).month(month, limit=limit), limit)


@router.get("/papers/date/{name}")
@router.get("/papers/week/{name}")
@router.get("/papers/month/{name}")
@router.get("/papers/trending")
def elsewhere(request: Request) -> Response:
    """Addresses as a known trending-papers site has them."""
    return RedirectResponse(request.url.path.removeprefix("/papers"), status_code=308)


@router.get("/trending")
def trending(request: Request, limit: Limit = LIST, page: Page = 1) -> Response:
    """What trends now, by the formula that `/about/trending` explains."""
    library = _library(request)
    listing = library.trending(limit=limit, page=page)
    lines = _lines(library, [hit.paper for hit in listing.hits])
    return render(request, "trending.html", listing=listing, lines=lines, limit=limit)


@router.get("/about/trending")
def formula(request: Request) -> Response:
    """How trending is computed."""
    return render(request, "formula.html", formula=_library(request).formula())


@router.get("/new")
def new(request: Request, limit: Limit = LIST, page: Page = 1) -> Response:
    """The newest papers of all, whenever they were announced."""
    listing = _library(request).new(limit=limit, page=page)
    return render(request, "new.html", listing=listing, limit=limit, waiting=_waiting(request))


@router.get("/categories")
def categories(request: Request) -> Response:
    """Every category, by archive."""
    return render(request, "categories.html", archives=tuple(by_archive(_library(request).categories())))


@router.get("/category/{code:path}")
def category(request: Request, code: Code, limit: Limit = LIST, page: Page = 1, sort: Order = "new") -> Response:
    """One category's papers, the newest first, or by what trends."""
    listing = _library(request).category(code, limit=limit, page=page, sort=sort)
    return render(request, "category.html", code=code, listing=listing, limit=limit, sort=sort)


def _edition(request: Request, edition: Edition, limit: int) -> Response:
    library = _library(request)
    first, last = period_days(edition.day)
    days = library.days(first, last) if edition.kind == "week" else []
    shown = period_of("month", max((day for day, _ in days), default=first))
    begin, end = period_days(shown)
    rising = library.rising(edition, limit=RISING)
    return render(
        request,
        "front.html" if edition.papers else "empty_day.html",
        edition=edition,
        first=first,
        last=last,
        month=pictures.month(shown, library.days(begin, end)),
        beside=[day and period_of("month", day) for day in library.beside(begin, end)],
        rising=rising,
        lines=_lines(library, [*edition.papers[:LARGE], *rising]),
        sections=_sections(edition),
        starred=_starred(edition.papers),
        votes=_votes(edition.papers),
        waiting=_waiting(request) if request.url.path == "/" else 0,
        limit=limit,
    )


def _waiting(request: Request) -> int:
    """Return how many papers are new to the reader since they were last here."""
    reader, library = reader_of(request), _library(request)
    if reader is None:
        return 0
    library.visit(reader)  # first: another one may begin with this page
    return library.count_unseen(reader)


def _lines(library: Library, papers: Sequence[Paper]) -> dict[int, pictures.Sparkline]:
    """Return how attention to each paper grew, where it was measured more than once."""
    series = library.all_series([paper.key for paper in papers])
    drawn = {key: pictures.sparkline(signals) for key, signals in series.items()}
    return {key: line for key, line in drawn.items() if line is not None}


def _sections(edition: Edition) -> list[tuple[str, int]]:
    """Return the categories of an edition with their papers, the largest first."""
    return Counter(name for paper in edition.papers for name in paper.categories).most_common(SECTIONS)


def _starred(papers: tuple[Paper, ...]) -> list[Paper]:
    with_stars = [paper for paper in papers if paper.signals.get("stars")]
    return sorted(with_stars, key=lambda paper: -paper.signals["stars"])[:STARRED]


def _votes(papers: tuple[Paper, ...]) -> list[float]:
    """Return each paper's votes, or nothing where too few were voted on to make a picture."""
    votes = [paper.signals.get("votes", 0.0) for paper in papers]
    return votes if len(papers) >= PICTURED and max(votes) > 0 else []
