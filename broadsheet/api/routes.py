"""The JSON twin of every page, and a paper in the formats of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.api import shapes
from broadsheet.api.markdown import paper_markdown
from broadsheet.api.responses import Bibtex, Csl, Json, Markdown, Ris, base_of, listed, public
from broadsheet.server import params
from broadsheet.server.addresses import find
from broadsheet.server.errors import described
from broadsheet.server.suffix import FormRoute

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(route_class=FormRoute, default_response_class=Json, responses=described(404, 422, 503))


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


@router.get("/search.json", response_model=shapes.ListShape, tags=["lists"])
def search(
    request: Request,
    q: params.Text = "",
    limit: params.Limit = params.LIMIT,
    page: params.Page = 1,
    profile: params.Profile = "hybrid",
    after: params.After = None,
    before: params.Before = None,
    category: params.Category = None,
    venue: params.Venue = None,
    sort: params.Sort = "relevance",
    explain: params.Explain = False,
) -> Response:
    """Papers that answer a query, best first. Whatever is typed gives results; what was odd about it is in `notes`."""
    found = _library(request).search(
        q,
        limit=limit,
        page=page,
        profile=profile,
        after=after,
        before=before,
        category=category,
        venue=venue,
        sort=sort,
        explain=explain,
        plain=True,
    )
    return listed(shapes.listing(found, base_of(request)))


@router.get("/similar.json", response_model=shapes.ListShape, tags=["lists"])
def similar(
    request: Request,
    ids: params.Ids,
    unlike: params.NotIds,
    more: params.More,
    less: params.Less,
    limit: params.Limit = params.LIMIT,
    page: params.Page = 1,
    explain: params.Explain = False,
) -> Response:
    """Papers like the given ones by words and meaning, unlike others, and more or less about concepts."""
    about = {"unlike": unlike, "more": more, "less": less}
    found = _library(request).similar(ids, limit=limit, page=page, explain=explain, plain=True, **about)
    return listed(shapes.listing(found, base_of(request)))


@router.get("/authors/{slug}.json", response_model=shapes.AuthorListShape, tags=["lists"])
def author(request: Request, slug: params.Slug, limit: params.Limit = params.LIMIT, page: params.Page = 1) -> Response:
    """An author's papers, newest first."""
    name, orcid, papers = _library(request).author(slug, limit=limit, page=page)
    return listed(shapes.author(name, orcid, papers, base_of(request)))


@router.get("/venues/{slug}.json", response_model=shapes.VenueListShape, tags=["lists"])
def venue(request: Request, slug: params.Slug, limit: params.Limit = params.LIMIT, page: params.Page = 1) -> Response:
    """A venue's papers, newest first."""
    name, papers = _library(request).venue(slug, limit=limit, page=page)
    return listed(shapes.venue(name, papers, base_of(request)))


@router.get("/papers/{id:path}/similar.json", response_model=shapes.ListShape, tags=["papers"])
def similar_to(
    request: Request,
    identifier: params.Identifier,
    limit: params.Limit = params.LIMIT,
    page: params.Page = 1,
    explain: params.Explain = False,
) -> Response:
    """Papers like one paper."""
    found = _library(request).similar(
        [find(request, identifier).id], limit=limit, page=page, explain=explain, plain=True
    )
    return listed(shapes.listing(found, base_of(request)))


@router.get("/papers/{id:path}.csl.json", response_class=Csl, tags=["papers"])
def csl(request: Request, identifier: params.Identifier) -> Response:
    """A paper as CSL-JSON, the format of citation processors."""
    return Csl(_library(request).export([find(request, identifier).id], "csl"))


@router.get("/papers/{id:path}.json", response_model=shapes.PaperShape, tags=["papers"])
def paper(request: Request, identifier: params.Identifier) -> Response:
    """Everything known of one paper. Any identifier it ever had redirects (308) to its best one."""
    found, library = find(request, identifier), _library(request)
    more: dict[str, Any] = {
        "series": library.series(found.id),
        "records": library.records(found.id),
        "perhaps_same": library.perhaps_same(found.id),
        "standing": library.standing(found.id),
        "concepts": library.concepts(found.id),
    }
    return Json(shapes.paper(found, base_of(request), **more))


@router.get("/papers/{id:path}.bib", response_class=Bibtex, tags=["papers"])
def bibtex(request: Request, identifier: params.Identifier) -> Response:
    """A paper as BibTeX."""
    return Bibtex(_library(request).export([find(request, identifier).id], "bibtex"))


@router.get("/papers/{id:path}.ris", response_class=Ris, tags=["papers"])
def ris(request: Request, identifier: params.Identifier) -> Response:
    """A paper as RIS."""
    return Ris(_library(request).export([find(request, identifier).id], "ris"))


@router.get("/papers/{id:path}.md", response_class=Markdown, tags=["papers"])
def markdown(request: Request, identifier: params.Identifier) -> Response:
    """A paper as Markdown."""
    return Markdown(paper_markdown(find(request, identifier)))


@router.get("/about.json", response_model=dict[str, Any], tags=["instance"])
def about(request: Request) -> Response:
    """What this instance holds and how fresh its sources are."""
    return Json(public(_library(request).status()))
