"""Logging in and out, and a reader's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import Forbidden, InputError, NotFound
from broadsheet.records import Reader
from broadsheet.server import oidc
from broadsheet.server.forms import Posted, check, local_path, say
from broadsheet.server.params import Slug
from broadsheet.server.sessions import log_in, log_out, must_be_known, network_of, reader_of, session_of
from broadsheet.web.rendering import render

if TYPE_CHECKING:
    from broadsheet.library import Library

router = APIRouter(default_response_class=HTMLResponse)

_SENT = "If this address may read here, a link to log in is on its way to it. It works for an hour."


# -- in and out --------------------------------------------------------------------------------------------------------


@router.get("/login")
def login(request: Request, next: str = "/") -> Response:
    """How to log in."""
    if reader_of(request) is not None:
        return RedirectResponse(local_path(next), status_code=303)
    return _login(request, next=local_path(next))


@router.post("/login")
def ask(request: Request, form: Posted) -> Response:
    """Mail a link to log in, or log in with a password where one is given."""
    next, library = local_path(form["next"] or "/"), _library(request)
    try:
        if form["password"]:
            reader = library.log_in(form["email"], form["password"], network=network_of(request))
            return _in(request, reader, next)
        library.ask_to_log_in(form["email"], next=next, network=network_of(request))
    except InputError as error:
        fields = ("email", "password") if form["password"] else ("email",)
        return _login(request, next=next, status=400, email=form["email"], wrong=str(error), fields=fields)
    return _login(request, next=next, email=form["email"], sent=_SENT)


@router.get("/login/with/{name}")
def with_issuer(request: Request, name: Slug, next: str = "/", add: str = "") -> Response:
    """Go and log in at an issuer, or, with `add` as a page of the reader's own has it, add it as another way in.

    Without that another site could have whoever is logged in there under its name added to an account here.
    """
    reader, issuer = reader_of(request), oidc.issuer_named(request, name)
    if reader is not None and reader.local:
        raise NotFound("There is no logging in where no account is needed.")
    if reader is not None:
        check(request, add)
    _library(request).set_out(network_of(request))
    return oidc.depart(request, issuer, next=local_path(next), linking=reader.id if reader else None)


@router.get("/login/from/{name}")
def from_issuer(request: Request, name: Slug) -> Response:
    """Come back from an issuer."""
    try:
        response = _arrived(request, oidc.arrive(request, oidc.issuer_named(request, name)))
    except (InputError, Forbidden) as error:
        response = _refused(request, str(error))
    oidc.forget(request, response)
    return response


def _arrived(request: Request, visitor: oidc.Visitor) -> Response:
    """Let a visitor in, or note who they are where that is what they went for."""
    reader, library = reader_of(request), _library(request)
    if visitor.linking is None:
        reader = library.come_in(visitor.issuer, visitor.subject, visitor.email)
        return _in(request, reader, local_path(visitor.next))
    if reader is None or reader.id != visitor.linking:
        raise InputError("You logged out, or in as somebody else, meanwhile. Try again.")
    library.link_identity(reader, visitor.issuer, visitor.subject)
    return say(request, _in(request, reader, "/me"), "You can log in that way from now on.")


def _refused(request: Request, words: str) -> Response:
    if reader_of(request) is not None:
        return _me(request, InputError(words))
    return _login(request, next="/", status=400, wrong=words)


@router.get("/login/{token}")
def link(request: Request, token: Slug) -> Response:
    """What a link is for; it is used only when its button is pressed, since programs look at links, too."""
    response = render(request, "link.html", link=_library(request).link(token))
    response.headers["Cache-Control"] = "no-store"  # the address is a key
    return response


@router.post("/login/{token}")
def use(request: Request, token: Slug, form: Posted) -> Response:
    """Use a link."""
    reader, next = _library(request).follow_link(token)
    return _in(request, reader, local_path(next))


@router.post("/logout")
def logout(request: Request, form: Posted) -> Response:
    """End the session."""
    response = RedirectResponse("/", status_code=303)
    log_out(request, response)
    return say(request, response, "You are logged out.")


def _login(
    request: Request,
    *,
    next: str,
    status: int = 200,
    email: str = "",
    wrong: str = "",
    fields: tuple[str, ...] = (),
    sent: str = "",
) -> Response:
    library = _library(request)
    return render(
        request,
        "login.html",
        status=status,
        next=next,
        email=email,
        wrong=wrong,
        fields=fields,
        sent=sent,
        registration=library.settings.registration,
        can_mail=library.can_mail,
        issuers=library.settings.oidc,
    )


def _in(request: Request, reader: Reader, next: str) -> Response:
    response = RedirectResponse(next, status_code=303)
    log_in(request, response, reader)
    return response


# -- one's own account -------------------------------------------------------------------------------------------------


@router.get("/me")
def me(request: Request) -> Response:
    """The reader's account."""
    return _me(request)


@router.post("/me")
def change(request: Request, form: Posted) -> Response:
    """Change name and time zone."""
    reader, library = must_be_known(request), _library(request)
    try:
        if form["name"] and form["name"] != reader.name:
            library.rename(reader, form["name"])
        if form["timezone"]:
            library.set_timezone(reader, form["timezone"])
    except InputError as error:
        return _me(request, error, name=form["name"], timezone=form["timezone"])
    return _done(request, "Changed.")


@router.post("/me/password")
def password(request: Request, form: Posted) -> Response:
    """Set or change the password; all other sessions end, and this one gets another token."""
    reader, session, library = must_be_known(request), session_of(request), _library(request)
    try:
        library.set_password(reader, form["new"], old=form["old"], session=session.id if session else None)
    except InputError as error:
        return _me(request, error)
    response = _done(request, "The password is set, and all other sessions have ended.")
    if session is not None:
        log_in(request, response, reader)
    return response


@router.post("/me/address")
def address(request: Request, form: Posted) -> Response:
    """Mail a link that makes an address the reader's."""
    reader = must_be_known(request)
    try:
        _library(request).ask_for_address(reader, form["email"])
    except InputError as error:
        return _me(request, error, email=form["email"])
    return _done(request, "If nobody else has this address, a link that confirms it is on its way to it.")


@router.post("/me/sessions")
def end_session(request: Request, form: Posted) -> Response:
    """Log out in one place, or everywhere else."""
    reader, session = must_be_known(request), session_of(request)
    number = form.number("session")
    but = None if number is not None or session is None else session.id
    _library(request).end_sessions(reader, number, but=but)
    return _done(request, "That session has ended." if number is not None else "All other sessions have ended.")


@router.get("/me/export")
def export(request: Request) -> Response:
    """Everything of the reader's, as one archive."""
    content = _library(request).export_all(must_be_known(request))
    named = {"Content-Disposition": 'attachment; filename="broadsheet.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=named)


@router.post("/me/delete")
def delete(request: Request, form: Posted) -> Response:
    """Delete the account."""
    reader, library = must_be_known(request), _library(request)
    try:
        library.delete_account(reader, form["sure"])
    except InputError as error:
        return _me(request, error)
    response = RedirectResponse("/", status_code=303)
    log_out(request, response)
    return say(request, response, "Your account is deleted.")


@router.post("/me/identities")
def unlink(request: Request, form: Posted) -> Response:
    """Log in by an issuer no more."""
    try:
        _library(request).unlink_identity(must_be_known(request), form["issuer"], form["subject"])
    except InputError as error:
        return _me(request, error)
    return _done(request, "That is no way in any more.")


@router.post("/me/invite")
def invite(request: Request, form: Posted) -> Response:
    """Invite somebody to make an account."""
    reader, library = must_be_known(request), _library(request)
    try:
        path = library.invite(reader, form["email"])
    except InputError as error:
        return _me(request, InputError(str(error), "guest"), guest=form["email"])
    if library.can_mail:
        return _done(request, f"An invitation is on its way to {form['email']}.")
    return _done(request, f"This paper sends no mail: hand over {str(request.base_url).rstrip('/')}{path}")


def _me(request: Request, error: InputError | None = None, **typed: str) -> Response:
    """Return the page of the reader's account; where something was wrong, with that and with what was typed."""
    reader, library = must_be_known(request), _library(request)
    here = session_of(request)
    return render(
        request,
        "me.html",
        status=200 if error is None else 400,
        wrong="" if error is None else str(error),
        field="" if error is None else error.field,
        typed=typed,
        sessions=library.sessions(reader),
        here=here.id if here else None,
        zones=sorted(available_timezones()),
        registration=library.settings.registration,
        issuers=library.settings.oidc,
        identities=library.identities(reader),
    )


def _done(request: Request, words: str) -> Response:
    return say(request, RedirectResponse("/me", status_code=303), words)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
