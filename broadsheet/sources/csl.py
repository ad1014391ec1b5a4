"""CSL-JSON files: a list of items, or one item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import orjson

from broadsheet.errors import SourceError
from broadsheet.records import Author, SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.files import FileSource, whole_bytes


class CslJson(FileSource):
    """A list of references in CSL-JSON."""

    name = "csl"

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[str, object]]:
        """Yield each item.

        Raises:
            SourceError: the file is not valid JSON.
        """
        try:
            content = orjson.loads(whole_bytes(stream).removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise SourceError(f"{self.path.name} is not valid JSON: {error}.") from error
        for number, item in enumerate(content if isinstance(content, list) else [content], 1):
            yield f"item {number}", item

    def record(self, raw: object) -> SourceRecord:
        """Return the record that an item is.

        Raises:
            Rejected: it is no object, or has no title.
        """
        if not isinstance(raw, dict):
            raise Rejected("it is no JSON object")
        return record_of(raw)


def record_of(item: dict[str, Any]) -> SourceRecord:
    """Return the record that a CSL-JSON item is.

    Raises:
        Rejected: it has no title, or no id can be made for it.
    """
    get = item.get
    name, when = clean.title(_first(get("title"))), _date(get("issued"))
    people = _authors(get("author"))
    abstract, page = clean.text(get("abstract")), clean.link(get("URL"))
    custom = get("custom")
    kept = custom.get("identifiers") if isinstance(custom, dict) else None
    public = clean.public(get("DOI"), page, get("number"), *(kept if isinstance(kept, list) else ()))
    scheme, own, identifiers = clean.reference("csl", public, name, people, when, abstract)
    return SourceRecord(
        source="csl",
        scheme=scheme,
        own_id=own,
        title=name,
        abstract=abstract,
        authors=people,
        date=when,
        venue=clean.line(_first(get("container-title"))) or None,
        keywords=clean.listed(get("keyword"), ","),
        identifiers=identifiers,
        links=clean.links(page=page),
        comment=clean.line(get("note")) or None,
    )


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _authors(value: object) -> tuple[Author, ...]:
    people = []
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict):
            parts = ("given", "non-dropping-particle", "family", "suffix")
            name = " ".join(part for key in parts if (part := clean.line(one.get(key)))) or clean.line(
                one.get("literal")
            )
            if name and len(name) <= clean.LONGEST_NAME:
                people.append(Author(name, clean.orcid(one.get("ORCID"))))
    return tuple(people)


def _date(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    parts = _first(value.get("date-parts"))
    if isinstance(parts, list) and parts and all(isinstance(part, int | str) for part in parts):
        return clean.date("-".join(str(part) for part in parts[:3]))
    return clean.date(value.get("raw") or value.get("literal"))
