"""The pages: one plain function for each address, from the library to a template."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import unquote

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import BroadsheetError, Unavailable
from broadsheet.records import Hit, Listing, Paper
from broadsheet.server.addresses import find, paper_path
from broadsheet.server.conditional import is_shown
from broadsheet.server.params import (
    After,
    Before,
    Category,
    Identifier,
    Ids,
    Less,
    Limit,
    More,
    NotIds,
    Page,
    Profile,
    Slug,
    Sort,
    Text,
    Venue,
)
from broadsheet.server.reference import operations, shapes
from broadsheet.server.sessions import reader_of
from broadsheet.web import metadata, pictures
from broadsheet.web.addresses import Asked, Resembling
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

EXPLAINED = 50  # hits a page that are explained; more would make a long page slow
SIMILAR = 6
CHIPS = 12  # concepts of which a list of similar papers can have more or less

router = APIRouter(default_response_class=HTMLResponse)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


# -- searching ---------------------------------------------------------------------------------------------------------


@router.get("/search")
def search(
    request: Request,
    q: Text = "",
    limit: Limit = 20,
    page: Page = 1,
    profile: Profile = "hybrid",
    after: After = None,
    before: Before = None,
    category: Category = None,
    venue: Venue = None,
    sort: Sort = "relevance",
) -> Response:
    """What answers a question, with what narrows it further; an identifier leads straight to its paper."""
    asked = Asked(
        q=q,
        limit=limit,
        page=page,
        profile=profile,
        after=after,
        before=before,
        category=category,
        venue=venue,
        sort=sort,
    )
    if asked.empty:
        return render(request, "ask.html", asked=asked)
    listing = _found(_library(request), asked)
    if listing.goto:
        return RedirectResponse(paper_path(listing.goto), status_code=303)
    return render(request, "search.html", asked=asked, listing=listing, bars=_bars(listing))


def _found(library: Library, asked: Asked) -> Listing:
    return library.search(
        asked.q,
        limit=asked.limit,
        page=asked.page,
        profile=asked.profile,
        after=asked.after,
        before=asked.before,
        category=asked.category,
        venue=asked.venue,
        sort=asked.sort,
        explain=asked.limit <= EXPLAINED,
    )


def _bars(listing: Listing) -> list[pictures.Bar]:
    return pictures.histogram(listing.facets.years) if listing.facets else []


@router.get("/similar")
def similar(
    request: Request, ids: Ids, unlike: NotIds, more: More, less: Less, limit: Limit = 20, page: Page = 1
) -> Response:
    """Papers like the given ones and unlike the unlike ones, more or less about concepts."""
    return _similar(request, Resembling(tuple(ids), tuple(unlike), tuple(more), tuple(less), limit, page))


def _similar(request: Request, asked: Resembling) -> Response:
    library = _library(request)
    listing = library.similar(**asdict(asked), explain=asked.limit <= EXPLAINED)
    about = [name for paper in asked.identifiers for name in library.concepts(paper)]
    offered = [name for name, _ in Counter(about).most_common(CHIPS) if name not in asked.more + asked.less]
    return render(
        request, "similar.html", listing=listing, papers=library.papers(asked.identifiers), asked=asked, offered=offered
    )


# -- papers, people, venues --------------------------------------------------------------------------------------------


@router.get("/papers/{id:path}/similar")
def similar_to(request: Request, id: Identifier, limit: Limit = 20, page: Page = 1) -> Response:
    """Papers like one."""
    return _similar(request, Resembling((find(request, id).id,), limit=limit, page=page))


@router.get("/papers/{id:path}")
def paper(request: Request, id: Identifier, q: Text = "") -> Response:
    """One paper: all that is known of it, and, for those who come from a search, why it matched."""
    library, shown, reader = _library(request), find(request, id), reader_of(request)
    url = _public(request, paper_path(shown.id))
    if reader and is_shown(request):
        library.see(reader, shown.id)
    return render(
        request,
        "paper.html",
        paper=shown,
        q=q,
        hit=_why(library, shown, q),
        records=library.records(shown.id),
        series=(series := library.series(shown.id)),
        grown=pictures.sparkline(series),
        standing=library.standing(shown.id),
        perhaps_same=library.perhaps_same(shown.id),
        threads=library.comments(shown.id),
        similar=_near(library, shown),
        concepts=library.concepts(shown.id),
        url=url,
        metas=metadata.highwire(shown, url) + metadata.dublin_core(shown, url),
        cards=metadata.open_graph(shown, url),
        json_ld=metadata.json_ld(shown, url),
        cite_as=metadata.cite_as(shown),
        kept=library.kept(reader, shown.id) if reader else [],
    )


def _public(request: Request, path: str) -> str:
    base = request.app.state.settings.url or str(request.base_url)
    return base.rstrip("/") + path


def _why(library: Library, paper: Paper, q: str) -> Hit | None:
    if not q.strip():
        return None
    try:
        found = library.search(f"id:{paper.id} {q}", limit=1, explain=True)
    except Unavailable:
        return None
    return next((hit for hit in found.hits if hit.paper.key == paper.key), None)


def _near(library: Library, paper: Paper) -> tuple[Hit, ...]:
    try:
        return library.similar([paper.id], limit=SIMILAR, plain=True).hits
    except Unavailable:
        return ()


@router.get("/authors/{slug}")
def author(request: Request, slug: Slug, limit: Limit = 20, page: Page = 1) -> Response:
    """One author's papers, newest first."""
    name, orcid, listing = _library(request).author(slug, limit=limit, page=page)
    claimed = _library(request).claimed_by(slug)
    return render(request, "author.html", name=name, orcid=orcid, listing=listing, limit=limit, claimed=claimed)


@router.get("/venues/{slug}")
def venue(request: Request, slug: Slug, limit: Limit = 20, page: Page = 1) -> Response:
    """One venue's papers, newest first."""
    name, listing = _library(request).venue(slug, limit=limit, page=page)
    return render(request, "venue.html", name=name, listing=listing, limit=limit)


# -- the paper itself --------------------------------------------------------------------------------------------------


@router.get("/about")
def about(request: Request) -> Response:
    """What this is, what it holds, how fresh it is, which keys it knows."""
    return render(request, "about.html", status_of=_library(request).status())


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API, readable."""
    document = request.app.openapi()
    known = shapes(document)
    names = {shape.name for shape in known}
    return render(request, "docs.html", operations=operations(document), shapes=known, names=names)


def error_page(request: Request, status: int, message: str) -> Response:
    """Return the page for a failure; it leans on the library only to suggest papers at a wrong address."""
    near = _suggestions(request) if status == 404 else ()
    q = request.query_params.get("q", "")
    return render(request, "error.html", status=status, code=status, message=message, near=near, q=q, fresh=False)


def _suggestions(request: Request) -> tuple[Hit, ...]:
    last = unquote(request.url.path).rstrip("/").rpartition("/")[2]
    words = " ".join(re.findall(r"[^\W\d_]{3,}", last)[:12])
    try:
        return _library(request).search(words, limit=5).hits if words else ()
    except BroadsheetError:
        return ()
