"""What every source does to what it read: text made safe to store, names, dates, links, identity.

Control characters (PostgreSQL refuses NUL), lone surrogates and direction overrides are stripped; whitespace in a line
of text becomes single spaces. Nothing else changes: a record's text stays as its source has it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache

from broadsheet.records import Author, Signal, SignalKind, Status, day_range
from broadsheet.text import normalise

LONGEST_TITLE = 2_000
LONGEST_TEXT = 100_000
LONGEST_NAME = 300
LONGEST_ID = 300
LONGEST_LINK = 2_000
_EXCERPT = 200

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_LINK = re.compile(r"https?://[^\s/?#\"'<>\\]+\.?[^\s\"'<>\\]*", re.IGNORECASE).fullmatch
_DATE = re.compile(r"\s*(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?(?:[T ].*)?\s*", re.DOTALL).fullmatch
_WITHDRAWN = re.compile(
    r"\W*(?:this|the) (?:paper|submission|manuscript|article|work|preprint)[\w\s,]{0,40}?"
    r" (?:has been|is|was) withdrawn",
    re.IGNORECASE,
).match
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_STATUS: Mapping[str, Status] = {
    "reject": "rejected",
    "rejected": "rejected",
    "desk reject": "rejected",
    "desk rejected": "rejected",
    "withdraw": "withdrawn",
    "withdrawn": "withdrawn",
    "deleted": "deleted",
}


class Rejected(ValueError):
    """A record that cannot be used; its text is the reason that is shown."""


def line(value: object) -> str:
    """Return a text as one clean line; what is no text gives an empty one."""
    if not isinstance(value, str):
        return ""
    if not value.isprintable():
        value = _UNWANTED.sub("", value)
    return " ".join(value.split())


def text(value: object) -> str | None:
    """Return a clean text that may have several lines, or None where there is none.

    Raises:
        Rejected: it is longer than any abstract.
    """
    if not isinstance(value, str):
        return None
    if not value.isprintable():
        value = _UNWANTED.sub("", value).replace("\r\n", "\n").replace("\r", "\n")
    value = value.strip()
    if len(value) > LONGEST_TEXT:
        raise Rejected(f"its text has {len(value):,} characters; at most {LONGEST_TEXT:,} can be an abstract")
    return value or None


def unwrapped(value: str | None) -> str | None:
    """Return a text whose lines were broken at a width: one line a paragraph."""
    if value is None or "\n" not in value:
        return value
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", value))


def title(value: object) -> str:
    """Return a title as one clean line.

    Raises:
        Rejected: there is none, it is no text, or it is too long to be one.
    """
    if value is not None and not isinstance(value, str):
        raise Rejected(f"its title is not a text but {type(value).__name__}")
    found = line(value)
    if not found:
        raise Rejected("it has no title")
    if len(found) > LONGEST_TITLE:
        raise Rejected(f"its title has {len(found):,} characters; at most {LONGEST_TITLE:,} can be a title")
    return found


def authors(value: object) -> tuple[Author, ...]:
    """Return the authors in a list of names, of objects with `name` and `orcid`, or in one text."""
    if isinstance(value, str):
        value = re.split(r"\s*;\s*|\s+and\s+|,\s+(?:and\s+)?", value)
    if not isinstance(value, list):
        return ()
    found: list[Author] = []
    for one in value:
        if isinstance(one, str):
            if (name := line(one)) and len(name) <= LONGEST_NAME:
                found.append(Author(name))
        elif (author := _author(one)) is not None:
            found.append(author)
    return tuple(found)


def _author(value: object) -> Author | None:
    if not isinstance(value, Mapping):
        return None
    name = line(value.get("name") or value.get("fullname"))
    return Author(name, orcid(value.get("orcid"))) if name and len(name) <= LONGEST_NAME else None


def orcid(value: object) -> str | None:
    """Return the sixteen characters of an ORCID, from its bare or its URL form."""
    match = re.search(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", line(value).upper())
    return match[0] if match else None


def family_first(name: str) -> str:
    """Return "First Last" for "Last, First" and "First Last Jr" for "Last, Jr, First"; other names as they are."""
    parts = [part for part in (line(part) for part in name.split(",")) if part]
    return " ".join([parts[-1], *parts[:-1]]) if len(parts) in (2, 3) else line(name)


def date(value: object) -> str | None:
    """Return a date with the precision it has ("2025", "2025-11", "2025-11-03"), or None where it is no date."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _date(value) if isinstance(value, str) and len(value) < 64 else None


@lru_cache(maxsize=1 << 16)
def _date(value: str) -> str | None:
    match = _DATE(value)
    if match is None:
        return None
    found = "-".join(part.zfill(2) for part in match.groups() if part)
    try:
        day_range(found)
    except ValueError:
        return None
    return found


def month(value: str) -> str | None:
    """Return the two digits of a month given by its number or its English name, or None."""
    value = value.strip("{}. ").lower()
    if value[:3] in _MONTHS:
        return f"{_MONTHS.index(value[:3]) + 1:02}"
    return value.zfill(2) if value.isdecimal() else None


def day(value: object) -> str | None:
    """Return a date that has day precision, or None."""
    found = date(value)
    return found if found and len(found) == 10 else None


def mail_date(value: object) -> str | None:
    """Return the day of a date as in mail headers, "Mon, 2 Apr 2007 19:18:42 GMT", or None where it is none."""
    try:
        return day(parsedate_to_datetime(line(value)).date().isoformat())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def listed(value: object, separator: str = ";") -> tuple[str, ...]:
    """Return the distinct texts of a list, or of one text cut at the separator."""
    if isinstance(value, str):
        value = value.split(separator)
    if not isinstance(value, list):
        return ()
    return _listed(tuple(one for one in value if isinstance(one, str) and len(one) <= LONGEST_LINK))


@lru_cache(maxsize=1 << 14)  # categories are the same few lists again and again
def _listed(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in map(line, value) if one and len(one) <= LONGEST_NAME))


def link(value: object) -> str | None:
    """Return a web address (http or https, nothing else may become a link), or None."""
    if not isinstance(value, str):
        return None
    value = value.strip()
    return value if len(value) <= LONGEST_LINK and value.isprintable() and _LINK(value) else None


def links(**values: object) -> dict[str, str]:
    """Return the web addresses among named values."""
    return {name: found for name, value in values.items() if value and (found := link(value))}


def number(value: object) -> float | None:
    """Return a count: a finite number that is not negative, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15 or math.isnan(value):
        return None
    return float(value)


def signals(source: str, day: str, **values: object) -> tuple[Signal, ...]:
    """Return the counts among named values as signals of one day; an empty day is dated by the store."""
    return tuple(
        Signal(kind, day, count, source)
        for kind, value in values.items()
        if value is not None and (count := number(value)) is not None
    )


def listing(rank: int, source: str) -> Signal:
    """Return the signal of standing on a saved page at a rank, to be dated the day it is added."""
    kind: SignalKind = "listed"
    return Signal(kind, "", float(rank), source)


def status(value: object) -> Status:
    """Return what a conference's decision means for a paper."""
    return _STATUS.get(value.strip().lower(), "published") if isinstance(value, str) else "published"


def withdrawn(comment: str | None, abstract: str | None) -> bool:
    """Return whether an arXiv comment or abstract says that the paper has been withdrawn."""
    return any(said and "withdrawn" in said and _WITHDRAWN(said) is not None for said in (comment, abstract))


def excerpt(value: object) -> str:
    """Return the beginning of something rejected, safe to store and show."""
    if isinstance(value, bytes):
        value = value[: 4 * _EXCERPT].decode("utf-8", "replace")
    return line(value if isinstance(value, str) else repr(value)[: 4 * _EXCERPT])[:_EXCERPT]


def own_id(value: object) -> str | None:
    """Return the id that a record has of its own, or None: a mere number counts rows of one file and names nothing.

    Raises:
        Rejected: it is too long to be an id.
    """
    found = line(value)
    if len(found) > LONGEST_ID:
        raise Rejected(f"its id has {len(found):,} characters; at most {LONGEST_ID} can be an id")
    return None if not found or found.isdecimal() else found


def identity(
    scheme: str, own: str | None, name: str, people: Iterable[Author], when: str | None, abstract: str | None
) -> tuple[str, str, tuple[str, ...]]:
    """Return the scheme, own id and identifiers of a record that may have no public identifier.

    With an id of its own: the `bs:` identifier of (scheme, id). Without: that of its title identity, under the scheme
    "title"; the abstract then joins the own id, so that two abstracts under one title are both kept, as one paper.

    Raises:
        Rejected: there is neither an id nor a letter in the title.
    """
    if own is not None:
        return scheme, own, (normalise.fallback(scheme, own),)
    named = normalise.title_identity(name, (author.name for author in people), when)
    if named.startswith(normalise.SEPARATOR):
        raise Rejected("it has no id, and its title has no letters or digits")
    if abstract is None:
        return "title", named, (normalise.fallback("title", named),)
    digest = hashlib.sha256(abstract.encode()).hexdigest()[:12]
    shared = () if normalise.is_front_matter(name) else (normalise.fallback("title", named),)
    return "title", named + normalise.SEPARATOR + digest, shared


def reference(
    scheme: str, public: tuple[str, ...], name: str, people: Iterable[Author], when: str | None, abstract: str | None
) -> tuple[str, str, tuple[str, ...]]:
    """Return the scheme, own id and identifiers of a record whose file numbers or names its entries only for itself.

    A citation key names nothing outside its file, so the best public identifier stands in for an own id.

    Raises:
        Rejected: there is neither an identifier nor a letter in the title.
    """
    if public:
        return scheme, normalise.best(public), public
    return identity(scheme, None, name, people, when, abstract)


def public(*values: object) -> tuple[str, ...]:
    """Return the distinct identifiers found in ids, URLs and DOIs."""
    found: list[str] = []
    for value in values:
        if value and isinstance(value, str):
            found += normalise.identifiers(value)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)
