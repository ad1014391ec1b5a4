"""The JSON twins of what is recommended, and of what is new since somebody's last visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.api import shapes
from broadsheet.api.responses import Json, base_of, listed
from broadsheet.server import params
from broadsheet.server.errors import described
from broadsheet.server.sessions import must_be_known
from broadsheet.server.suffix import FormRoute

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(route_class=FormRoute, default_response_class=Json, responses=described(401, 403, 404, 422, 503))


@router.get("/for-you.json", response_model=shapes.ListShape, tags=["lists"])
def for_you(
    request: Request,
    like: params.SomeIds,
    unlike: params.NotIds,
    limit: params.Limit = params.LIMIT,
    page: params.Page = 1,
    after: params.After = None,
    category: params.Category = None,
) -> Response:
    """What you would save next, by your shelf, votes and hidden papers; or, with `id`, by papers you name."""
    library: Library = request.app.state.library
    reader = None if like else must_be_known(request)
    found = library.recommend(reader, like=like, unlike=unlike, limit=limit, page=page, after=after, category=category)
    response = listed(shapes.listing(found, base_of(request)))
    if reader is not None:
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Vary"] = "Cookie"
    return response


@router.get("/unseen.json", response_model=shapes.ListShape, tags=["lists"])
def unseen(request: Request, limit: params.Limit = params.LIMIT, page: params.Page = 1) -> Response:
    """What came since your last visit and you have not opened; asking here is no visit."""
    library: Library = request.app.state.library
    found = library.unseen(must_be_known(request), limit=limit, page=page)
    response = listed(shapes.listing(found, base_of(request)))
    response.headers.update({"Cache-Control": "private, no-cache", "Vary": "Cookie"})
    return response
