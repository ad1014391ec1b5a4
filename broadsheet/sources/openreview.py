"""OpenReview, live: one paper by the id of its forum, from the newer of its two interfaces that has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from broadsheet.errors import SourceError, Unavailable
from broadsheet.records import SourceRecord, Status
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.guarded import guarded_get
from broadsheet.sources.polite import ATTEMPTS, Get, Polite

BASE_URLS = ("https://api2.openreview.net", "https://api.openreview.net")  # since 2023, and before

answered = partial(guarded_get, accept="application/json", kind="json")


class OpenReview:
    """OpenReview's interfaces; clock, sleep, jitter (0 to 1) and GET are given."""

    name = "openreview"

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        base_urls: tuple[str, ...] = BASE_URLS,
        get: Get = answered,
        attempts: int = ATTEMPTS,
    ) -> None:
        polite = partial(Polite, now=now, sleep=sleep, jitter=jitter, get=get, attempts=attempts)
        self._servers = [(base.rstrip("/"), polite(base.rstrip("/"))) for base in base_urls]

    def fetch(self, identifier: str) -> SourceRecord | None:
        """Return the record of one forum, or None where nobody may see one of this id.

        Raises:
            SourceError: the text is no id of OpenReview, or what it says cannot be used.
            Unavailable: the network or the server failed.
        """
        number = next((one[11:] for one in clean.public(identifier) if one.startswith("openreview:")), None)
        if number is None:
            raise SourceError(f"{identifier!r} is no address of OpenReview's; they look like openreview:rJ4km2R5t7.")
        note = next((note for base, server in self._servers if (note := _note(base, server, number))), None)
        try:
            return None if note is None else _record(number, note)
        except Rejected as reason:
            raise SourceError(f"What OpenReview says of {number} cannot be used: {reason}.") from reason


def _note(base: str, server: Polite, number: str) -> Mapping[str, Any] | None:
    found = server.json(f"{base}/notes?{urlencode({'id': number})}")
    notes = found.get("notes") if isinstance(found, Mapping) else []
    if not isinstance(notes, list):
        raise Unavailable(f"{base} answers with something else than notes. Try again later.")
    return next((note for note in notes if isinstance(note, Mapping)), None)


def _record(number: str, note: Mapping[str, Any]) -> SourceRecord:
    """Return the record of the first note of a forum.

    Raises:
        Rejected: it is that of another forum, an answer in one, or has no title.
    """
    if note.get("id") != number or note.get("forum", number) != number:
        raise Rejected("it is another note or an answer in a discussion")
    content = note.get("content")
    fields = content if isinstance(content, Mapping) else {}
    told = {name: value.get("value") if isinstance(value, Mapping) else value for name, value in fields.items()}
    venue = clean.line(told.get("venue"))
    return SourceRecord(
        source="openreview",
        scheme="openreview",
        own_id=number,
        title=clean.title(told.get("title")),
        abstract=clean.unwrapped(clean.text(told.get("abstract"))),
        authors=clean.authors(told.get("authors")),
        date=_day(note.get("pdate") or note.get("cdate") or note.get("tcdate")),
        venue=None if venue.lower().startswith("submitted to") else venue or None,
        keywords=clean.listed(told.get("keywords"), ","),
        identifiers=clean.public(f"openreview:{number}"),
        links=clean.links(
            page=f"https://openreview.net/forum?id={number}",
            pdf=f"https://openreview.net/pdf?id={number}" if told.get("pdf") else None,
            code=told.get("code"),
        ),
        status="withdrawn"
        if "withdrawn" in venue.lower()
        else "rejected"
        if "reject" in venue.lower()
        else "published",
    )


def _status(venue: str) -> Status:
    return "withdrawn" if "withdrawn" in venue else "rejected" if "reject" in venue else "published"


def _day(milliseconds: object) -> str | None:
    """Return the day of a time in milliseconds since 1970, or None where it is none."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int) or not 0 < milliseconds < 1 << 43:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
