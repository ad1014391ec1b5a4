"""Sending papers in, what became of them, and the queue as moderators see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import BroadsheetError, InputError
from broadsheet.records import Reader, Submission
from broadsheet.server.forms import Posted, Uploaded, back, say
from broadsheet.server.params import Number, Page, What
from broadsheet.server.sessions import must_be_known
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

MOST_LINES = 20
_ON_PAGE = 50

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/submit")
def ask(request: Request, what: What = "", page: Page = 1) -> Response:
    """What can be sent in, and what this reader sent in."""
    return _page(request, must_be_known(request), what=what, page=page)


@router.post("/submit")
def send(request: Request, form: Posted) -> Response:
    """Send in papers by their names, one a line."""
    reader, library = must_be_known(request), _library(request)
    lines = [line for text in form["what"].splitlines() if (line := text.strip())]
    done: list[Submission] = []
    failed: list[tuple[str, BroadsheetError]] = []
    for line in lines[:MOST_LINES] or [""]:
        try:
            done.append(library.submit(reader, line))
        except BroadsheetError as error:
            failed.append((line, error))
    left = [line for line, _ in failed] + lines[MOST_LINES:]
    if left:
        wrong = list(dict.fromkeys(str(error) for _, error in failed))
        wrong += [f"At most {MOST_LINES} at once; the rest is below."] if lines[MOST_LINES:] else []
        status = failed[0][1].status if failed else InputError.status
        return _page(request, reader, what="\n".join(left), wrong=wrong, status=422 if status == 400 else status)
    return _sent(request, done)


@router.post("/submit/file")
def send_file(request: Request, upload: Uploaded) -> Response:
    """Send in a file."""
    reader = must_be_known(request)
    try:
        done = _library(request).submit_file(reader, upload.content, name=upload.name)
    except InputError as error:
        return _page(request, reader, wrong=[str(error)], status=422)
    return _sent(request, [done])


@router.get("/submissions/{number}")
def one(request: Request, number: Number) -> Response:
    """What became of something that was sent in."""
    reader, library = must_be_known(request), _library(request)
    found = library.submission(reader, number)
    return render(
        request,
        "submission.html",
        one=found,
        mine=found.reader == reader.id,
        again=library.may_be_tried_again(found),
        before=library.sent_before(found),
        papers=library.submitted(found),
    )


@router.post("/submissions/{number}")
def change(request: Request, number: Number, form: Posted) -> Response:
    """Try something again, or take it back."""
    reader, library = must_be_known(request), _library(request)
    if form["act"] == "take-back":
        library.take_back(reader, number)
        return say(request, RedirectResponse("/submit", status_code=303), "It is taken back.")
    if form["act"] != "again":
        raise InputError("A submission can be tried again or taken back.")
    library.submit_again(reader, number)
    return say(request, RedirectResponse(f"/submissions/{number}", status_code=303), "It is queued again.")


@router.get("/moderation/submissions")
def queue(request: Request) -> Response:
    """What waits to be fetched, and what became of the rest."""
    reader, library = must_be_known(request), _library(request)
    waiting, settled, senders = library.submission_queue(reader)
    return render(request, "queue.html", waiting=waiting, settled=settled, senders=senders)


@router.post("/moderation/submissions/{number}")
def refuse(request: Request, number: Number, form: Posted) -> Response:
    """Refuse something that waits."""
    _library(request).refuse_submission(must_be_known(request), number, form["reason"])
    return say(request, back(request, "/moderation/submissions"), "Refused, and its sender is told why.")


def _page(
    request: Request,
    reader: Reader,
    *,
    what: str = "",
    wrong: Sequence[str] = (),
    page: int = 1,
    status: int = 200,
) -> Response:
    sent = _library(request).submissions(reader, limit=_ON_PAGE + 1, page=page)
    return render(
        request,
        "submit.html",
        status=status,
        what=what,
        wrong=wrong,
        sent=sent[:_ON_PAGE],
        page=page,
        more=len(sent) > _ON_PAGE,
    )


def _sent(request: Request, done: list[Submission]) -> Response:
    if len(done) == 1:
        return RedirectResponse(f"/submissions/{done[0].id}", status_code=303)
    return say(request, RedirectResponse("/submit", status_code=303), f"{len(done)} are sent in.")


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
