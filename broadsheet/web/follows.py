"""Following, subscribing, and the links in mail: what comes, when it comes, and how it stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from broadsheet.errors import InputError
from broadsheet.library.follows import THRESHOLDS
from broadsheet.records import Digest, Reader
from broadsheet.server.addresses import paper_path
from broadsheet.server.conditional import is_shown
from broadsheet.server.forms import TOKEN, Form, FromAnywhere, Posted, back, check, say
from broadsheet.server.sessions import must_be_known, network_of, reader_of
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

OWN = "/follows/settings"  # where the forms of those who are known go
HOOK_FORMATS = {
    "json": "JSON, signed",
    "slack": "Slack",
    "matrix": "Matrix",
    "discord": "Discord",
    "telegram": "Telegram",
}
NEVER_KEPT = {"Cache-Control": "no-store"}  # the address of such a page is a key

router = APIRouter(default_response_class=HTMLResponse)


# -- subscribing with an address alone ---------------------------------------------------------------------------------


@router.get("/subscribe")
def subscribe(request: Request) -> Response:
    """What the trending papers by mail are, and what the first mail would be today."""
    return render(request, "subscribe.html", address=None, **_preview(_library(request)))


@router.post("/subscribe")
def subscribed(request: Request, form: FromAnywhere) -> Response:
    """Ask an address to confirm itself; the answer is the same for all addresses."""
    reader, library = reader_of(request), _library(request)
    if reader is not None:
        check(request, form[TOKEN])
    library.subscribe(form["address"], reader, network=network_of(request))
    if reader is not None and reader.email and reader.confirmed:
        return say(request, RedirectResponse("/follows", 303), f"The trending papers come to {reader.email}.")
    return render(request, "subscribe.html", address=form["address"].strip(), **_preview(library))


@router.get("/mail/confirm/{sealed}")
def confirm(request: Request, sealed: str) -> Response:
    """Ask, before anything is sent, whether to send it; programs that follow links must not answer for people."""
    library = _library(request)
    address = library.confirming(sealed)
    return _private(render(request, "confirm.html", address=address, **_preview(library)))


@router.post("/mail/confirm/{sealed}")
def confirmed(request: Request, sealed: str) -> Response:
    """Have the trending papers sent to the address that this link was sent to."""
    library = _library(request)
    reader = library.confirm(sealed)
    link = library.manage_link(reader.id, library.now).removeprefix(library.base)
    return _private(_manage(request, reader, action=link, words="Confirmed: the trending papers come to you."))


# -- links in mail -----------------------------------------------------------------------------------------------------


@router.get("/mail/stop/{sealed}")
def stop(request: Request, sealed: str) -> Response:
    """Ask whether all mail is to stop; looking at this page stops nothing (RFC 8058)."""
    reader = _library(request).unsubscribing(sealed)
    return _private(render(request, "stop.html", address=reader.email, stopped=False))


@router.post("/mail/stop/{sealed}")
def stopped(request: Request, sealed: str) -> Response:
    """Stop all digests, without cookies, questions or being sent elsewhere (RFC 8058)."""
    library = _library(request)
    reader = library.unsubscribing(sealed)
    library.stop_mail(reader)
    return _private(render(request, "stop.html", address=reader.email, stopped=True))


@router.get("/mail/open/{sealed}")
def opened(request: Request, sealed: str) -> Response:
    """Go to a paper of ours from a mail whose reader wants that to count; a link leads nowhere else.

    What only looks at links does not count: a browser that somebody follows one with says so (Fetch Metadata).
    """
    followed = is_shown(request) and request.headers.get("sec-fetch-mode") == "navigate"
    paper = _library(request).opened(sealed, counts=followed)
    return _private(RedirectResponse(paper_path(paper.id), 303))


@router.get("/mail/manage/{sealed}")
def manage(request: Request, sealed: str) -> Response:
    """What comes to an address, and when; the link is the key."""
    return _private(_manage(request, _library(request).managed(sealed), action=request.url.path))


@router.post("/mail/manage/{sealed}")
def managed(request: Request, sealed: str, form: FromAnywhere) -> Response:
    """Change what comes to an address, and when."""
    library = _library(request)
    reader = library.managed(sealed)
    words = _changed(library, reader, form)
    return _private(_manage(request, reader, action=request.url.path, words=words))


# -- follows of those who are known ------------------------------------------------------------------------------------


@router.get("/follows")
def follows(request: Request) -> Response:
    """What the reader follows, and when its digests come."""
    return _manage(request, must_be_known(request), action=OWN)


@router.post("/follows")
def follow(request: Request, form: Posted) -> Response:
    """Follow something."""
    reader, library = must_be_known(request), _library(request)
    made = library.follow(reader, form["kind"], form["text"], name=form["name"], **_how(form))  # type: ignore[arg-type]
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"id": made.id, "name": made.name}, headers=NEVER_KEPT)
    return say(request, back(request, "/follows"), f"You follow “{made.name}” now; see Follows for when it comes.")


@router.post("/follows/settings")
def settings(request: Request, form: Posted) -> Response:
    """Change what the reader follows, and when its digests come."""
    reader, library = must_be_known(request), _library(request)
    return say(request, RedirectResponse("/follows", 303), _changed(library, reader, form))


@router.get("/follows/preview")
def preview(request: Request) -> Response:
    """What the reader's next digest would be now."""
    return render(request, "digest.html", **_preview(_library(request), must_be_known(request)))


def _preview(library: Library, reader: Reader | None = None) -> dict[str, Any]:
    digest: Digest = library.preview(reader)
    return {"digest": digest, "papers": library.papers_of(digest)}


def _manage(request: Request, reader: Reader, *, action: str, words: str = "") -> Response:
    library = _library(request)
    return render(
        request,
        "follows.html",
        follows=library.follows(reader),
        delivery=library.delivery(reader),
        digests=library.digests(reader),
        hooks=library.hooks(reader) if action == OWN else None,  # a link in mail is no key to what is posted elsewhere
        hook_formats=HOOK_FORMATS,
        linked_here=bool(library.base),
        address=reader.email,
        action=action,
        words=words,
        thresholds=THRESHOLDS,
    )


def _changed(library: Library, reader: Reader, form: Form) -> str:
    """Do what a form on the page of follows asks for, and return a word on it."""
    act = form["act"]
    if act == "stop":
        library.stop_mail(reader)
        return "No digests come any more. What you follow is kept."
    if act == "resume":
        library.resume_mail(reader)
        return "Digests come again, from the next time on."
    if act == "opens":
        library.keep_opens(reader, form["opens"] == "yes")
        return "Saved: what you open from digests counts." if form["opens"] else "Saved: what you open is not kept."
    if act == "delivery":
        library.deliver(
            reader, hour=_number(form, "hour"), weekday=_number(form, "weekday"), timezone=form["timezone"].strip()
        )
        return "Saved."
    if act == "unfollow":
        library.unfollow(reader, _number(form, "follow"))
        return "You do not follow that any more."
    changed = library.change_follow(reader, _number(form, "follow"), name=form.given("name"), **_how(form))
    return f"Saved: “{changed.name}”."


def _how(form: Form) -> dict[str, Any]:
    """Return how a follow is to be delivered, as far as a form says."""
    given: dict[str, Any] = {"every": form["every"]} if form["every"] else {}
    given |= {"size": _number(form, "size")} if form["size"] else {}
    return given | ({"threshold": _share(form["threshold"])} if form["threshold"] else {})


def _number(form: Form, name: str) -> int:
    text = form[name]
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InputError(f"{name} is a whole number, not {text!r:.40}.")
    return int(text)


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"How well papers must match is a number from 0 to 1, not {text!r:.40}.") from error


def _private(response: Response) -> Response:
    response.headers.update(NEVER_KEPT)
    return response


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
