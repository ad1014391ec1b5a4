"""RIS files, each reference parsed by rispy on its own, so that a bad one spoils no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

import rispy

from broadsheet.records import Author, SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.files import FileSource, whole

_START = re.compile(r"^TY {1,2}- ", re.MULTILINE)
_VENUES = ("secondary_title", "journal_name", "alternate_title3", "alternate_title2", "tertiary_title")


class Ris(FileSource):
    """A list of references in RIS."""

    name = "ris"

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[str, str]]:
        """Yield the lines from each `TY` tag to the next."""
        content = "\n".join(whole(stream).splitlines())
        starts = [match.start() for match in _START.finditer(content)]
        line = 1
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(content)], strict=True)):
            line += content.count("\n", starts[number - 1] if number else 0, start)
            yield f"line {line}", content[start:end]

    def record(self, raw: str) -> SourceRecord:
        """Return the record that a reference is.

        Raises:
            Rejected: it is not closed, or has no title.
        """
        if not re.search(r"^ER {1,2}-", raw, re.MULTILINE):
            raise Rejected("the reference has no ER line at its end")
        try:
            found = rispy.loads(raw)
        except (KeyError, TypeError, OSError) as error:  # rispy's own; KeyError where an untagged line follows no tag
            raise Rejected("it is not valid RIS") from error
        if not found:
            raise Rejected("it is not valid RIS")
        return _of_reference(found[0])


def _of_reference(item: dict[str, Any]) -> SourceRecord:
    get = item.get
    name = clean.title(get("title") or get("primary_title"))
    names = get("authors") or get("first_authors") or []
    people = tuple(Author(plain) for one in names if (plain := clean.family_first(one)) and len(plain) <= 300)
    when = _date(item)
    abstract = clean.text(get("abstract") or get("notes_abstract"))
    urls = [url for url in get("urls") or [] if isinstance(url, str)]
    public = clean.public(get("doi"), get("accession_number"), *urls)
    scheme, own, identifiers = clean.reference("ris", public, name, people, when, abstract)
    return SourceRecord(
        source="ris",
        scheme=scheme,
        own_id=own,
        title=name,
        abstract=abstract,
        authors=people,
        date=when,
        venue=next((venue for key in _VENUES if (venue := clean.line(get(key)))), None),
        keywords=clean.listed(get("keywords")),
        identifiers=identifiers,
        links=clean.links(page=urls[0] if urls else None, pdf=get("file_attachments1")),
        comment=clean.line((get("notes") or [""])[0]) or None,
    )


def _date(item: dict[str, Any]) -> str | None:
    """Return the date: `DA` or `Y1` where they agree with `PY`, written 2017/06/12/ or 2017-06-12."""
    dates = [clean.date(str(item.get(key, "")).rstrip("/ ")) for key in ("date", "publication_year", "year")]
    return max((date for date in dates if date), key=len, default=None)
