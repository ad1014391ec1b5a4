"""Who is asking: the reader of a session, or, on a laptop without accounts, whoever sits there."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Literal

from starlette.requests import Request
from starlette.responses import Response

from broadsheet.errors import Forbidden, LogInFirst
from broadsheet.server.hosts import LOOPBACK, host_name

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.records import Reader, Session

Door = Literal["local", "accounts", "read-only"]

_FORWARDING = ("forwarded", "via", "x-real-ip", "true-client-ip", "cf-connecting-ip", "fly-client-ip")
_LASTS = 30 * 86_400  # seconds
_AGENT = "user-agent"


def reader_of(request: Request) -> Reader | None:
    """Return who asks; None: nobody that is known. The answer holds for the whole request."""
    if not hasattr(request.state, "reader"):
        request.state.session = None
        request.state.reader = _local_reader(request) or _session_reader(request)
    found: Reader | None = request.state.reader
    return found


def session_of(request: Request) -> Session | None:
    """Return the session of who asks; None for the local reader and for those who are not known."""
    reader_of(request)
    found: Session | None = request.state.session
    return found


def must_be_known(request: Request) -> Reader:
    """Return who asks.

    Raises:
        LogInFirst: nobody that is known.
        Forbidden: this instance is read-only.
    """
    reader = reader_of(request)
    if reader is not None:
        return reader
    if door_of(request) == "read-only":
        raise Forbidden("This paper is read-only until it has an account: `broadsheet reader add --admin` makes one.")
    raise LogInFirst("Log in to do that.")


def door_of(request: Request) -> Door:
    """Return how readers come in here: as the local reader, by their accounts, or not at all."""
    reader = reader_of(request)
    if reader is not None:
        return "local" if reader.local else "accounts"
    return "accounts" if _library(request).has_admin() else "read-only"


def is_at_this_machine(request: Request) -> bool:
    """Say whether a request comes from this machine, without a proxy between, to a server that only it can reach."""
    headers = request.headers
    forwarded = any(name in _FORWARDING or name.startswith("x-forwarded") for name in headers)
    forwarded = forwarded or request.scope.get("http_version") == "1.0"  # nginx, unless told otherwise; no browser
    return bool(request.app.state.local) and not forwarded and host_name(headers.get("host", "")) in LOOPBACK


def log_in(request: Request, response: Response, reader: Reader) -> None:
    """Start a session in place of the one there was, and give the browser its token."""
    _end(request)
    _give(request, response, _library(request).start_session(reader, agent=request.headers.get(_AGENT, "")))


def log_out(request: Request, response: Response) -> None:
    """End the session."""
    _end(request)
    set_cookie(request, response, _cookie(request), "", seconds=0)


def keep_logged_in(request: Request, response: Response) -> None:
    """Exchange the token of a session now and then: one that was stolen is soon worth nothing."""
    session = session_of(request)
    token = session and _library(request).rotated(session)
    if token:
        _give(request, response, token)


def _end(request: Request) -> None:
    reader, session = reader_of(request), session_of(request)
    if reader is not None and session is not None:
        _library(request).end_sessions(reader, session.id)


def _give(request: Request, response: Response, token: str) -> None:
    signed = f"{token}.{_library(request).signature('session', token)}"
    set_cookie(request, response, _cookie(request), signed, seconds=_LASTS)


def _token(request: Request) -> str | None:
    """Return the token of the session that a request claims, if its signature is this instance's."""
    token, _, signature = request.cookies.get(_cookie(request), "").partition(".")
    return token if token and _library(request).is_signed("session", token, signature) else None


def set_cookie(request: Request, response: Response, name: str, value: str, *, seconds: int) -> None:
    """Set a cookie that no script reads and no other site sends along."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=_secure(request), httponly=True, samesite="lax")


def network_of(request: Request) -> str | None:
    """Return the network that a request comes from: as much of the address as one household or company shares."""
    try:
        address = ipaddress.ip_address(request.client.host.partition("%")[0] if request.client else "")
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


def _local_reader(request: Request) -> Reader | None:
    return _library(request).local_reader() if is_at_this_machine(request) else None


def _session_reader(request: Request) -> Reader | None:
    token = _token(request)
    found = _library(request).session(token) if token else None
    if found is None:
        return None
    request.state.session, reader = found
    return reader


def _cookie(request: Request) -> str:
    return "__Host-broadsheet" if _secure(request) else "broadsheet"


def _secure(request: Request) -> bool:
    return str(request.app.state.settings.url).startswith("https://")


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
