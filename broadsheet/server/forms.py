"""Forms: what was sent, that it came from a page of ours, where to go back to, and a word on what was done."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated
from urllib.parse import SplitResult, parse_qs, urlsplit

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from broadsheet.errors import Forbidden, InputError, NotFound
from broadsheet.server.sessions import must_be_known, reader_of, session_of, set_cookie

if TYPE_CHECKING:
    from broadsheet.library import Library

TOKEN = "csrf"  # the hidden field that every form has
_ANCHOR = "broadsheet-form"  # the cookie that ties forms to the browsers of those who are not logged in
_FLASH = "broadsheet-said"
_MOST_BYTES, _MOST_FIELDS = 1 << 17, 100
_MOST_UPLOADED = (20 << 20) + (1 << 16)  # a file of 20 MB, and what is around it
_SALT = 8


class Form:
    """The fields of a form that came from a page of ours; what is missing is empty."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        return self._fields.get(name, [""])[-1].replace("\0", " ")  # PostgreSQL takes none

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def given(self, name: str) -> str | None:
        """Return the value of a field, or None where the form has no such field."""
        return self[name] if name in self._fields else None

    def number(self, name: str) -> int | None:
        """Return the number in a field, or None where it is empty.

        Raises:
            NotFound: it is no number that anything can have.
        """
        text = self[name]
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise NotFound("There is no such thing.")
        return int(text)

    def all(self, name: str) -> list[str]:
        """Return every value of a field."""
        return [value.replace("\0", " ") for value in self._fields.get(name, [])]


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with one file: the other fields, the file's name and what is in it."""

    form: Form
    name: str
    content: bytes


async def posted(request: Request) -> Form:
    """Read a form and check that it came from a page of ours.

    Raises:
        Forbidden: it did not.
        InputError: it is no form.
    """
    form = await read(request)
    await run_in_threadpool(check, request, form[TOKEN])
    return form


async def read(request: Request) -> Form:
    """Read a form, wherever it came from.

    Raises:
        InputError: it is no form.
    """
    return Form(_parsed(await _body(request, _MOST_BYTES)))


async def uploaded(request: Request) -> Upload:
    """Read a form with one file of somebody who is known, and check that it came from a page of ours.

    Raises:
        LogInFirst: nobody that is known sends it.
        Forbidden: it did not.
        InputError: it is no such form.
    """
    await run_in_threadpool(must_be_known, request)  # first: so much is read of nobody else
    body = await _body(request, _MOST_UPLOADED)
    form, name, content = await run_in_threadpool(_parts, request.headers.get("content-type", ""), body)
    await run_in_threadpool(check, request, form[TOKEN])
    return Upload(form, name, content)


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise HTTPException(413, f"A form may hold {most // 1024:,} kB.")
    return bytes(body)


Uploaded = Annotated[Upload, Depends(uploaded)]
Posted = Annotated[Form, Depends(posted)]
FromAnywhere = Annotated[Form, Depends(read)]  # where another site gains nothing by sending it


def check(request: Request, token: str) -> None:
    """Check that a form came from a page that was made for this browser.

    Raises:
        Forbidden: another site sent it, or the page was made for somebody else.
    """
    if not (_from_here(request) and _is_ours(request, token)):
        raise Forbidden("This form is too old, or did not come from this site. Go back, reload the page and try again.")


def csrf_token(request: Request) -> str:
    """Return the token for the forms of a page.

    It differs from address to address, so that a compressed page tells nothing about it (BREACH), and stays the same
    for one address and session, so that an unchanged page stays unchanged.
    """
    salt = blake2b(str(request.url).encode(), digest_size=_SALT).hexdigest()
    return f"{salt}.{_library(request).signature(TOKEN, salt + _anchor(request))}"


def keep_anchor(request: Request, response: Response) -> None:
    """Give the browser the cookie that the forms of this page are tied to, where they needed one."""
    if hasattr(request.state, "anchor") and request.cookies.get(_ANCHOR) != request.state.anchor:
        set_cookie(request, response, _ANCHOR, request.state.anchor, seconds=86_400)


def back(request: Request, otherwise: str, *, anchor: str = "") -> Response:
    """Return the way back to the page of ours that a form stood on, or to another of ours."""
    came_from = _split(request.headers.get("referer", ""))
    address = otherwise
    if came_from.netloc == request.headers.get("host") and came_from.netloc:
        address = local_path(came_from._replace(scheme="", netloc="", fragment="").geturl(), otherwise)
    return RedirectResponse(address + (f"#{anchor}" if anchor else ""), status_code=303)


def local_path(address: str, otherwise: str = "/") -> str:
    """Return an address if it is a path on this site, else another one: nobody is sent elsewhere from here.

    >>> local_path("//evil.example"), local_path("/shelf?page=2")
    ('/', '/shelf?page=2')
    """
    printable = address.isascii() and address.isprintable() and "\\" not in address and " " not in address
    return address if printable and address.startswith("/") and not address.startswith("//") else otherwise


def say(request: Request, response: Response, words: str) -> Response:
    """Have the next page say what was done; return the response."""
    set_cookie(request, response, _FLASH, _library(request).seal("said", words, seconds=60), seconds=60)
    return response


def said(request: Request) -> str | None:
    """Return what the last form wants said, if anything."""
    sealed = request.cookies.get(_FLASH)
    if not sealed:
        return None
    try:
        return str(_library(request).unseal("said", sealed))
    except InputError:
        return None


def forget_said(request: Request, response: Response) -> None:
    """Say it only once."""
    if _FLASH in request.cookies:
        set_cookie(request, response, _FLASH, "", seconds=0)


def _parsed(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError) as error:
        raise InputError("What was sent is no form.") from error


def _parts(content_type: str, body: bytes) -> tuple[Form, str, bytes]:
    """Return the fields of a form of several parts (RFC 7578), and the name and content of its file."""
    if not content_type.startswith("multipart/form-data"):
        raise InputError("What was sent is no form with a file.")
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: dict[str, list[str]] = {}
    name, content = "", b""
    for part in message.iter_parts():
        field, found = part.get_param("name", "", header="content-disposition"), part.get_payload(decode=True)
        inside = found if isinstance(found, bytes) else b""
        if part.get_filename() is not None:
            name, content = str(part.get_filename()), inside
        else:
            fields.setdefault(str(field), []).append(inside.decode("utf-8", "replace"))
    return Form(fields), name, content


def _from_here(request: Request) -> bool:
    """Say whether the browser does not say that another site made the request."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    public = urlsplit(request.app.state.settings.url).netloc
    return _split(origin).netloc in {request.headers.get("host"), public} - {None, ""}


def _split(address: str) -> SplitResult:
    """Return the parts of an address that a header names; where it is none, those of nothing."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _is_ours(request: Request, token: str) -> bool:
    salt, _, signature = token.partition(".")
    anchor = _known_anchor(request)
    return anchor is not None and _library(request).is_signed(TOKEN, salt + anchor, signature)


def _anchor(request: Request) -> str:
    known = _known_anchor(request)
    if known is None:
        known = request.state.anchor = secrets.token_urlsafe(24)
    return known


def _known_anchor(request: Request) -> str | None:
    """Return what ties a form to this browser: its session, this machine, or a cookie for those not logged in."""
    reader, session = reader_of(request), session_of(request)
    if session is not None and reader is not None:
        return f"{session.id} {session.created} {reader.id}"  # stays the same when the token changes
    if reader is not None:
        return "local"
    return getattr(request.state, "anchor", None) or request.cookies.get(_ANCHOR)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
