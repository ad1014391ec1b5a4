"""Editions and lists that change every day, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.api import shapes
from broadsheet.api.responses import Json, base_of, listed
from broadsheet.server import params
from broadsheet.server.errors import described
from broadsheet.server.suffix import FormRoute

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.records import Edition

MOST = 60  # papers of an edition that come unasked

router = APIRouter(route_class=FormRoute, default_response_class=Json, responses=described(404, 422, 503))


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


def _edition(request: Request, edition: Edition) -> Response:
    return listed(shapes.edition(edition, base_of(request)))


@router.get("/front.json", response_model=shapes.EditionShape, tags=["lists"])
def front(request: Request, limit: params.Limit = MOST) -> Response:
    """The newest edition: the papers of the last day that has any."""
    return _edition(request, _library(request).front(limit=limit))


@router.get("/date/{day}.json", response_model=shapes.EditionShape, tags=["lists"])
def edition(request: Request, day: params.Day, limit: params.Limit = MOST) -> Response:
    """The edition of one day; it may be empty, and then names the nearest days that are not."""
    return _edition(request, _library(request).front(day, limit=limit))


@router.get("/week.json", response_model=shapes.EditionShape, tags=["lists"])
def this_week(request: Request, limit: params.Limit = MOST) -> Response:
    """The papers of the newest week that has any."""
    return _edition(request, _library(request).week(limit=limit))


@router.get("/week/{week}.json", response_model=shapes.EditionShape, tags=["lists"])
def week(request: Request, week: params.Week, limit: params.Limit = MOST) -> Response:
    """The papers of one ISO week, such as 2026-W27."""
    return _edition(request, _library(request).week(week, limit=limit))


@router.get("/month.json", response_model=shapes.EditionShape, tags=["lists"])
def this_month(request: Request, limit: params.Limit = MOST) -> Response:
    """The papers of the newest month that has any."""
    return _edition(request, _library(request).month(limit=limit))


@router.get("/month/{month}.json", response_model=shapes.EditionShape, tags=["lists"])
def month(request: Request, month: params.Month, limit: params.Limit = MOST) -> Response:
    """The papers of one month, such as 2026-06."""
    return _edition(request, _library(request).month(month, limit=limit))


@router.get("/trending.json", response_model=shapes.ListShape, tags=["lists"])
def trending(request: Request, limit: params.Limit = params.LIMIT, page: params.Page = 1) -> Response:
    """What trends now, with the score of each paper; `/about/trending` has the formula."""
    return listed(shapes.listing(_library(request).trending(limit=limit, page=page), base_of(request)))


@router.get("/new.json", response_model=shapes.ListShape, tags=["lists"])
def new(request: Request, limit: params.Limit = params.LIMIT, page: params.Page = 1) -> Response:
    """The newest papers."""
    return listed(shapes.listing(_library(request).new(limit=limit, page=page), base_of(request)))


@router.get("/categories.json", response_model=shapes.CategoriesShape, tags=["lists"])
def categories(request: Request) -> Response:
    """Every category with its number of papers."""
    return Json({"categories": [{"code": code, "papers": n} for code, n in _library(request).categories()]})


@router.get("/category/{code:path}.json", response_model=shapes.ListShape, tags=["lists"])
def category(
    request: Request,
    code: params.Code,
    limit: params.Limit = params.LIMIT,
    page: params.Page = 1,
    sort: params.Order = "new",
) -> Response:
    """A category's papers, the newest first, or by what trends."""
    found = _library(request).category(code, limit=limit, page=page, sort=sort)
    return listed(shapes.listing(found, base_of(request)))
