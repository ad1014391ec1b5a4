"""Saved result pages of a trending-papers site, as HTML.

Papers are taken from the data that such pages carry for their scripts (`data-props`), where it is there; else from
headings that link to a paper, or stand in an <article>, with the paragraph that follows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import orjson
from lxml import etree, html

from broadsheet.errors import SourceError
from broadsheet.records import SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.files import FileSource, decoded, whole_bytes
from broadsheet.sources.page import Entry, record_of

_HEADINGS = ("h1", "h2", "h3", "h4")
_DEEPEST = 30
_SHORTEST_ABSTRACT = 80
_SURELY_ABSTRACT = 200
Element = etree._Element


class HtmlPage(FileSource):
    """A saved page as HTML."""

    name = "page"

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[str, Entry]]:
        """Yield each paper with its rank.

        Raises:
            SourceError: the page cannot be parsed, or shows no papers.
        """
        content = decoded(whole_bytes(stream)).replace("\0", "")
        try:
            parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
            root = html.document_fromstring(content.encode("utf-8", "replace"), parser=parser)
        except (etree.LxmlError, ValueError, AssertionError) as error:
            raise SourceError(f"{self.path.name} cannot be parsed as HTML: {error}.") from error
        found = _from_data(root) or _from_headings(root)
        if not found:
            raise SourceError(f"{self.path.name} is an HTML page without papers (headings followed by an abstract).")
        for rank, (place, entry) in enumerate(found, 1):
            yield place, _ranked(entry, rank)

    def record(self, raw: Entry) -> SourceRecord:
        """Return the record of a paper on a page, with its rank as a signal.

        Raises:
            Rejected: it is no paper.
        """
        return record_of(raw)

    def shown(self, raw: Entry) -> object:
        """Return the title."""
        return raw.title


def _ranked(entry: Entry, rank: int) -> Entry:
    return Entry(rank, entry.title, entry.abstract, None, entry.identifiers, entry.authors, entry.date, entry.links)


def _from_data(root: Element) -> list[tuple[str, Entry]]:
    found: dict[str, tuple[str, Entry]] = {}
    for element in root.iterfind(".//*[@data-props]"):
        try:
            data = orjson.loads(element.get("data-props", ""))
        except orjson.JSONDecodeError:
            continue
        for item in _papers(data, 0):
            entry = _of_item(item)
            found.setdefault(f"{entry.identifiers}{entry.title}", (f"line {element.sourceline}", entry))
    return list(found.values())


def _papers(data: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the objects with a title and a summary, wherever they are nested."""
    if depth > _DEEPEST:
        return
    if isinstance(data, list):
        for one in data:
            yield from _papers(one, depth + 1)
    elif isinstance(data, dict):
        if isinstance(data.get("title"), str) and isinstance(data.get("summary"), str) and "paper" not in data:
            yield data
        else:
            for one in data.values():
                yield from _papers(one, depth + 1)


def _of_item(item: dict[str, Any]) -> Entry:
    identifiers = clean.public(clean.line(item.get("id")))
    return Entry(
        0,
        clean.line(item["title"]),
        clean.unwrapped(item["summary"]),
        identifiers=identifiers,
        authors=clean.authors(item.get("authors")),
        date=clean.date(item.get("publishedAt")),
        links=clean.links(code=item.get("githubRepo"), project=item.get("projectPage")),
    )


def _from_headings(root: Element) -> list[tuple[str, Entry]]:
    found = []
    for heading, paragraph in _headings_with_paragraphs(root):
        article = next(heading.iterancestors("article"), None)
        if paragraph is not None and article is not None and article not in paragraph.iterancestors("article"):
            paragraph = None
        addresses = [link.get("href", "").strip() for link in (*heading.iter("a"), *heading.iterancestors("a"))]
        identifiers = clean.public(*addresses)
        title, abstract = _text(heading), _text(paragraph) if paragraph is not None else None
        if title and (identifiers or (abstract and (article is not None or len(abstract) >= _SURELY_ABSTRACT))):
            links = clean.links(page=next((link for link in map(clean.link, addresses) if link), None))
            found.append((f"line {heading.sourceline}", Entry(0, title, abstract, None, identifiers, links=links)))
    return found


def _headings_with_paragraphs(root: Element) -> Iterator[tuple[Element, Element | None]]:
    """Yield each heading with the first long paragraph between it and the next heading."""
    heading, paragraph = None, None
    for element in root.iter(*_HEADINGS, "p"):
        if element.tag != "p":
            if heading is not None:
                yield heading, paragraph
            heading, paragraph = element, None
        elif heading is not None and paragraph is None and len(_text(element)) >= _SHORTEST_ABSTRACT:
            paragraph = element
    if heading is not None:
        yield heading, paragraph


def _text(element: Element) -> str:
    return clean.line("".join(str(part) for part in element.itertext()))
