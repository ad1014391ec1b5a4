"""Shelves: a reader's own, all together and one by one, and those that are shown to everybody who has the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import InputError
from broadsheet.server.forms import Posted, say
from broadsheet.server.params import Limit, Number, Page, Text, Token
from broadsheet.server.sessions import must_be_known
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.library.shelves import Shelved

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/shelf")
def shelf(request: Request, q: Text = "", limit: Limit = 20, page: Page = 1) -> Response:
    """What the reader has saved."""
    reader, library = must_be_known(request), _library(request)
    shelved = library.shelved(reader, q=q, limit=limit, page=page)
    return _shown(request, shelved, limit, own=library.shelves(reader), missing=library.missing(reader))


@router.get("/shelf/{number}")
def one_shelf(request: Request, number: Number, q: Text = "", limit: Limit = 20, page: Page = 1) -> Response:
    """One of the reader's shelves."""
    return _one(request, number, q=q, limit=limit, page=page)


@router.post("/shelf/{number}")
def change(request: Request, number: Number, form: Posted) -> Response:
    """Share a shelf, take that back, call it something else, or delete it."""
    reader, library = must_be_known(request), _library(request)
    act = form["act"]
    if act == "delete":
        library.delete_shelf(reader, number)
        return say(request, RedirectResponse("/shelf", status_code=303), "The shelf is gone, with the notes on it.")
    if act == "share":
        library.share_shelf(reader, number)
    elif act == "unshare":
        library.unshare_shelf(reader, number)
    else:
        try:
            library.rename_shelf(reader, number, form["name"])
        except InputError as error:
            return _one(request, number, status=400, wrong=str(error), name=form["name"])
    return RedirectResponse(f"/shelf/{number}#this", status_code=303)


@router.get("/shelves/{token}")
def shared(request: Request, token: Token, q: Text = "", limit: Limit = 20, page: Page = 1) -> Response:
    """A shelf that somebody shares."""
    shelved = _library(request).shared_shelf(token, q=q, limit=limit, page=page)
    response = _shown(request, shelved, limit)
    response.headers["Referrer-Policy"] = "same-origin"  # the address is known to those alone who were given it
    return response


def _one(
    request: Request,
    number: int,
    *,
    q: str = "",
    limit: int = 20,
    page: int = 1,
    status: int = 200,
    wrong: str = "",
    name: str | None = None,
) -> Response:
    reader, library = must_be_known(request), _library(request)
    shelved = library.shelved(reader, number, q=q, limit=limit, page=page)
    called = shelved.name if name is None else name
    own, base = library.shelves(reader), str(library.settings.url or request.base_url).rstrip("/")
    return _shown(request, shelved, limit, status=status, own=own, base=base, wrong=wrong, called=called)


def _shown(request: Request, shelved: Shelved, limit: int, *, status: int = 200, **more: Any) -> Response:
    asked = {"q": shelved.listing.query} if shelved.listing.query else {}
    path = f"{request.url.path}?{urlencode(asked | ({'limit': limit} if limit != 20 else {}))}"
    told = {"own": [], "missing": [], "base": "", "wrong": "", "called": "", **more}
    return render(
        request,
        "shelf.html",
        status=status,
        shelved=shelved,
        papers=[hit.paper for hit in shelved.listing.hits],
        here=path.rstrip("?&"),
        twin=f"{request.url.path}.json" + (f"?{urlencode(asked)}" if asked else ""),
        **told,
    )


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
