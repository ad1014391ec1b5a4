"""Hooks: where a follow's matches are posted to, added, tested and removed from the page of follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from broadsheet.server.forms import Posted, say
from broadsheet.server.params import Number
from broadsheet.server.sessions import must_be_known

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(default_response_class=HTMLResponse)


@router.post("/follows/{number}/hooks")
def add(request: Request, number: Number, form: Posted) -> Response:
    """Have what matches a follow posted to an address."""
    reader = must_be_known(request)
    made = _library(request).add_hook(
        reader,
        number,
        form["url"],
        format=form["format"] or "json",  # type: ignore[arg-type]
        token=form["token"],
    )
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"id": made.id, "secret": made.secret}, headers={"Cache-Control": "no-store"})
    return _back(request, "Added: matches are posted there as they come. Test it, to see that they arrive.")


@router.post("/hooks/{number}/test")
def test(request: Request, number: Number, form: Posted) -> Response:
    """Have a test posted, and start a hook again that was stopped."""
    _library(request).test_hook(must_be_known(request), number)
    return _back(request, "A test is on its way; what became of it stands here in a few seconds.")


@router.post("/hooks/{number}/remove")
def remove(request: Request, number: Number, form: Posted) -> Response:
    """Post nothing more to a hook."""
    _library(request).remove_hook(must_be_known(request), number)
    return _back(request, "Nothing is posted there any more.")


def _back(request: Request, words: str) -> Response:
    return say(request, RedirectResponse("/follows#webhooks", 303), words)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
