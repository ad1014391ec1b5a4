"""A paper's own page, anywhere on the web, live: what it says of itself in the tags that Google Scholar reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from lxml import etree, html

from broadsheet.errors import SourceError
from broadsheet.records import Author, SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.guarded import guarded_get
from broadsheet.sources.polite import ATTEMPTS, Damaged, Get, Polite

_DATES = ("citation_publication_date", "citation_cover_date", "citation_date", "citation_online_date", "citation_year")
_VENUES = ("citation_journal_title", "citation_conference_title", "citation_conference", "citation_inbook_title")
_DOIS = ("citation_doi", "prism.doi", "bepress_citation_doi", "dc.identifier")
_MOST_TAGS = 2_000

page = partial(guarded_get, accept="text/html", kind="html")

Tags = dict[str, list[str]]


class Landing:
    """Any site; clock, sleep, jitter (0 to 1) and GET are given."""

    name = "page"

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        get: Get = page,
        attempts: int = ATTEMPTS,
    ) -> None:
        self._polite = partial(Polite, now=now, sleep=sleep, jitter=jitter, get=get, attempts=attempts)

    def fetch(self, identifier: str) -> SourceRecord | None:
        """Return what a page, by its address, says of its paper; None where there is no page.

        Raises:
            SourceError: it is no page, or says nothing of a paper.
            Unavailable: the network or the server failed.
        """
        host = urlsplit(identifier).netloc
        tags = self._polite(host).read(identifier, _tags, absent=frozenset((404, 410)))
        try:
            return None if tags is None else _record(identifier, tags)
        except Rejected as reason:
            raise SourceError(f"The page at {host} cannot be used: {reason}.") from reason


def _tags(body: bytes) -> Tags:
    """Return the values of the page's tags by their names, in lower case."""
    try:
        root = html.document_fromstring(body)
    except (etree.ParserError, ValueError) as error:
        raise Damaged(clean.excerpt(str(error))) from error
    found: Tags = {}
    for number, tag in enumerate(root.iter("meta")):
        if number < _MOST_TAGS and (value := clean.line(tag.get("content"))):
            found.setdefault((tag.get("name") or tag.get("property") or "").lower(), []).append(value)
    return found


def _record(address: str, tags: Tags) -> SourceRecord:
    """Return the record that a page's tags make.

    Raises:
        Rejected: they name no paper.
    """
    if "citation_title" not in tags:
        raise Rejected("it does not say which paper it is about (it has no tag citation_title)")
    name, people, when = clean.title(_first(tags, "citation_title")), _authors(tags), _date(tags)
    abstract = clean.text(_first(tags, "citation_abstract"))
    arxiv, pdf = _first(tags, "citation_arxiv_id"), _first(tags, "citation_pdf_url")
    dois = [doi for key in _DOIS for doi in tags.get(key, ()) if doi.lower().removeprefix("doi:").startswith("10.")]
    public = clean.public(f"arxiv:{arxiv}" if arxiv else None, *dois, pdf)
    scheme, own, identifiers = clean.reference("page", public, name, people, when, abstract)
    return SourceRecord(
        source="page",
        scheme=scheme,
        own_id=own,
        title=name,
        abstract=abstract,
        authors=people,
        date=when,
        venue=_first(tags, *_VENUES),
        keywords=clean.listed(_first(tags, "citation_keywords"), ";"),
        identifiers=identifiers,
        links=clean.links(page=address, pdf=pdf),
    )


def _first(tags: Tags, *names: str) -> str | None:
    return next((tags[name][0] for name in names if name in tags), None)


def _date(tags: Tags) -> str | None:
    return next((found for name in _DATES for value in tags.get(name, ()) if (found := clean.date(value))), None)


def _authors(tags: Tags) -> tuple[Author, ...]:
    names = tags.get("citation_author") or tags.get("citation_authors", [""])[0].split(";")
    plain = (clean.family_first(name) for name in names)
    return tuple(Author(name) for name in plain if name and len(name) <= clean.LONGEST_NAME)
