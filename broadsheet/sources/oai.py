"""OAI-PMH, spoken politely: a pause between requests, retries with back-off, limits of time and size."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import version
from urllib.parse import urlencode

import httpx
from lxml import etree

from broadsheet.errors import SourceError, Unavailable
from broadsheet.sources.clean import excerpt

NAMESPACE = "{http://www.openarchives.org/OAI/2.0/}"
PAUSE = 3.0  # seconds between requests, as arXiv asks
ATTEMPTS = 7
LONGEST_WAIT = 3_600.0  # seconds that a server may ask us to wait
LONGEST_REPLY = 600.0  # seconds that one reply may take in all
LARGEST_REPLY = 128 << 20  # bytes
_RETRIED = frozenset((408, 425, 429, 500, 502, 503, 504))
Element = etree._Element


class OaiError(Exception):
    """An error that the server reports inside its reply; `code` is the protocol's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Get = Callable[[str], Reply]


def http_get(url: str) -> Reply:
    """Return the reply to a GET request.

    Raises:
        httpx.HTTPError: the network failed, or the reply took too long or grew too large.
    """
    deadline = time.monotonic() + LONGEST_REPLY
    with _client().stream("GET", url) as response:
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


class Client:
    """A polite reader of one OAI-PMH server; clock, sleep, jitter (0 to 1) and GET are given."""

    def __init__(
        self,
        url: str,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        get: Get = http_get,
    ) -> None:
        self._url = url
        self._now, self._sleep, self._jitter, self._get = now, sleep, jitter, get
        self._asked: datetime | None = None

    def ask(self, **arguments: str) -> Element:
        """Return the root of the server's reply, asking again as long as there is hope.

        Raises:
            OaiError: the server reports an error of the protocol.
            SourceError: the server refuses the request.
            Unavailable: the server or the network went on failing.
        """
        url = f"{self._url}?{urlencode(arguments)}"
        reason = ""
        for attempt in range(ATTEMPTS):
            self._pause()
            try:
                reply = self._get(url)
            except httpx.HTTPError as error:
                reason, wait = str(error) or type(error).__name__, None
            else:
                if reply.status == 200:
                    try:
                        return _checked(reply.body)
                    except etree.XMLSyntaxError as error:
                        reason, wait = f"its reply was cut off or damaged: {excerpt(str(error))}", None
                elif reply.status in _RETRIED:
                    reason, wait = f"it answered {reply.status}", self._retry_after(reply.headers)
                else:
                    raise SourceError(f"{self._url} refuses the request with status {reply.status}.")
            if attempt < ATTEMPTS - 1:
                self._sleep(wait if wait is not None else PAUSE * 2**attempt * (1 + self._jitter()))
        raise Unavailable(f"{self._url} failed {ATTEMPTS} times, at last because {reason}. Try again later.")

    def pages(self, **arguments: str) -> Iterator[Element]:
        """Yield the pages of a list, following resumption tokens; a list without records has none.

        Raises:
            OaiError: the server reports an error, such as badResumptionToken for one that has expired.
            SourceError, Unavailable: as `ask`.
        """
        verb = arguments["verb"]
        seen: set[str] = set()
        while True:
            try:
                root = self.ask(**arguments)
            except OaiError as error:
                if error.code == "noRecordsMatch":
                    return
                raise
            yield root
            token = (root.findtext(f"{NAMESPACE}{verb}/{NAMESPACE}resumptionToken") or "").strip()
            if not token:
                return
            if token in seen:
                raise OaiError("badResumptionToken", "the server gave the same token twice")
            seen.add(token)
            arguments = {"verb": verb, "resumptionToken": token}

    def _pause(self) -> None:
        if self._asked is not None:
            passed = (self._now() - self._asked).total_seconds()
            if passed < PAUSE:
                self._sleep(PAUSE - max(passed, 0.0))
        self._asked = self._now()

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        """Return the seconds that the server asks to wait.

        Raises:
            Unavailable: it asks for more than an hour.
        """
        value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
        if value.isdecimal():
            wait = float(value[:9])
        else:
            try:
                wait = max((parsedate_to_datetime(value) - self._now()).total_seconds(), 0.0)
            except (ValueError, TypeError):
                return None
        if wait > LONGEST_WAIT:
            raise Unavailable(f"{self._url} asks to be left alone for {wait / 3600:.1f} hours. Try again then.")
        return wait


def _checked(body: bytes) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    root = etree.fromstring(body, parser)
    error = root.find(f"{NAMESPACE}error")
    if error is not None:
        raise OaiError(error.get("code", "unknown"), excerpt(error.text or ""))
    if root.tag != f"{NAMESPACE}OAI-PMH":
        raise SourceError(f"The server's reply is no OAI-PMH but begins with <{excerpt(str(root.tag))}>.")
    return root
