"""The page of feeds, with a reader's private addresses, and all of them as OPML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.records import Reader
from broadsheet.server.feeds import opml
from broadsheet.server.forms import Posted, say
from broadsheet.server.sessions import must_be_known, reader_of
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

PUBLIC = (
    ("The newest edition", "/front"),
    ("This week", "/week"),
    ("This month", "/month"),
    ("Trending", "/trending"),
    ("Newest papers", "/new"),
)

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/feeds")
def feeds(request: Request) -> Response:
    """All feeds that are not some page's own: what can be had, and what is the reader's."""
    reader = reader_of(request)
    own = _private(_library(request), reader) if reader else []
    response = render(request, "feeds.html", public=PUBLIC, private=own)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@router.post("/feeds/renew")
def renew(request: Request, form: Posted) -> Response:
    """Take the private addresses back and make new ones."""
    _library(request).renew_feeds(must_be_known(request))
    response = RedirectResponse("/feeds", status_code=303)
    return say(request, response, "The old addresses of your private feeds work no more.")


@router.get("/feeds.opml")
def outline(request: Request) -> Response:
    """Every feed that a reader may want, for their feed reader."""
    reader = must_be_known(request)
    base = str(request.app.state.settings.url or request.base_url).rstrip("/")
    listed = [(name, f"{base}{path}.atom") for name, path in (*_private(_library(request), reader), *PUBLIC)]
    headers = {"Content-Disposition": 'attachment; filename="broadsheet.opml"', "Cache-Control": "private, no-store"}
    return Response(opml("Broadsheet", listed), media_type="text/x-opml", headers=headers)


def _private(library: Library, reader: Reader) -> list[tuple[str, str]]:
    """Return (name, address without its ending) of what is the reader's own."""
    base = f"/feeds/{library.feed_token(reader)}"
    shelves = [(f"Shelf: {shelf.name}", f"{base}/shelf/{shelf.id}") for shelf in library.shelves(reader)]
    follows = [(follow.name, f"{base}/follow/{follow.id}") for follow in library.follows(reader)]
    return [("For you", f"{base}/for-you"), ("All you saved", f"{base}/shelf"), *shelves, *follows]


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
