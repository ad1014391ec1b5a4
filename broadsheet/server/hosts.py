"""Which names this server answers to: a page on another name could otherwise reach it through the reader's browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from broadsheet.server.errors import answer
from broadsheet.settings import Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Return the host names to answer to: loopback, those of the settings, and that of the public address."""
    given = {name.strip("[]").lower() for name in settings.allowed_hosts}
    public = urlsplit(settings.url).hostname if settings.url else None
    return LOOPBACK | given | ({public} if public else frozenset())


def host_name(header: str) -> str | None:
    """Return the name in a Host header without its port, or None where it is no host at all.

    >>> host_name("[::1]:8000")
    '::1'
    """
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.netloc == header and "@" not in header else None


class Hosts:
    """ASGI: answers 421 to requests for any other host name, and 400 to those that name none."""

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        name = host_name(request.headers.get("host", ""))
        if name in self._allowed:
            await self._app(scope, receive, send)
        else:
            response = await run_in_threadpool(answer, request, *_refusal(name))
            await response(scope, receive, send)


def _refusal(name: str | None) -> tuple[int, str]:
    if name is None:
        return 400, "The request's Host header is missing or is no host name."
    return 421, f"This server does not answer to {name!r:.80}. Add the name to BROADSHEET_ALLOWED_HOSTS if it should."
