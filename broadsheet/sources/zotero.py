"""A Zotero library, through Zotero's Web API v3: the items at the top, as records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from broadsheet.errors import SettingsError, SourceError
from broadsheet.records import Author, SetAside, SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected

_NO_PAPERS = ("attachment", "note", "annotation")
_PAGE = 100


class Zotero:
    """The library of a user ("users/475425") or a group ("groups/12"), public, or with a key that may read it.

    `endpoint` is another address of the API, such as that of the Zotero program on this machine.

    Raises:
        SettingsError: pyzotero is not installed.
        SourceError: the library's name is none.
    """

    name = "zotero"

    def __init__(self, library: str, key: str | None = None, endpoint: str | None = None) -> None:
        kind, _, number = library.strip("/").partition("/")
        if kind not in ("users", "groups") or not number.isdecimal():
            raise SourceError(f"A Zotero library is named users/NUMBER or groups/NUMBER, not {library!r:.60}.")
        try:
            from pyzotero.zotero import Zotero as Client
        except ImportError as error:
            raise SettingsError("Zotero libraries need pyzotero: pip install 'broadsheet[zotero]'.") from error
        # The program's addresses begin with /api, which pyzotero knows only of its local mode.
        program = endpoint is not None and endpoint.rstrip("/").endswith("/api")
        self._client: Any = Client(number, kind.removesuffix("s"), key, local=program)
        if endpoint:
            self._client.endpoint = endpoint.rstrip("/")

    def records(self) -> Iterator[SourceRecord | SetAside]:
        """Yield the library's items, and what could not be read of them.

        Raises:
            SourceError: Zotero does not answer, or will not.
        """
        for item in self._items():
            try:
                yield record(item)
            except Rejected as error:
                yield SetAside(
                    where=f"item {item.get('key')}", reason=str(error), excerpt=clean.line(item.get("title"))
                )

    def _items(self) -> list[dict[str, Any]]:
        try:
            found = self._client.everything(self._client.top(limit=_PAGE))
        except Exception as error:  # pyzotero lets those of its HTTP client through beside its own
            raise SourceError(f"Zotero could not be read: {type(error).__name__}: {error!s:.200}") from error
        items = [item.get("data") or {} for item in found if isinstance(item, dict)]
        return [item for item in items if item.get("itemType") not in _NO_PAPERS]


def record(item: dict[str, Any]) -> SourceRecord:
    """Return the record that an item's data is.

    Raises:
        Rejected: it has no title.
    """
    get = item.get
    name, when = clean.title(get("title")), clean.date(get("date"))
    people = tuple(_people(get("creators")))
    abstract, page = clean.text(get("abstractNote")), clean.link(get("url"))
    public = clean.public(get("DOI"), page, get("archiveID"), *clean.line(get("extra")).split())
    scheme, own, identifiers = clean.reference("zotero", public, name, people, when, abstract)
    venues = [clean.line(get(key)) for key in ("publicationTitle", "proceedingsTitle", "bookTitle")]
    return SourceRecord(
        source="zotero",
        scheme=scheme,
        own_id=own,
        title=name,
        abstract=abstract,
        authors=people,
        date=when,
        venue=next(filter(None, venues), None),
        identifiers=identifiers,
        links=clean.links(page=page),
    )


def _people(value: object) -> Iterator[Author]:
    for one in value if isinstance(value, list) else ():
        if isinstance(one, dict) and one.get("creatorType") in ("author", None):
            parts = (clean.line(one.get(key)) for key in ("name", "firstName", "lastName"))
            name = " ".join(filter(None, parts))
            if name and len(name) <= clean.LONGEST_NAME:
                yield Author(name)
