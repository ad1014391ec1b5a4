"""The ACL Anthology's XML files: one collection each, of volumes of papers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from lxml import etree

from broadsheet.errors import SourceError
from broadsheet.records import Author, SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.files import FileSource, whole_bytes
from broadsheet.text.normalise import identifiers

Element = etree._Element


class AclXml(FileSource):
    """One file of the Anthology's data folder."""

    name = "acl"

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[str, Element]]:
        """Yield each paper and each front matter of the collection.

        Raises:
            SourceError: the file is not well-formed XML.
        """
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
        try:
            root = etree.fromstring(whole_bytes(stream), parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise SourceError(f"{self.path.name} is not well-formed XML: {error}.") from error
        for paper in root.iterfind("volume/*"):
            if paper.tag in ("paper", "frontmatter"):
                yield f"line {paper.sourceline}", paper

    def record(self, raw: Element) -> SourceRecord:
        """Return the record that a paper element is.

        Raises:
            Rejected: it has no title, or no id can be made for it.
        """
        volume = raw.getparent()
        assert volume is not None
        meta = volume.find("meta")
        own = _anthology_id(raw, volume)
        abstract = clean.text(_text(raw.find("abstract")))
        doi = raw.findtext("doi")
        title = raw.find("title")
        if title is None and raw.tag == "frontmatter" and meta is not None:
            title = meta.find("booktitle")
        return SourceRecord(
            source="acl",
            scheme="acl",
            own_id=own,
            title=clean.title(_text(title)),
            abstract=clean.unwrapped(abstract),
            authors=_authors(raw),
            date=_date(meta),
            venue=_venue(meta),
            identifiers=clean.public(f"acl:{own}", doi),
            links=_links(raw, own),
            licence=clean.line(raw.findtext("license")) or None,
            status="withdrawn" if raw.find("retracted") is not None else "published",
        )

    def shown(self, raw: Element) -> object:
        """Return the paper's text."""
        return " ".join(str(part) for part in raw.itertext())


def _anthology_id(paper: Element, volume: Element) -> str:
    """Return the paper's id: of its <url> where that is one, else of collection, volume and number.

    Raises:
        Rejected: there is none.
    """
    collection = volume.getparent()
    number = "0" if paper.tag == "frontmatter" else clean.line(paper.get("id"))
    whole, part = clean.line(collection.get("id") if collection is not None else ""), clean.line(volume.get("id"))
    if whole[:1].isdigit():
        made = f"{whole}-{part}.{number}"
    else:
        made = f"{whole}-{part}{number.zfill(3 if len(part) == 1 else 2)}"
    for candidate in (clean.line(paper.findtext("url")), made):
        for name in identifiers(candidate if "://" in candidate else f"acl:{candidate}"):
            if name.startswith("acl:"):
                return name.removeprefix("acl:")
    raise Rejected("it has no Anthology id")


def _text(element: Element | None) -> str:
    """Return an element's text; <tex-math> becomes a formula between dollar signs, other markup goes."""
    if element is None:
        return ""
    parts = [element.text or ""]
    for child in element:
        inner = _text(child) if isinstance(child.tag, str) else ""
        parts.append(f"${inner}$" if child.tag == "tex-math" else inner)
        parts.append(child.tail or "")
    return "".join(parts)


def _authors(paper: Element) -> tuple[Author, ...]:
    people = []
    for author in paper.iterfind("author"):
        name = " ".join(part for tag in ("first", "last") if (part := clean.line(_text(author.find(tag)))))
        if name and len(name) <= clean.LONGEST_NAME:
            people.append(Author(name, clean.orcid(author.get("orcid"))))
    return tuple(people)


def _date(meta: Element | None) -> str | None:
    if meta is None:
        return None
    year, month = clean.line(meta.findtext("year")), clean.month(clean.line(meta.findtext("month")))
    return clean.date(f"{year}-{month}") or clean.date(year)


def _venue(meta: Element | None) -> str | None:
    return (
        (clean.line(meta.findtext("venue")) or clean.line(_text(meta.find("booktitle"))) or None)
        if meta is not None
        else None
    )


def _links(paper: Element, own: str) -> dict[str, str]:
    url = clean.line(paper.findtext("url"))
    page = url if "://" in url else f"https://aclanthology.org/{own}"
    return clean.links(page=page, pdf=f"https://aclanthology.org/{own}.pdf" if url else None)
