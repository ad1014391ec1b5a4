"""Every list as a feed, at its own address with `.atom` and `.feed.json`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.records import Listing, Paper
from broadsheet.server import params
from broadsheet.server.addresses import find, paper_path
from broadsheet.server.feeds import ATOM, JSON, Feed, answer, of_comments, of_papers
from broadsheet.server.suffix import FormRoute
from broadsheet.text import latex

if TYPE_CHECKING:
    from broadsheet.library import Library

MOST = 50  # entries that come unasked

router = APIRouter(route_class=FormRoute, include_in_schema=False)


def _feed(path: str) -> Callable[[Callable[..., Feed]], Callable[..., Response]]:
    """Have a function that makes a feed answer at an address with either ending."""

    def register(make: Callable[..., Feed]) -> Callable[..., Response]:
        @wraps(make)
        def endpoint(request: Request, **given: Any) -> Response:
            return answer(request, make(request, **given))

        for form in (ATOM, JSON):
            router.get(path + form, response_model=None)(endpoint)
        return endpoint

    return register


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


def _page(request: Request) -> str:
    """Return the address of the page that a feed is of."""
    path = request.url.path.removesuffix(request.scope["form"])
    path = "/" if path == "/front" else path
    return path + (f"?{request.url.query}" if request.url.query else "")


def _papers(listing: Listing) -> list[Paper]:
    return [hit.paper for hit in listing.hits]


@_feed("/front")
def front(request: Request, limit: params.Limit = MOST) -> Feed:
    """The newest edition."""
    return of_papers("Broadsheet", _page(request), _library(request).front(limit=limit).papers)


@_feed("/date/{day}")
def date(request: Request, day: params.Day, limit: params.Limit = MOST) -> Feed:
    """The edition of one day."""
    return of_papers(f"Broadsheet of {day}", _page(request), _library(request).front(day, limit=limit).papers)


@_feed("/week")
def this_week(request: Request, limit: params.Limit = MOST) -> Feed:
    """The papers of the newest week."""
    return of_papers("Broadsheet this week", _page(request), _library(request).week(limit=limit).papers)


@_feed("/week/{week}")
def week(request: Request, week: params.Week, limit: params.Limit = MOST) -> Feed:
    """The papers of one week."""
    return of_papers(f"Broadsheet of {week}", _page(request), _library(request).week(week, limit=limit).papers)


@_feed("/month")
def this_month(request: Request, limit: params.Limit = MOST) -> Feed:
    """The papers of the newest month."""
    return of_papers("Broadsheet this month", _page(request), _library(request).month(limit=limit).papers)


@_feed("/month/{month}")
def month(request: Request, month: params.Month, limit: params.Limit = MOST) -> Feed:
    """The papers of one month."""
    return of_papers(f"Broadsheet of {month}", _page(request), _library(request).month(month, limit=limit).papers)


@_feed("/trending")
def trending(request: Request, limit: params.Limit = MOST) -> Feed:
    """What trends now."""
    return of_papers("Trending papers", _page(request), _papers(_library(request).trending(limit=limit)))


@_feed("/new")
def new(request: Request, limit: params.Limit = MOST) -> Feed:
    """The newest papers."""
    return of_papers("Newest papers", _page(request), _papers(_library(request).new(limit=limit)))


@_feed("/category/{code:path}")
def category(request: Request, code: params.Code, limit: params.Limit = MOST, sort: params.Order = "new") -> Feed:
    """A category's papers."""
    found = _library(request).category(code, limit=limit, sort=sort)
    return of_papers(f"Papers of {code}", _page(request), _papers(found))


@_feed("/search")
def search(
    request: Request,
    q: params.Text = "",
    limit: params.Limit = MOST,
    profile: params.Profile = "hybrid",
    after: params.After = None,
    before: params.Before = None,
    category: params.Category = None,
    venue: params.Venue = None,
    sort: params.Sort = "new",
) -> Feed:
    """Papers that have the words of a query, the newest first unless another order is asked for."""
    found = _library(request).search(
        q,
        limit=limit,
        profile=profile,
        after=after,
        before=before,
        category=category,
        venue=venue,
        sort=sort,
        plain=True,
    )
    return of_papers(f"Papers for {q}" if q else "Papers", _page(request), _papers(found))


@_feed("/authors/{slug}")
def author(request: Request, slug: params.Slug, limit: params.Limit = MOST) -> Feed:
    """An author's papers, newest first."""
    name, _, found = _library(request).author(slug, limit=limit)
    return of_papers(f"Papers by {name}", _page(request), _papers(found))


@_feed("/venues/{slug}")
def venue(request: Request, slug: params.Slug, limit: params.Limit = MOST) -> Feed:
    """A venue's papers, newest first."""
    name, found = _library(request).venue(slug, limit=limit)
    return of_papers(f"Papers of {name}", _page(request), _papers(found))


@_feed("/topics/{slug}")
def topic(request: Request, slug: params.Slug, limit: params.Limit = MOST) -> Feed:
    """A concept's papers, newest first."""
    name, found = _library(request).topic(slug, limit=limit)
    return of_papers(f"Papers on {name}", _page(request), _papers(found))


@_feed("/papers/{id:path}/comments")
def comments(request: Request, identifier: params.Identifier) -> Feed:
    """The comments on a paper, newest first."""
    paper = find(request, identifier)
    written = [comment for _, comment in _library(request).comments(paper.id)]
    title = latex.to_text(paper.title)
    return of_comments(f"Comments on {title}", paper_path(paper.id), written, title)


@_feed("/shelves/{token}")
def shared_shelf(request: Request, token: params.Token, limit: params.Limit = MOST) -> Feed:
    """What stands on a shelf that somebody shares, the last saved first."""
    shelved = _library(request).shared_shelf(token, limit=limit)
    return of_papers(f"{shelved.name}, a shelf of {shelved.owner}", _page(request), _papers(shelved.listing))


@_feed("/feeds/{token}/for-you")
def for_you(request: Request, token: params.Token, limit: params.Limit = MOST) -> Feed:
    """What a reader would save next, for whoever has the address."""
    reader = _library(request).feed_reader(token)
    papers = _papers(_library(request).recommend(reader, limit=limit))
    return of_papers("For you", "/for-you", papers, whose=f"reader-{reader.id}/for-you")


@_feed("/feeds/{token}/shelf")
def shelf(request: Request, token: params.Token, limit: params.Limit = MOST) -> Feed:
    """What a reader saved, the last first, for whoever has the address."""
    reader = _library(request).feed_reader(token)
    papers = {paper.key: paper for paper, _ in _library(request).shelf(reader)}
    return of_papers("Shelf", "/shelf", list(papers.values())[:limit], whose=f"reader-{reader.id}/shelf")


@_feed("/feeds/{token}/shelf/{number}")
def one_shelf(request: Request, token: params.Token, number: params.Number, limit: params.Limit = MOST) -> Feed:
    """What stands on one of a reader's shelves, for whoever has the address."""
    library = _library(request)
    reader = library.feed_reader(token)
    papers = [paper for paper, _ in library.shelf(reader, number)[:limit]]
    name = next(one.name for one in library.shelves(reader) if one.id == number)
    return of_papers(name, f"/shelf/{number}", papers, whose=f"reader-{reader.id}/shelf/{number}")


@_feed("/feeds/{token}/follow/{number}")
def follow(request: Request, token: params.Token, number: params.Number, limit: params.Limit = MOST) -> Feed:
    """What matches a follow of a reader's, the newest first, for whoever has the address."""
    library = _library(request)
    reader = library.feed_reader(token)
    followed, papers = library.latest_of(reader, number, limit=limit)
    return of_papers(followed.name, "/follows", papers, whose=f"reader-{reader.id}/follow/{number}")
