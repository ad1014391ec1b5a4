"""The ACL Anthology, live: one paper by its id, as the BibTeX that stands beside its page."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from broadsheet.errors import SourceError
from broadsheet.records import SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.bibtex import BibTeX
from broadsheet.sources.clean import Rejected
from broadsheet.sources.guarded import guarded_get
from broadsheet.sources.polite import ATTEMPTS, Damaged, Get, Polite

BASE_URL = "https://aclanthology.org"


class Anthology:
    """The Anthology's site; clock, sleep, jitter (0 to 1) and GET are given."""

    name = "acl"

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        base_url: str = BASE_URL,
        get: Get = guarded_get,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._server = Polite(self._base, now=now, sleep=sleep, jitter=jitter, get=get, attempts=attempts)

    def fetch(self, identifier: str) -> SourceRecord | None:
        """Return the record of one Anthology id, or None where there is none.

        Raises:
            SourceError: the text is no Anthology id, or its BibTeX cannot be used.
            Unavailable: the network or the server failed.
        """
        number = next((one[4:] for one in clean.public(identifier) if one.startswith("acl:")), None)
        if number is None:
            raise SourceError(f"{identifier!r} is no id of the ACL Anthology; write one such as 2020.acl-main.1.")
        content = self._server.read(f"{self._base}/{number}.bib", _bibtex, absent=frozenset((404,)))
        try:
            return None if content is None else _record(number, content)
        except Rejected as reason:
            raise SourceError(f"The Anthology's entry of {number} cannot be used: {reason}.") from reason


def _bibtex(body: bytes) -> bytes:
    if not body.lstrip().startswith(b"@"):
        raise Damaged("it is no BibTeX")
    return body


def _record(number: str, content: bytes) -> SourceRecord:
    """Return the record of the one entry, under the name that it has in the Anthology's own files.

    Raises:
        Rejected: it has no title, or is the entry of another paper.
    """
    source = BibTeX(Path(f"{number}.bib"))
    record = next((source.record(raw) for _, raw in source.entries(io.BytesIO(content))), None)
    if record is None:
        raise Rejected("there is none")
    told = [name for name in clean.public(record.links.get("page")) if name.startswith("acl:")]
    if told != [f"acl:{number}"]:
        raise Rejected(f"it is that of {told[0] if told else 'another paper'}")
    dois = (name for name in record.identifiers if name.startswith("doi:"))
    return replace(
        record,
        source="acl",
        scheme="acl",
        own_id=number,
        identifiers=clean.public(f"acl:{number}", next(dois, None)),
        links=clean.links(page=f"https://aclanthology.org/{number}", pdf=f"https://aclanthology.org/{number}.pdf"),
        comment=None,
    )
