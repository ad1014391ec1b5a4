"""Concepts, as JSON."""

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

router = APIRouter(route_class=FormRoute, default_response_class=Json, responses=described(404, 422, 503))


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


@router.get("/topics.json", response_model=shapes.TopicsShape, tags=["lists"])
def topics(request: Request, month: params.InMonth = None, limit: params.Limit = 60) -> Response:
    """The concepts of a month, those first that rose most over the year before."""
    return Json(shapes.topics(*_library(request).topics(month, limit=limit)))


@router.get("/topics/{slug}.json", response_model=shapes.TopicListShape, tags=["lists"])
def topic(request: Request, slug: params.Slug, limit: params.Limit = params.LIMIT, page: params.Page = 1) -> Response:
    """A concept's papers, newest first, and the phrases that tell them besides its name."""
    library = _library(request)
    name, found = library.topic(slug, limit=limit, page=page)
    told_by = list(library.told_by(name))
    return listed(shapes.TopicListShape(**shapes.listing(found, base_of(request)), name=name, told_by=told_by))
