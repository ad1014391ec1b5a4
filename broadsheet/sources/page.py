"""Saved result pages of a trending-papers site, as text: a masthead, then title and abstract, title and abstract.

The lines may have blank lines between them or not. A line is an abstract when it is long, or is shorter and made of
sentences; a title is the short line just before one. The masthead's day has no year and is nobody's announcement.
What stands alone is set aside, never joined to something else and never dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from broadsheet.records import Author, SourceRecord
from broadsheet.sources import clean
from broadsheet.sources.clean import Rejected
from broadsheet.sources.files import FileSource, whole

_LONG = 400  # characters: always an abstract
_SHORT = 60  # characters: never one
_ABSTRACT = 200  # characters: an abstract when it ends like a sentence
_SENTENCE_END = re.compile(r"[.!?…][\"'\u201d\u2019)\]]*$").search
_INNER_END = re.compile(r"[a-z0-9)\]%][.!?]\s+[A-Z]").search
_DAY = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:, ?\d{4})?"
_FURNITURE = re.compile(
    r"(?:new|get trending papers in your email inbox.*|subscribe|today|yesterday|week|month|daily|weekly|monthly|"
    rf"by ?\S.{{0,60}}and the research community(?: ?{_DAY})?|(?:(?:daily|weekly|monthly|trending|hot) )?papers|"
    rf"(?:(?:published|submitted|posted) )?(?:on )?{_DAY}(?: ?· ?\d.{{0,30}})?|search(?: papers| results.{{0,60}})?|"
    r"log ?in|sign ?up|sign ?in|trending|submit(?: a paper)?|(?:up)?votes?(?: \d+)?|[\d.,]+ ?[km]?|[·•|\u2013\u2014-]+|"
    r"(?:· ?)?\d+ (?:authors?|comments?)|(?:submitted|published|posted|shared) by .{0,80}|(?:load|show) more|previous|"
    r"next|view (?:all|paper|pdf).{0,20}|github(?: .{0,20})?|arxiv(?: page)?|menu|home|about|privacy|terms|contact)",
    re.IGNORECASE,
).fullmatch
_MASTHEAD = re.compile(r"get trending papers in your email inbox|and the research community", re.IGNORECASE).search
_GLUED = re.compile(r"Subscribe(?=[^\sa-z])").match
_BYLINE = re.compile(r"(?:by|authors?|submitted by|published)\b[: ]", re.IGNORECASE).match


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper of a page, or a line (`trouble` says why) that could not be made part of one."""

    rank: int
    title: str
    abstract: str | None = None
    trouble: str | None = None
    identifiers: tuple[str, ...] = ()
    authors: tuple[Author, ...] = ()
    date: str | None = None
    links: dict[str, str] = field(default_factory=dict)


class TextPage(FileSource):
    """A saved page as text."""

    name = "page"

    def entries(self, stream: IO[bytes]) -> Iterator[tuple[str, Entry]]:
        """Yield each paper with its rank, and each line that belongs to none."""
        yield from papers_of(whole(stream))

    def record(self, raw: Entry) -> SourceRecord:
        """Return the record of a paper on a page, with its rank as a signal.

        Raises:
            Rejected: the line belongs to no paper.
        """
        return record_of(raw)

    def shown(self, raw: Entry) -> object:
        """Return the line."""
        return raw.title


def record_of(entry: Entry) -> SourceRecord:
    """Return the record of a paper on a saved page, in text or HTML.

    Raises:
        Rejected: it is no paper.
    """
    if entry.trouble:
        raise Rejected(entry.trouble)
    name, abstract = clean.title(entry.title), clean.text(entry.abstract)
    scheme, own, identifiers = clean.reference("page", entry.identifiers, name, entry.authors, entry.date, abstract)
    return SourceRecord(
        source="page",
        scheme=scheme,
        own_id=own,
        title=name,
        abstract=abstract,
        authors=entry.authors,
        date=entry.date,
        identifiers=identifiers,
        links=entry.links,
        signals=(clean.listing(entry.rank, "page"),),
    )


def looks_like_page(content: str) -> bool:
    """Return whether a text is a saved page: its masthead is known, or nearly all of it is titles with abstracts."""
    found = [entry for _, entry in papers_of(content)]
    good = [entry for entry in found if entry.abstract]
    if good and any(_MASTHEAD(line) for line in content.splitlines()[:20]):
        return True
    return len(good) >= 2 and len(good) >= 0.8 * len(found) and not re.match(r"\s*[#*>{\[<]", content)


def papers_of(content: str) -> Iterator[tuple[str, Entry]]:
    """Yield (place, entry) for each paper of a page of text, in order."""
    rank, waiting = 0, None
    for number, line in _useful_lines(content):
        place = f"line {number}"
        if waiting is not None and (_is_abstract(line) or _is_short_abstract(line)):
            rank += 1
            yield waiting[0], Entry(rank, waiting[1], line)
            waiting = None
        elif _is_abstract(line):
            yield place, Entry(0, line, trouble="a paragraph without a title before it")
        elif waiting is None or not _BYLINE(line):
            if waiting is not None:
                yield waiting[0], Entry(0, waiting[1], trouble="a line without an abstract after it")
            waiting = (place, line)
    if waiting is not None:
        yield waiting[0], Entry(0, waiting[1], trouble="a line without an abstract after it")


def _useful_lines(content: str) -> Iterator[tuple[int, str]]:
    """Yield the numbered lines that are no furniture; a "Subscribe" glued to the first of them is taken off."""
    first = True
    subscribed = False
    for number, line in enumerate(_unbroken(content), 1):
        plain = clean.line(line)
        if not plain or _FURNITURE(plain):
            subscribed = subscribed or plain.lower() == "subscribe"
            continue
        if first and not subscribed and _GLUED(plain):
            plain = plain.removeprefix("Subscribe")
        first = False
        yield number, plain


def _unbroken(content: str) -> list[str]:
    """Return the lines; a block between blank lines that was broken at a width becomes one line."""
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = 0
    for end in range(len(lines) + 1):
        if end < len(lines) and lines[end].strip():
            continue
        block = lines[start:end]
        if len(block) > 2 and max(map(len, block)) < _ABSTRACT // 2 + 20 and sum(map(len, block)) >= _ABSTRACT:
            lines[start:end] = [" ".join(block), *[""] * (len(block) - 1)]
        start = end + 1
    return lines


def _is_abstract(line: str) -> bool:
    if len(line) >= _LONG:
        return True
    return len(line) >= _ABSTRACT and (_SENTENCE_END(line) is not None or _INNER_END(line) is not None)


def _is_short_abstract(line: str) -> bool:
    return len(line) >= _SHORT and _SENTENCE_END(line) is not None and not line.endswith("....")
