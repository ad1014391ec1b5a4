"""The page on which a library kept elsewhere becomes a shelf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import BroadsheetError, InputError
from broadsheet.server.forms import Posted, Uploaded, say
from broadsheet.server.sessions import must_be_known
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.library.importing import Imported

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/shelf/import")
def ask(request: Request) -> Response:
    """What can be brought."""
    must_be_known(request)
    return render(request, "import.html", wrong="", zotero="")


@router.post("/shelf/import")
def bring(request: Request, upload: Uploaded) -> Response:
    """Make a shelf of a file."""
    reader = must_be_known(request)
    try:
        if not upload.content:
            raise InputError("Choose a file first.")
        found = _library(request).import_text(reader, upload.content, name=upload.name, shelf=upload.form["shelf"])
    except BroadsheetError as error:
        return render(request, "import.html", status=422, wrong=str(error), zotero="")
    return _done(request, found)


@router.post("/shelf/import/zotero")
def bring_zotero(request: Request, form: Posted) -> Response:
    """Make a shelf of a Zotero library."""
    reader = must_be_known(request)
    try:
        found = _library(request).import_zotero(
            reader, form["library"], key=form["key"].strip() or None, shelf=form["shelf"]
        )
    except BroadsheetError as error:
        return render(request, "import.html", status=422, wrong=str(error), zotero=form["library"])
    return _done(request, found)


def _done(request: Request, found: Imported) -> Response:
    return say(request, RedirectResponse("/shelf", status_code=303), found.words)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
