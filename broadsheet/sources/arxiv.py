"""arXiv, live, over OAI-PMH in its formats `arXiv` and `arXivRaw`.

A harvest walks windows of days by datestamp (the day a record last changed). The cursor is the first day of the window
being read, for tokens expire and days do not: a harvest that dies in a window reads that window again. When a token
expires meanwhile, the window is asked for again and what has been yielded of it is passed over. The last window is
open, and the next harvest begins with the day of its first reply, since that day may have had more to come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date as Day
from datetime import datetime, timedelta
from typing import Literal

from broadsheet.errors import SourceError, Unavailable
from broadsheet.records import Author, Batch, SetAside, SourceRecord, day_range
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.files import BATCH
from broadsheet.sources.oai import NAMESPACE, Client, Element, OaiError
from broadsheet.sources.polite import ATTEMPTS, Get, http_get
from broadsheet.text.normalise import identifiers

BASE_URL = "https://oaipmh.arxiv.org/oai"
WINDOW = timedelta(days=7)
_RESTARTS = 5
_ASIDE = re.compile(r"\([^()]*\)")
_SET = re.compile(r"[A-Za-z0-9_.:-]{1,60}").fullmatch


class Arxiv:
    """arXiv, or one of its sets ("cs", "cs:cs:LG"); clock, sleep, jitter (0 to 1) and GET are given."""

    name = "arxiv"

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        set: str | None = None,
        base_url: str = BASE_URL,
        format: Literal["arXiv", "arXivRaw"] = "arXiv",
        get: Get = http_get,
        attempts: int = ATTEMPTS,
    ) -> None:
        if set and not _SET(set):
            raise SourceError(f"{set!r} is no set of arXiv; write one such as cs or cs:cs:LG.")
        self._client = Client(base_url, now=now, sleep=sleep, jitter=jitter, get=get, attempts=attempts)
        self._now, self._set, self._format = now, set, format

    def harvest(self, since: str | None = None) -> Iterator[Batch]:
        """Yield what changed since a day or a stored cursor, else everything, in batches of at most 500.

        Raises:
            SourceError: `since` is no day, or the server refuses the request.
            Unavailable: the server went on failing; what came before has been yielded.
        """
        first = start = self._first_day(since)
        today = self._now().date()
        while True:
            end = start + WINDOW - timedelta(days=1)
            last = end >= today
            yield from self._window(start, None if last else end, _share(first, start, today))
            if last:
                return
            start = end + timedelta(days=1)

    def fetch(self, identifier: str) -> SourceRecord | None:
        """Return the record of one arXiv id as arXiv has it now, or None where there is none.

        Raises:
            SourceError, Unavailable: as `harvest`; or the text is no arXiv id.
        """
        number = next((one[6:] for one in identifiers(identifier) if one.startswith("arxiv:")), None)
        if number is None:
            raise SourceError(f"{identifier!r} is no arXiv id; write one such as 1706.03762.")
        wanted = f"oai:arXiv.org:{number}"
        try:
            root = self._client.ask(verb="GetRecord", identifier=wanted, metadataPrefix=self._format)
            found = root.find(f"{NAMESPACE}GetRecord/{NAMESPACE}record")
            record = None if found is None else record_of(found)
        except OaiError as error:
            if error.code == "idDoesNotExist":
                return None
            raise SourceError(f"arXiv does not give {number}: {error}.") from error
        except Rejected as reason:
            raise SourceError(f"arXiv's record of {number} cannot be used: {reason}.") from reason
        if record is not None and record.own_id != number:
            raise SourceError(f"arXiv answers with {record.own_id} where {number} was asked for.")
        return record

    def _first_day(self, since: str | None) -> Day:
        if since:
            try:
                return Day.fromisoformat(day_range(since.removeprefix("from:"))[0])
            except ValueError as error:
                raise SourceError(f"{since!r} is no day to harvest from; write one such as 2026-11-01.") from error
        root = self._client.ask(verb="Identify")
        earliest = clean.day(root.findtext(f"{NAMESPACE}Identify/{NAMESPACE}earliestDatestamp"))
        return Day.fromisoformat(earliest or "2005-09-16")

    def _window(self, start: Day, end: Day | None, done: float) -> Iterator[Batch]:
        """Yield the batches of one window; only its last one carries the cursor of the next."""
        records: list[SourceRecord] = []
        aside: list[SetAside] = []
        reply_day: Day | None = None
        for root, element in self._elements(start, end):
            reply_day = reply_day or _reply_day(root)
            try:
                records.append(record_of(element))
            except Rejected as reason:
                where = (
                    clean.line(element.findtext(f"{NAMESPACE}header/{NAMESPACE}identifier")) or "a record without id"
                )
                shown = clean.excerpt(" ".join(str(part) for part in element.itertext()))
                aside.append(SetAside(where, str(reason), shown))
            if len(records) + len(aside) == BATCH:
                yield Batch(tuple(records), f"from:{start}", tuple(aside), done)
                records, aside = [], []
        after = end + timedelta(days=1) if end is not None else max(reply_day or start, start)
        yield Batch(tuple(records), f"from:{after}", tuple(aside), 1.0 if end is None else done)

    def _elements(self, start: Day, end: Day | None) -> Iterator[tuple[Element, Element]]:
        """Yield (page, record) for each record of a window once, also when tokens expire and pages repeat."""
        arguments = {"verb": "ListRecords", "metadataPrefix": self._format, "from": start.isoformat()}
        if end is not None:
            arguments["until"] = end.isoformat()
        if self._set:
            arguments["set"] = self._set
        seen: set[tuple[str, str]] = set()
        for _ in range(_RESTARTS):
            try:
                for root in self._client.pages(**arguments):
                    for element in root.iterfind(f"{NAMESPACE}ListRecords/{NAMESPACE}record"):
                        name = _stamp(element)
                        if name not in seen:
                            seen.add(name)
                            yield root, element
                return
            except OaiError as error:
                if error.code != "badResumptionToken":
                    raise SourceError(f"arXiv refuses the harvest from {start}: {error}.") from error
        raise Unavailable(f"arXiv's tokens expired {_RESTARTS} times in the window from {start}. Try again later.")


def record_of(element: Element) -> SourceRecord:
    """Return the record that an OAI-PMH record element of format arXiv or arXivRaw is.

    A deleted record has no title any more: the store keeps the text it has and takes over the status.

    Raises:
        Rejected: it has no arXiv id, no metadata, or no title.
    """
    header = element.find(f"{NAMESPACE}header")
    named = clean.line(header.findtext(f"{NAMESPACE}identifier")) if header is not None else ""
    found = next((one for one in identifiers(named) if one.startswith("arxiv:")), None)
    if header is None or found is None:
        raise Rejected("its identifier is no arXiv id")
    number = found.removeprefix("arxiv:")
    if header.get("status") == "deleted":
        return SourceRecord(
            source="arxiv", scheme="arxiv", own_id=number, title="", identifiers=(found,), status="deleted"
        )
    metadata = element.find(f"{NAMESPACE}metadata")
    if metadata is None or len(metadata) == 0:
        raise Rejected("it has no metadata")
    return _of_metadata(number, metadata[0])


def _of_metadata(number: str, item: Element) -> SourceRecord:
    space = str(item.tag).rpartition("}")[0] + "}"
    raw = space.endswith("arXivRaw/}")

    def get(tag: str) -> str | None:
        return item.findtext(space + tag)

    first, last = _version_days(item, space) if raw else (clean.date(get("created")), clean.date(get("updated")))
    abstract, comment = clean.unwrapped(clean.text(get("abstract"))), clean.line(get("comments")) or None
    return SourceRecord(
        source="arxiv",
        scheme="arxiv",
        own_id=number,
        title=clean.title(get("title")),
        abstract=abstract,
        authors=_raw_authors(get("authors") or "") if raw else _authors(item, space),
        date=first,
        updated=last if last != first else None,
        announced=clean.day(first),
        venue="arXiv",
        categories=clean.listed(get("categories"), " "),
        identifiers=clean.public(f"arxiv:{number}", get("doi")),
        links={"page": f"https://arxiv.org/abs/{number}"},
        comment=comment,
        licence=clean.line(get("license")) or None,
        status="withdrawn" if clean.withdrawn(comment, abstract) else "published",
    )


def _authors(item: Element, space: str) -> tuple[Author, ...]:
    people = []
    for author in item.iterfind(f"{space}authors/{space}author"):
        parts = (clean.line(author.findtext(space + tag)) for tag in ("forenames", "keyname", "suffix"))
        name = " ".join(part for part in parts if part)
        if name and len(name) <= clean.LONGEST_NAME:
            people.append(Author(name))
    return tuple(people)


def _raw_authors(value: str) -> tuple[Author, ...]:
    """Return the authors in one text: "A. One, B. Two (Somewhere) and C. Three"."""
    return clean.authors(_ASIDE.sub("", _ASIDE.sub("", value)))


def _version_days(item: Element, space: str) -> tuple[str | None, str | None]:
    days = [clean.mail_date(version.findtext(f"{space}date")) for version in item.iterfind(f"{space}version")]
    known = [day for day in days if day]
    return (known[0], known[-1]) if known else (None, None)


def _stamp(element: Element) -> tuple[str, str]:
    header = element.find(f"{NAMESPACE}header")
    if header is None:
        return "", str(element.sourceline)
    return header.findtext(f"{NAMESPACE}identifier") or "", header.findtext(f"{NAMESPACE}datestamp") or ""


def _reply_day(root: Element) -> Day | None:
    found = clean.day(root.findtext(f"{NAMESPACE}responseDate"))
    return Day.fromisoformat(found) if found else None


def _share(first: Day, start: Day, today: Day) -> float:
    return min(max((start - first).days, 0) / max((today - first).days, 1), 1.0)
