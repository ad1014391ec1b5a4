"""Comments: reading and writing them, and what readers are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import InputError
from broadsheet.server.addresses import paper_path
from broadsheet.server.forms import Posted, say
from broadsheet.server.params import Identifier, Number
from broadsheet.server.sessions import must_be_known, reader_of
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(default_response_class=HTMLResponse)


@router.post("/papers/{id:path}/comments")
def write(request: Request, id: Identifier, form: Posted) -> Response:
    """Write a comment on a paper, or an answer to one; what cannot be kept is shown again, to be mended."""
    reader, library = must_be_known(request), _library(request)
    parent = form.number("parent")
    try:
        number = library.comment(reader, id, form["text"], parent=parent)
    except InputError as error:
        return _again(request, action=request.url.path, text=form["text"], wrong=str(error), parent=parent)
    return RedirectResponse(f"{paper_path(library.paper(id).id)}#c{number}", status_code=303)


@router.get("/comments/{number}/answer")
def answer(request: Request, number: Number) -> Response:
    """The form for an answer to a comment."""
    must_be_known(request)
    library = _library(request)
    comment = library.one_comment(number)
    (paper,) = library.papers_of_keys([comment.key])
    return _again(request, action=paper_path(paper.id, "/comments"), text="", parent=number, status=200)


@router.get("/comments/{number}/edit")
def edit_form(request: Request, number: Number) -> Response:
    """The form for changing a comment."""
    comment = _library(request).comment_of(must_be_known(request), number)
    return _again(request, action=request.url.path, text=comment.text, status=200)


@router.post("/comments/{number}/edit")
def edit(request: Request, number: Number, form: Posted) -> Response:
    """Change a comment."""
    reader, library = must_be_known(request), _library(request)
    try:
        comment = library.edit_comment(reader, number, form["text"])
    except InputError as error:
        return _again(request, action=request.url.path, text=form["text"], wrong=str(error))
    return _to(request, comment.key, number)


@router.post("/comments/{number}/delete")
def delete(request: Request, number: Number, form: Posted) -> Response:
    """Empty a comment."""
    reader, library = must_be_known(request), _library(request)
    return say(request, _to(request, library.delete_comment(reader, number).key, number), "The comment is gone.")


@router.get("/comments/{number}/history")
def history(request: Request, number: Number) -> Response:
    """What a comment said before."""
    library, reader = _library(request), reader_of(request)
    versions = library.earlier_versions(reader, number)
    return render(request, "history.html", comment=library.one_comment(number), versions=versions)


@router.get("/notifications")
def notifications(request: Request) -> Response:
    """What the reader is told."""
    reader, library = must_be_known(request), _library(request)
    found = library.notifications(reader)
    papers = {paper.key: paper for paper in library.papers_of_keys([one.key for one in found if one.key])}
    return render(request, "notifications.html", found=found, papers=papers)


@router.post("/notifications")
def read_all(request: Request, form: Posted) -> Response:
    """Note that all was read."""
    _library(request).read_notifications(must_be_known(request))
    return RedirectResponse("/notifications", status_code=303)


def _again(
    request: Request, *, action: str, text: str, wrong: str = "", parent: int | None = None, status: int = 400
) -> Response:
    above = None if parent is None else _library(request).standing_comment(parent)
    return render(request, "comment.html", status=status, action=action, text=text, wrong=wrong, above=above)


def _to(request: Request, key: int, number: int) -> Response:
    (paper,) = _library(request).papers_of_keys([key])
    return RedirectResponse(f"{paper_path(paper.id)}#c{number}", status_code=303)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
