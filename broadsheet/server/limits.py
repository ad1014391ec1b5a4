"""How many requests are worked on at once; the rest wait a moment and are then asked to come back."""

from __future__ import annotations

import os

import anyio
import anyio.to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.server.errors import answer

PLACES = 2 * (os.cpu_count() or 1)
_SPARE_THREADS = 4  # for health checks, static files and error pages while every place is taken
_WAIT_SECONDS = 1.0
_ALWAYS = ("/healthz", "/readyz", "/metrics", "/static/")


def size_thread_pool(places: int = PLACES) -> None:
    """Let the running event loop's thread pool hold one thread a place; to be called inside the loop."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = places + _SPARE_THREADS


class Gate:
    """ASGI: lets `places` requests through at once and answers 503 to one that has waited for `wait` seconds.

    A request whose client is slow to send it takes no place meanwhile: a few such would keep everybody out.
    """

    def __init__(self, app: ASGIApp, places: int = PLACES, wait: float = _WAIT_SECONDS) -> None:
        self._app = app
        self._places = anyio.Semaphore(places)
        self._wait = wait

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_ALWAYS):
            await self._app(scope, receive, send)
            return
        with anyio.move_on_after(self._wait) as waiting:
            await self._places.acquire()
        if waiting.cancelled_caught:
            await self._refuse(scope, receive, send)
            return
        place = _Place(self._places, receive)
        try:
            await self._app(scope, place.receive, send)
        finally:
            place.leave()

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = "Too many readers at this moment. Please try again in a few seconds."
        response = await run_in_threadpool(answer, Request(scope, receive), 503, message)
        await response(scope, receive, send)


class _Place:
    """One request's place, given up while its client is waited for."""

    def __init__(self, places: anyio.Semaphore, receive: Receive) -> None:
        self._places = places
        self._receive = receive
        self._mine = True

    async def receive(self) -> Message:
        self.leave()
        message = await self._receive()
        await self._places.acquire()
        self._mine = True
        return message

    def leave(self) -> None:
        if self._mine:
            self._mine = False
            self._places.release()
