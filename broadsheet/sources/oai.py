"""OAI-PMH: lists page by page, and the errors that the protocol knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlencode

from lxml import etree

from broadsheet.errors import SourceError
from broadsheet.sources.clean import excerpt
from broadsheet.sources.polite import ATTEMPTS, Damaged, Get, Polite, http_get

NAMESPACE = "{http://www.openarchives.org/OAI/2.0/}"
Element = etree._Element


class OaiError(Exception):
    """An error that the server reports inside its reply; `code` is the protocol's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


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
        attempts: int = ATTEMPTS,
    ) -> None:
        self._url = url
        self._server = Polite(url, now=now, sleep=sleep, jitter=jitter, get=get, attempts=attempts)

    def ask(self, **arguments: str) -> Element:
        """Return the root of the server's reply, asking again as long as there is hope.

        Raises:
            OaiError: the server reports an error of the protocol.
            SourceError: the server refuses the request.
            Unavailable: the server or the network went on failing.
        """
        root = self._server.read(f"{self._url}?{urlencode(arguments)}", _checked)
        assert root is not None
        return root

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


def _checked(body: bytes) -> Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        raise Damaged(excerpt(str(fault))) from fault
    error = root.find(f"{NAMESPACE}error")
    if error is not None:
        raise OaiError(error.get("code", "unknown"), excerpt(error.text or ""))
    if root.tag != f"{NAMESPACE}OAI-PMH":
        raise SourceError(f"The server's reply is no OAI-PMH but begins with <{excerpt(str(root.tag))}>.")
    return root
