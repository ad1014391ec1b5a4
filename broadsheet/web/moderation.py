"""Keeping order: reports, the moderation log, accounts, the lead, claims of authors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.server.forms import Posted, back, say
from broadsheet.server.params import Identifier, Number, Page, Slug
from broadsheet.server.sessions import must_be_known
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/report/{kind}/{id:path}")
def report_form(request: Request, kind: str, id: Identifier) -> Response:
    """The form for a report."""
    must_be_known(request)
    return render(request, "report.html", kind=kind, target=id)


@router.post("/report/{kind}/{id:path}")
def report(request: Request, kind: str, id: Identifier, form: Posted) -> Response:
    """Tell the moderators."""
    _library(request).report(must_be_known(request), kind, id, form["reason"])
    return say(request, RedirectResponse("/", status_code=303), "Thank you: a moderator will look at it.")


@router.get("/moderation")
def moderation(request: Request) -> Response:
    """Open reports and claims, and what was done."""
    reader, library = must_be_known(request), _library(request)
    return render(
        request,
        "moderation.html",
        reports=library.reports(reader),
        claims=library.open_claims(reader),
        log=library.moderation_log(reader),
    )


@router.post("/moderation/comments/{number}")
def comment(request: Request, number: Number, form: Posted) -> Response:
    """Take a comment off its page, or put it back."""
    reader, library = must_be_known(request), _library(request)
    if "undo" in form:
        library.restore_comment(reader, number)
    else:
        library.remove_comment(reader, number, form["reason"])
    return back(request, "/moderation")


@router.post("/moderation/reports")
def dismiss(request: Request, form: Posted) -> Response:
    """Leave something where it is."""
    _library(request).dismiss(must_be_known(request), form["kind"], form.number("target") or 0)
    return back(request, "/moderation")


@router.post("/moderation/claims/{number}")
def claims(request: Request, number: Number, form: Posted) -> Response:
    """Grant or refuse a claim."""
    _library(request).decide_claim(must_be_known(request), number, grant="grant" in form)
    return back(request, "/moderation")


@router.get("/readers")
def readers(request: Request, page: Page = 1) -> Response:
    """Accounts, for those who look after them."""
    reader = must_be_known(request)
    found = _library(request).accounts(reader, page=page)
    return render(request, "readers.html", found=found, page=page)


@router.post("/readers/{number}")
def reader(request: Request, number: Number, form: Posted) -> Response:
    """Change a reader's role, or ban them, or let them in again."""
    asking, library = must_be_known(request), _library(request)
    if form["role"]:
        library.appoint(asking, number, form["role"])
    else:
        library.lock_out(asking, number, form["reason"], undo="undo" in form)
    return back(request, "/readers")


@router.post("/papers/{id:path}/lead")
def lead(request: Request, id: Identifier, form: Posted) -> Response:
    """Put a paper at the top of a day."""
    library = _library(request)
    lead = library.pick_lead(must_be_known(request), id, day=form["day"], byline=form["byline"], why=form["why"])
    return say(request, RedirectResponse(f"/date/{lead.day}", status_code=303), "This paper is the lead of the day.")


@router.post("/date/{day}/lead")
def unlead(request: Request, day: Slug, form: Posted) -> Response:
    """Leave the lead of a day to votes again."""
    _library(request).unpick_lead(must_be_known(request), day)
    return back(request, "/")


@router.post("/authors/{slug}/claim")
def claim(request: Request, slug: Slug, form: Posted) -> Response:
    """Say to be this author."""
    _library(request).claim_author(must_be_known(request), slug, form["words"])
    return say(request, back(request, "/"), "Thank you: a moderator will look at it.")


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
