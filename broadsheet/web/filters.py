"""Facts in words: what templates say about dates, counts, people and links. Pure; no HTML is made here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from broadsheet.library.visits import MOST_COUNTED
from broadsheet.records import Attention, Hit, Paper, SourceStatus, Span, period_days
from broadsheet.text.summary import summary

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FITS, FITS_PHONES = 360, 150  # characters that fit the four lines a list shows of an abstract
SHOWN = 300  # where a match may stand to be surely seen in them
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

_SOURCES = {
    "arxiv": "arXiv",
    "acl": "ACL Anthology",
    "openreview": "OpenReview",
    "conferences": "conferences",
    "huggingface": "Hugging Face daily papers",
    "github": "GitHub",
    "openalex": "OpenAlex",
    "hackernews": "Hacker News",
    "front_page": "front pages",
    "sample": "the sample",
    "bibtex": "BibTeX files",
    "ris": "RIS files",
    "csl": "CSL files",
    "page": "saved pages",
    "jsonl": "JSON lines",
}

_SCHEMES = {
    "arxiv": ("arXiv:", "https://arxiv.org/abs/"),
    "doi": ("doi:", "https://doi.org/"),
    "acl": ("ACL ", "https://aclanthology.org/"),
    "openreview": ("OpenReview ", "https://openreview.net/forum?id="),
}

_LINKS = {"page": "Page", "pdf": "PDF", "code": "Code", "project": "Project"}


# -- dates and times ---------------------------------------------------------------------------------------------------


def date_words(text: str | None) -> str:
    """Return a date as precisely as it is known: "2025", "November 2025" or "3 November 2025".

    >>> date_words("2025-11")
    'November 2025'
    """
    match = re.fullmatch(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d{2}))?)?", text or "")
    if match is None:
        return text or ""
    year, month, day = match.groups()
    words = [str(int(day))] if day else []
    return " ".join([*words, _MONTHS[int(month) - 1], year] if month else [year])


def weekday(day: str) -> str:
    """Return the name of an ISO day's weekday."""
    return _WEEKDAYS[date.fromisoformat(day).weekday()]


def day_words(day: str) -> str:
    """Return an ISO day in full: "Tuesday, 30 June 2026"."""
    return f"{weekday(day)}, {date_words(day)}"


def short_day(day: str) -> str:
    """Return an ISO day without its year: "Monday 29 June"."""
    when = date.fromisoformat(day)
    return f"{_WEEKDAYS[when.weekday()]} {when.day} {_MONTHS[when.month - 1]}"


def edition_words(name: str) -> str:
    """Return a day, week or month in full: "Tuesday, 30 June 2026", "Week 27, 29 June to 5 July 2026", "June 2026"."""
    if "-W" not in name:
        return day_words(name) if len(name) == 10 else date_words(name)
    first, last = period_days(name)
    begin = short_day(first).partition(" ")[2]
    begin += f" {first[:4]}" if first[:4] != last[:4] else ""
    return f"Week {int(name[6:])}, {begin} to {date_words(last)}"


def edition_short(name: str) -> str:
    """Return a day, week or month in few words: "Monday 29 June", "Week 26", "May 2026"."""
    if "-W" in name:
        return f"Week {int(name[6:])}"
    return short_day(name) if len(name) == 10 else date_words(name)


def edition_path(name: str) -> str:
    """Return the address of the edition of a day, week or month."""
    return f"/{'week' if '-W' in name else 'date' if len(name) == 10 else 'month'}/{name}"


def host(url: str) -> str:
    """Return the host of an address, which says where it leads without what may be secret in it."""
    return urlsplit(url).hostname or ""


def local_time(moment: str, timezone: str) -> str:
    """Return a UTC time as clocks in a zone show it: "Monday 29 June, 7:00"."""
    local = datetime.fromisoformat(moment).astimezone(ZoneInfo(timezone))
    return f"{short_day(local.date().isoformat())}, {local.hour}:{local.minute:02}"


def ago(seen: str, now: datetime) -> str:
    """Return how long ago a UTC time was, in words: "11 minutes ago", "yesterday", "on 3 March 2026"."""
    then = datetime.fromisoformat(seen)
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    seconds = (now - then).total_seconds()
    if seconds < 2 * _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} minutes ago"
    if seconds < _DAY:
        return f"{plural(int(seconds // _HOUR), 'hour')} ago"
    days = int(seconds // _DAY)
    if days > 60:
        return f"on {date_words(then.date().isoformat())}"
    return "yesterday" if days == 1 else f"{days} days ago"


# -- counts ------------------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Return a count with commas, without decimals."""
    return f"{value:,.0f}"


def plural(count: float, noun: str) -> str:
    """Return a count with its noun: "1 paper", "1,204 papers"."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def at_least(count: int) -> str:
    """Return a count of papers that was not counted to its end where there are many."""
    return plural(count, "paper") if count < MOST_COUNTED else f"{number(count)} papers or more"


def milliseconds(value: float) -> str:
    """Return how long a search took, never as nothing."""
    return f"{max(value, 1):.0f} ms"


# -- papers ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """One of the few facts told of every paper: its kind, what is shown, what is only read aloud, where it leads."""

    kind: str
    text: str
    unsaid: str = ""
    href: str | None = None


def facts(paper: Paper) -> list[Fact]:
    """Return votes, stars, comments, citations, PDF, code: always in this order, those that there are."""
    return _counted(paper) + _linked(paper)


def _counted(paper: Paper) -> list[Fact]:
    counts = {kind: paper.signals.get(kind, 0.0) for kind in ("votes", "stars", "comments", "citations")}
    told = {kind: plural(count, kind[:-1]).partition(" ") for kind, count in counts.items() if count}
    # The style sheet puts a sign before votes and stars, so their noun need not be seen.
    return [
        Fact(kind, count, f" {noun}") if kind in ("votes", "stars") else Fact(kind, f"{count} {noun}")
        for kind, (count, _, noun) in told.items()
    ]


def _linked(paper: Paper) -> list[Fact]:
    links = dict(external_links(paper))
    return [Fact(kind.lower(), kind, href=links[kind]) for kind in ("PDF", "Code") if kind in links]


def external_links(paper: Paper) -> list[tuple[str, str]]:
    """Return (name, address) of a paper's links, the PDF of an arXiv paper included; only http and https ones."""
    links = dict(paper.links)
    if paper.id.startswith("arxiv:"):
        links.setdefault("pdf", "https://arxiv.org/pdf/" + paper.id.removeprefix("arxiv:"))
    named = [(_LINKS[kind], links[kind]) for kind in _LINKS if kind in links]
    others = [(kind.capitalize(), url) for kind, url in links.items() if kind not in _LINKS]
    return [(name, url) for name, url in named + others if is_web(url)]


def is_web(url: str) -> bool:
    """Return whether an address is one that a page may link to."""
    try:
        return urlsplit(url).scheme.lower() in ("http", "https")
    except ValueError:
        return False


def identifier_name(identifier: str) -> str:
    """Return an identifier as people write it: "arXiv:1706.03762", "doi:10.1000/x", "ACL P18-1001"."""
    scheme, _, rest = identifier.partition(":")
    return _SCHEMES[scheme][0] + rest if scheme in _SCHEMES else identifier


def identifier_link(identifier: str) -> str | None:
    """Return where an identifier resolves outside, if anywhere."""
    scheme, _, rest = identifier.partition(":")
    return _SCHEMES[scheme][1] + rest if scheme in _SCHEMES else None


def status_words(paper: Paper) -> str | None:
    """Return the warning that a paper carries, if any."""
    words = {
        "rejected": "This paper was rejected by the venue named here.",
        "withdrawn": "This paper was withdrawn.",
        "deleted": "The source that had this paper has deleted it.",
    }
    return words.get(paper.status)


def short_title(title: str) -> str:
    """Return what stands before a title's colon, when that is a name, else the whole title."""
    head, colon, _ = title.partition(": ")
    return head if colon and "$" not in head else title


def signal_name(kind: str) -> str:
    """Return what a measurement of attention is called."""
    return {"listed": "Rank on a saved page"}.get(kind, kind.capitalize())


def amount_name(kind: str) -> str:
    """Return what the trending formula takes of a signal, in words."""
    return {
        "votes": "Votes",
        "expected": "Votes expected",
        "saves": "Readers here who saved it",
        "comments": "Comments",
        "stars": "Stars gained a day",
        "citations": "Citations gained a day",
        "mentions": "Mentions gained a day",
    }[kind]


def amount(of: Attention, kind: str) -> str:
    """Return how much there is of a signal, as short as it can be said."""
    return f"{getattr(of, kind):.3g}"


def age_words(hours: float) -> str:
    """Return an age in hours as people say it: "18 hours", "3 days"."""
    return plural(int(hours), "hour") if hours < 48 else plural(int(hours // 24), "day")


def share_name(feature: str) -> str:
    """Return what a feature of the ranking is called for readers."""
    return {"lexical": "words", "dense": "meaning"}.get(feature, feature.replace("_", " "))


def shortened(text: str, most: int = 40) -> str:
    """Return a text cut to a length, with an ellipsis where something is missing."""
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A sentence of an abstract with its own marks."""

    text: str
    marks: tuple[Span, ...]


def excerpt(hit: Hit) -> Excerpt | None:
    """Return a hit's best sentence, when the matched words are not in the lines that a list shows anyway."""
    text, sentence = hit.paper.text, hit.reasons.sentence if hit.reasons else None
    if not sentence or not hit.text_marks or hit.text_marks[0].start < SHOWN:
        return None
    start = text.find(sentence)
    end = start + len(sentence)
    marks = tuple(Span(m.start - start, m.end - start) for m in hit.text_marks if start <= m.start and m.end <= end)
    return Excerpt(sentence, marks) if start >= 0 and marks else None


def folded(text: str) -> str:
    """Return where a list shows only the beginning of a text: "everywhere", on "phones", or "" for nowhere."""
    if len(text) > FITS:
        return "everywhere"
    return "phones" if len(text) > FITS_PHONES else ""


# -- sources -----------------------------------------------------------------------------------------------------------


def source_name(source: str) -> str:
    """Return what a source is called in a sentence."""
    return _SOURCES.get(source, source.replace("_", " "))


def capital(text: str) -> str:
    """Return a phrase as a sentence begins, names such as arXiv left as they are."""
    return text if text.startswith("arXiv") else text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Fresh:
    """How fresh a source is, in words; `late` when its last visit failed."""

    words: str
    late: bool


def freshness(sources: Sequence[SourceStatus], now: datetime) -> list[Fresh]:
    """Return a phrase for each source, as the footer of every page has it."""
    return [_fresh(source, now) for source in sources]


def _fresh(source: SourceStatus, now: datetime) -> Fresh:
    name = source_name(source.name)
    seen = f"seen {ago(source.seen, now)}" if source.seen else "never seen"
    words = f"{name} {seen}, but the last visit failed" if source.failure else f"{name} {seen}"
    return Fresh(capital(words), source.failure is not None)


def one_line(paper: Paper) -> str | None:
    """Return the most telling sentence of a paper's abstract, shortened; None where there is no text."""
    return summary(paper.title, paper.text)
