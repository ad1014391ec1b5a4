"""An ETag on every page, and 304 to those who have it already (RFC 9110, sections 8.8.3 and 13.1.2)."""

from __future__ import annotations

from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def etag(content: bytes) -> str:
    """Return the weak ETag of some content: weak, because compression changes the bytes and not the meaning."""
    return f'W/"{blake2b(content, digest_size=12).hexdigest()}"'


def is_shown(request: Request) -> bool:
    """Say whether what is asked for is shown to somebody now: neither HEAD nor fetched in advance."""
    return not request.scope.get("head") and "prefetch" not in request.headers.get("sec-purpose", "")


class Conditional:
    """ASGI: tags what routes answer to GET, answers 304 where the client has it, and HEAD without the content."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        response = _Response(send, Headers(scope=scope).get("if-none-match", ""), head=head)
        asked = {**scope, "method": "GET", "head": head}
        await self._app(asked, receive, response.receive)
        scope["route"] = asked.get("route")  # the router says in its scope what it chose; the measuring looks there


class _Response:
    """Holds one response back until it is whole, then sends it, or only word that nothing changed."""

    def __init__(self, send: Send, known: str, *, head: bool) -> None:
        self._send = send
        self._known = {tag.strip() for tag in known.split(",")}
        self._head = head
        self._start: Message = {}
        self._parts: list[bytes] = []

    async def receive(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish(b"".join(self._parts))

    async def _finish(self, content: bytes) -> None:
        if self._start["status"] == 200:
            headers = MutableHeaders(scope=self._start)
            tag = headers.setdefault("ETag", etag(content))
            if tag in self._known:
                self._start["status"] = 304
                del headers["Content-Length"]
                content = b""
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": b"" if self._head else content})
