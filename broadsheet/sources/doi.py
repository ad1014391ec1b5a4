"""DOIs, live: what the agency where a DOI is registered says of it, as CSL-JSON by content negotiation."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from lxml import html

from broadsheet.errors import SourceError
from broadsheet.records import SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.csl import record_of
from broadsheet.sources.guarded import guarded_get
from broadsheet.sources.polite import ATTEMPTS, Get, Polite

BASE_URL = "https://doi.org"
CSL = "application/vnd.citationstyles.csl+json"
_BLOCKS = ("title", "p", "sec", "list-item", "div", "br", "li")
_HEADING = re.compile(r"(?:abstract|summary)\b[.:]?\s*", re.IGNORECASE).match

described = partial(guarded_get, accept=CSL, kind="json")


class Doi:
    """The resolver of DOIs; clock, sleep, jitter (0 to 1) and GET are given."""

    name = "doi"

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        base_url: str = BASE_URL,
        get: Get = described,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._server = Polite(self._base, now=now, sleep=sleep, jitter=jitter, get=get, attempts=attempts)

    def fetch(self, identifier: str) -> SourceRecord | None:
        """Return the record of one DOI, or None where it is not registered.

        Raises:
            SourceError: the text is no DOI, or what is said of it cannot be used.
            Unavailable: the network or the server failed.
        """
        doi = next((one[4:] for one in clean.public(identifier) if one.startswith("doi:")), None)
        if doi is None:
            raise SourceError(f"{identifier!r} is no DOI; write one such as 10.1145/3292500.")
        found = self._server.json(f"{self._base}/{quote(doi, safe='/')}")
        if found is None:
            return None
        try:
            return _record(doi, found)
        except Rejected as reason:
            raise SourceError(f"What is said of {doi} cannot be used: {reason}.") from reason


def _record(doi: str, found: Any) -> SourceRecord:
    """Return the record in a description, known by the DOI that was asked for and by nothing else it may say.

    Raises:
        Rejected: it is none, has no title, or describes another DOI.
    """
    if not isinstance(found, Mapping):
        raise Rejected("it is no description of a paper")
    told = str(found.get("DOI") or doi)
    if told.lower() != doi:
        raise Rejected(f"it describes {clean.excerpt(told)}")
    plain = {"title": _plain(_first(found.get("title"))), "abstract": _plain(found.get("abstract"))}
    record = record_of({**found, **plain})
    return replace(
        record,
        source="doi",
        scheme="doi",
        own_id=doi,
        identifiers=clean.public(f"doi:{doi}"),
        links={"page": f"https://doi.org/{quote(doi, safe='/')}"},
        comment=None,
    )


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _plain(value: object) -> object:
    """Return a text without the markup (JATS, HTML) and the heading that publishers deposit it with."""
    if not isinstance(value, str) or "<" not in value:
        return value
    try:
        root = html.fromstring(f"<div>{value}</div>")
    except (ValueError, AssertionError) as error:  # of lxml: what is in it is no text
        raise Rejected("its text is damaged") from error
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.rpartition(":")[2] in _BLOCKS:
            element.tail = " " + (element.tail or "")
    text = " ".join("".join(str(part) for part in root.itertext()).split())
    heading = _HEADING(text)
    return text[heading.end() :] if heading else text
