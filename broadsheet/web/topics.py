"""The pages of concepts: what a month is about, and the papers of one concept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.server.params import InMonth, Limit, Page, Slug
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

TOPICS = 60  # concepts of a month that its page shows
LIST = 20

router = APIRouter(default_response_class=HTMLResponse)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


@router.get("/topics")
def topics(request: Request, month: InMonth = None, limit: Limit = TOPICS) -> Response:
    """The concepts of a month, those first that rose most over the year before."""
    shown, found = _library(request).topics(month, limit=limit)
    return render(request, "topics.html", month=shown, topics=found, most=max((t.papers for t in found), default=1))


@router.get("/topics/{slug}")
def topic(request: Request, slug: Slug, limit: Limit = LIST, page: Page = 1) -> Response:
    """One concept's papers, newest first, and the phrases that tell them besides its name."""
    library = _library(request)
    name, listing = library.topic(slug, limit=limit, page=page)
    return render(request, "topic.html", name=name, listing=listing, limit=limit, told_by=library.told_by(name))
