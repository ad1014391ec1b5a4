"""Asking a server politely: a pause between requests, retries with back-off, limits of time and size."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import version
from threading import Lock
from typing import Any, TypeVar

import httpx
import orjson

from broadsheet.errors import SourceError, Unavailable

PAUSE = 3.0  # seconds between requests, as arXiv asks
ATTEMPTS = 7
LONGEST_WAIT = 3_600.0  # seconds that a server may ask us to wait
LONGEST_REPLY = 600.0  # seconds that one reply may take in all
LARGEST_REPLY = 128 << 20  # bytes
_RETRIED = frozenset((408, 425, 429, 500, 502, 503, 504))

_MOST_WAITING = 20  # requests that may wait for their turn; a clock that was set back says that there are more
_MOST_SERVERS = 1_000  # that are remembered
_TURNS = Lock()
_asked: dict[tuple[str, Callable[[], datetime]], datetime] = {}  # when each server was last asked, or will be next

T = TypeVar("T")


class Damaged(Exception):
    """A reply that cannot be read, and might be better the next time."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Get = Callable[[str], Reply]


def http_get(url: str, *, bearer: str = "") -> Reply:
    """Return the reply to a GET request, made with a token where one is given.

    Raises:
        httpx.HTTPError: the network failed, or the reply took too long or grew too large.
    """
    deadline = time.monotonic() + LONGEST_REPLY
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}  # httpx takes it to no other server
    with _client().stream("GET", url, headers=headers) as response:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LARGEST_REPLY or time.monotonic() > deadline:
                raise httpx.ReadError(f"the reply is larger than {LARGEST_REPLY >> 20} MiB or took too long")
        return Reply(response.status_code, bytes(body), response.headers)


@cache
def _client() -> httpx.Client:
    agent = f"broadsheet/{version('broadsheet')} (self-hosted paper reader; one request per 3 s)"
    return httpx.Client(timeout=60, follow_redirects=True, headers={"User-Agent": agent})


class Polite:
    """A polite reader of one server; clock, sleep, jitter (0 to 1) and GET are given."""

    def __init__(
        self,
        name: str,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        get: Get = http_get,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._name, self._attempts = name, attempts
        self._now, self._sleep, self._jitter, self._get = now, sleep, jitter, get

    def json(self, url: str) -> Any:
        """Return the JSON of an address; None where the server has nothing there (404, 451).

        Raises:
            SourceError: the server refuses the request.
            Unavailable: the server or the network went on failing, or asks to be left alone.
        """
        return self.read(url, _json, absent=frozenset((404, 451)))

    def read(self, url: str, reader: Callable[[bytes], T], *, absent: frozenset[int] = frozenset()) -> T | None:
        """Return what `reader` makes of a reply, asking again as long as there is hope; None for an absent status.

        Raises:
            SourceError: the server refuses the request.
            Unavailable: the server or the network went on failing, or asks to be left alone.
        """
        reason = ""
        for attempt in range(self._attempts):
            self._pause()
            try:
                reply = self._get(url)
            except httpx.HTTPError as error:
                reason, wait = str(error) or type(error).__name__, None
            else:
                if reply.status == 200:
                    try:
                        return reader(reply.body)
                    except Damaged as damage:
                        reason, wait = f"its reply was cut off or damaged: {damage}", None
                elif reply.status in absent:
                    return None
                else:
                    reason, wait = f"it answered {reply.status}", self._wait(reply)
            if attempt < self._attempts - 1:
                self._sleep(wait if wait is not None else PAUSE * 2**attempt * (1 + self._jitter()))
        often = f"failed {self._attempts} times, at last" if self._attempts > 1 else "failed"
        raise Unavailable(f"{self._name} {often} because {reason}. Try again later.")

    def _pause(self) -> None:
        """Wait for this request's turn: all who ask one server by one clock take turns, threads too."""
        name = (self._name, self._now)
        with _TURNS:
            now = self._now()
            passed = (now - _asked[name]).total_seconds() if name in _asked else PAUSE
            if len(_asked) > _MOST_SERVERS:
                _asked.clear()
            wait = min(max(PAUSE - passed, 0.0), PAUSE * _MOST_WAITING)
            _asked[name] = now + timedelta(seconds=wait)
        if wait:
            self._sleep(wait)

    def _wait(self, reply: Reply) -> float | None:
        """Return the seconds that the server asks to wait before it is asked again.

        Raises:
            SourceError: it refuses the request for good.
            Unavailable: it asks for more than an hour, or says that we have asked enough.
        """
        headers = {name.lower(): value for name, value in reply.headers.items()}
        if reply.status == 403 and headers.get("x-ratelimit-remaining") == "0":
            raise Unavailable(f"{self._name} has answered as often as it likes to for now. Try again later.")
        if reply.status not in _RETRIED:
            raise SourceError(f"{self._name} refuses the request with status {reply.status}.")
        wait = self._seconds(headers.get("retry-after", "").strip())
        if wait is not None and wait > LONGEST_WAIT:
            raise Unavailable(f"{self._name} asks to be left alone for {wait / 3600:.1f} hours. Try again then.")
        return wait

    def _seconds(self, value: str) -> float | None:
        if value.isdecimal():
            return float(value[:9])
        try:
            return max((parsedate_to_datetime(value) - self._now()).total_seconds(), 0.0)
        except (ValueError, TypeError):
            return None


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Damaged(str(error)) from error
