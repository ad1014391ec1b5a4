"""What is new to a reader since they were last here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import Response

from broadsheet.server.forms import Posted, back, say
from broadsheet.server.params import Limit, Page
from broadsheet.server.sessions import must_be_known
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/unseen")
def unseen(request: Request, limit: Limit = 20, page: Page = 1) -> Response:
    """The papers that came since the reader's last visit and that they have not opened."""
    reader, library = must_be_known(request), _library(request)
    library.visit(reader)
    return render(request, "unseen.html", listing=library.unseen(reader, limit=limit, page=page), limit=limit)


@router.post("/unseen")
def see_all(request: Request, form: Posted) -> Response:
    """Let nothing be new any more."""
    _library(request).see_all(must_be_known(request))
    return say(request, back(request, "/unseen"), "Nothing is new to you now but what comes from here on.")


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
