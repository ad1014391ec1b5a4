"""What readers do with papers: forms that work without script, and answer a script with JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from broadsheet.records import Paper
from broadsheet.server.addresses import paper_path
from broadsheet.server.forms import Posted, back, say
from broadsheet.server.params import Identifier
from broadsheet.server.sessions import must_be_known, network_of

if TYPE_CHECKING:
    from broadsheet.library import Library

UNDO = "undo"  # the field that says that something is to be taken back

router = APIRouter()


@router.post("/papers/{id:path}/vote")
def vote(request: Request, id: Identifier, form: Posted) -> Response:
    """Vote for a paper, or take the vote back."""
    reader, library = must_be_known(request), _library(request)
    if UNDO in form:
        library.unvote(reader, id)
    else:
        library.vote(reader, id, network=network_of(request))
    paper = library.paper(id)
    return _done(request, paper, on=UNDO not in form, votes=round(paper.signals.get("votes", 0)))


@router.post("/papers/{id:path}/save")
def save(request: Request, id: Identifier, form: Posted) -> Response:
    """Put a paper on a shelf, or take it from there, or from all where none is named."""
    reader, library = must_be_known(request), _library(request)
    if UNDO in form:
        library.unsave(reader, id, form["shelf"] or None)
    else:
        named = {"shelf": form["shelf"]} if form["shelf"] else {}
        # The form for another shelf begins without a note, which says nothing of the one that may be there.
        library.save(reader, id, note=form.given("note") if "noted" in form else form["note"] or None, **named)
    return _done(request, library.paper(id), on=UNDO not in form)


@router.post("/papers/{id:path}/hide")
def hide(request: Request, id: Identifier, form: Posted) -> Response:
    """Keep a paper out of the reader's lists, or let it in again."""
    reader, library = must_be_known(request), _library(request)
    if UNDO in form:
        library.unhide(reader, id)
        return _done(request, library.paper(id), on=False)
    library.hide(reader, id)
    return say(request, _done(request, library.paper(id), on=True), "This paper stays out of your lists from now on.")


def _done(request: Request, paper: Paper, **what: Any) -> Response:
    """Answer a script with what is now so, and a form with the page it stood on."""
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"id": paper.id, **what}, headers={"Cache-Control": "no-store"})
    return back(request, paper_path(paper.id), anchor=f"p{paper.key}")


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
