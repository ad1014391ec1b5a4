"""JSON lines, plain or compressed, in the layouts that collections of papers come in.

A layout is known by its fields, line by line:

- papers files: `id title abstract authors date venue url ...`, of arXiv, of the ACL Anthology, of conferences (with
  `status`, `track`) and of front pages (with `daily_date`, `upvotes`);
- arXiv's own metadata snapshot: `authors_parsed`, `versions`, `update_date`;
- the sample: `summary`, `topics`, `pages`;
- test collections: `id title text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

import orjson

from broadsheet.records import Author, Signal, SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.files import FileSource
from broadsheet.text.normalise import fallback, identifiers

LONGEST_LINE = 16 << 20
_ARXIV_PAGE = "https://arxiv.org/abs/"
_CONFERENCE_ID = re.compile(r"[a-z0-9_.-]+\d{4}:\S+", re.IGNORECASE).fullmatch

Item = Mapping[str, Any]


class JsonLines(FileSource):
    """A file with one JSON object a line."""

    name = "jsonl"

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[str, bytes | None]]:
        """Yield each line that is not blank; None for one that is too long to be a record."""
        number = 0
        while content := stream.readline(LONGEST_LINE):
            number += 1
            if len(content) == LONGEST_LINE and not content.endswith(b"\n"):
                while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield f"line {number}", None
            elif not content.isspace():
                yield f"line {number}", content

    def record(self, raw: bytes | None) -> SourceRecord:
        """Return the record on a line.

        Raises:
            Rejected: the line is no JSON object, or the object is no paper.
        """
        if raw is None:
            raise Rejected(f"the line is longer than {LONGEST_LINE >> 20} MiB")
        try:
            item = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise Rejected(f"the line is not valid JSON: {error}") from None
        if not isinstance(item, dict):
            raise Rejected("the line is no JSON object")
        return of_item(item)

    def shown(self, raw: bytes | None) -> object:
        """Return the line, where it could be kept."""
        return raw or b""


def of_item(item: Item) -> SourceRecord:
    """Return the record that a JSON object of any known layout is.

    Raises:
        Rejected: it is no paper.
    """
    if "authors_parsed" in item or "versions" in item:
        return _of_arxiv_snapshot(item)
    if "summary" in item and "pages" in item:
        return _of_sample(item)
    return _of_papers_file(item)


def _of_papers_file(item: Item) -> SourceRecord:
    get = item.get
    name, people, when = clean.title(get("title")), clean.authors(get("authors")), clean.date(get("date"))
    abstract = clean.text(get("abstract") or get("text"))
    page, pdf = clean.link(get("url")), clean.link(get("pdf"))
    announced, comment = clean.day(get("daily_date")) if "daily_date" in item else None, clean.text(get("comment"))
    own = clean.own_id(get("id"))
    told = own is not None and page == _ARXIV_PAGE + own  # the page says nothing that the id does not
    public = clean.public(own, None if told else page, pdf, get("doi"), get("arxiv"))
    source, scheme = _origin(item, own, public)
    names: tuple[str, ...] = ()
    if scheme in ("arxiv", "acl"):
        named = next(one for one in public if one.startswith(scheme))
        own = named.partition(":")[2]
        announced = announced or (when if scheme == "arxiv" and when and len(when) == 10 else None)
    else:
        scheme, own, names = clean.identity(scheme, own, name, people, when, abstract)
    status = clean.status(get("status"))
    if scheme == "arxiv" and status == "published" and clean.withdrawn(comment, abstract):
        status = "withdrawn"
    return SourceRecord(
        source=source,
        scheme=scheme,
        own_id=own,
        title=name,
        abstract=abstract,
        note=clean.text(get("tldr")),
        authors=people,
        date=when,
        announced=announced,
        venue=clean.line(get("venue")) or None,
        categories=clean.listed(get("categories"), " "),
        keywords=clean.listed(get("keywords")),
        identifiers=(*public, *names),
        links=_links(item, page, pdf),
        comment=comment,
        licence=clean.line(get("licence") or get("license")) or None,
        status=status,
        signals=_signals(item, source),
    )


def _origin(item: Item, own: str | None, public: tuple[str, ...]) -> tuple[str, str]:
    """Return the source and the scheme that a record of a papers file has."""
    first = public[0].partition(":")[0] if public else ""
    if "daily_date" in item or "upvotes" in item:
        return "front_page", "arxiv" if first == "arxiv" else "jsonl"
    if "status" in item or "track" in item or (own and _CONFERENCE_ID(own)):
        return "conferences", "jsonl"
    if first in ("arxiv", "acl") and own and identifiers(own):
        return first, first
    if first == "acl" and "bibkey" in item:
        return "acl", "acl"
    return "jsonl", "jsonl"


def _links(item: Item, page: str | None, pdf: str | None) -> dict[str, str]:
    links = {}
    if page:
        links["page"] = page
    if pdf:
        links["pdf"] = pdf
    if code := clean.link(item.get("github_repo") or item.get("github")):
        links["code"] = code
    if project := clean.link(item.get("project_page") or item.get("project")):
        links["project"] = project
    return links


def _signals(item: Item, source: str) -> tuple[Signal, ...]:
    get = item.get
    if not ("citations" in item or "upvotes" in item or "num_comments" in item or "github_stars" in item):
        return ()
    return clean.signals(
        source,
        clean.day(get("daily_date")) or "",
        votes=get("upvotes"),
        comments=get("num_comments"),
        stars=get("github_stars"),
        citations=get("citations"),
    )


def _of_arxiv_snapshot(item: Item) -> SourceRecord:
    get = item.get
    own = next((one for one in identifiers(clean.line(get("id"))) if one.startswith("arxiv:")), None)
    if own is None:
        raise Rejected("its id is no arXiv id")
    number = own.removeprefix("arxiv:")
    abstract, comment = clean.text(get("abstract")), clean.line(get("comments")) or None
    first, last = _version_days(get("versions"))
    return SourceRecord(
        source="arxiv",
        scheme="arxiv",
        own_id=number,
        title=clean.title(get("title")),
        abstract=clean.unwrapped(abstract),
        authors=_parsed_authors(get("authors_parsed")) or clean.authors(get("authors")),
        date=first or clean.date(get("update_date")),
        updated=last if last != first else None,
        announced=first,
        venue="arXiv",
        categories=clean.listed(get("categories"), " "),
        identifiers=clean.public(number, get("doi")),
        links={"page": _ARXIV_PAGE + number},
        comment=comment,
        licence=clean.line(get("license")) or None,
        status="withdrawn" if clean.withdrawn(comment, abstract) else "published",
    )


def _version_days(versions: object) -> tuple[str | None, str | None]:
    days = (
        [clean.mail_date(one.get("created")) for one in versions if isinstance(one, dict)]
        if isinstance(versions, list)
        else []
    )
    known = [day for day in days if day]
    return (known[0], known[-1]) if known else (None, None)


def _parsed_authors(value: object) -> tuple[Author, ...]:
    """Return the authors in lists of family name, first names, suffix."""
    people = []
    for parts in value if isinstance(value, list) else ():
        names = [clean.line(part) for part in parts[:3]] if isinstance(parts, list) else []
        name = " ".join(part for part in (*names[1:2], *names[:1], *names[2:3]) if part)
        if name and len(name) <= clean.LONGEST_NAME:
            people.append(Author(name))
    return tuple(people)


def _of_sample(item: Item) -> SourceRecord:
    get = item.get
    name, people, when = clean.title(get("title")), clean.authors(get("authors")), clean.date(get("date"))
    page, venue_id = clean.link(get("url")), clean.own_id(get("venue_id"))
    public = clean.public(page, get("arxiv_id"), f"acl:{clean.line(get('acl_id'))}")
    scheme, own, names = clean.identity("title", None, name, people, when, None)
    if venue_id is not None:
        names = (fallback("jsonl", venue_id), *names)
    return SourceRecord(
        source="sample",
        scheme=scheme,
        own_id=own,
        title=name,
        note=clean.text(get("summary")),
        authors=people,
        date=when,
        venue=clean.line(get("venue")) or None,
        keywords=clean.listed(get("topics")),
        identifiers=(*public, *names),
        links=clean.links(page=page),
        signals=_listed(get("pages")),
    )


def _listed(pages: object) -> tuple[Signal, ...]:
    """Return a signal for each page that a sample paper stands on; its line there says as much as its rank would."""
    found: dict[str, Signal] = {}
    for one in pages if isinstance(pages, list) else ():
        if isinstance(one, list) and len(one) == 2 and clean.number(one[1]) is not None:
            source = f"page {clean.line(one[0])[:40]}".strip()
            found.setdefault(source, clean.listing(one[1], source))
    return tuple(found.values())
