"""What a digest is told: its papers as mail shows them, with links, facts and reasons. Reads the library, no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from broadsheet.records import Digest, Paper, Pick, Section
from broadsheet.text import latex
from broadsheet.text.sentences import sentences

_UNCOUNTED = "You get this because you asked for it; nobody counts whether you open it."
_COUNTED = "You get this because you asked for it. The papers you open from here tell what to recommend, as you chose."
_AUTHORS = 4
_REMEMBERED = 2_048  # papers: those of a day stand in many digests
_SUMMARY = 320  # characters of an abstract that a mail shows, whole sentences where one fits


def digest_told(
    digest: Digest,
    papers: Mapping[int, Paper],
    base: str,
    moment: datetime,
    links: Mapping[str, str],
    link: Callable[[Paper], str] | None = None,
) -> dict[str, Any]:
    """Return what the templates of a digest are told; papers that are gone by now are left out.

    `links` are `manage` and `unsubscribe`, `moment` is the due time as the reader's clocks show it. `link` gives the
    address of a paper for readers who want it to count which they follow.
    """
    sections = [_section(section, papers, base, link) for section in digest.sections]
    full = [section for section in sections if section["papers"]]
    return {
        "home": base,
        "day": f"{moment:%A}, {moment.day} {moment:%B} {moment.year}",
        "sections": full,
        "count": sum(len(section["papers"]) for section in full),
        "why_sent": _UNCOUNTED if link is None else _COUNTED,
        **links,
    }


def _section(
    section: Section, papers: Mapping[int, Paper], base: str, link: Callable[[Paper], str] | None
) -> dict[str, Any]:
    shown = [(papers[pick.key], pick) for pick in section.picks if pick.key in papers]
    return {
        "name": section.name,
        "papers": [
            paper_told(paper, pick, papers, base) | ({"url": link(paper)} if link else {}) for paper, pick in shown
        ],
        "more": section.more,
        "url": base + section.path,
    }


def paper_told(paper: Paper, pick: Pick, papers: Mapping[int, Paper], base: str) -> dict[str, Any]:
    """Return what a mail says of one paper: formulas as plain text, since mail programs know no MathML."""
    return {
        "title": _plain(paper.title),
        "url": f"{base}/papers/{quote(paper.id, safe='/:')}",
        "by": _byline(paper),
        "facts": _facts(paper),
        "summary": _summary(paper.text),
        "why": _why(pick, papers),
    }


def _byline(paper: Paper) -> str:
    names = [author.name for author in paper.authors]
    more = len(names) - _AUTHORS
    return ", ".join(names[:_AUTHORS]) + (f" and {more} more" if more > 0 else "")


def _facts(paper: Paper) -> list[str]:
    counted = {"votes": "▲ {:,.0f}", "stars": "★ {:,.0f}"}
    facts = [form.format(paper.signals[kind]) for kind, form in counted.items() if paper.signals.get(kind)]
    return [*facts, *filter(None, (paper.venue, *paper.categories[:1]))]


@lru_cache(_REMEMBERED)
def _plain(title: str) -> str:
    return latex.to_text(title)


@lru_cache(_REMEMBERED)
def _summary(text: str) -> str:
    """Return the sentences of an abstract that fit, or the beginning of the first."""
    plain = " ".join(latex.to_text(text).split())
    shown = ""
    for sentence in sentences(plain):
        if len(shown) + len(sentence) >= _SUMMARY:
            break
        shown = f"{shown} {sentence}".strip()
    if shown or not plain:
        return shown
    return plain if len(plain) <= _SUMMARY else plain[:_SUMMARY].rpartition(" ")[0] + " …"


def _why(pick: Pick, papers: Mapping[int, Paper]) -> str:
    near = papers.get(pick.near) if pick.near is not None else None
    reasons = [f"Near to “{_plain(near.title)}”, which you saved."] if near else []
    reasons += [f"Also found by: {', '.join(pick.also)}."] if pick.also else []
    return " ".join(reasons)
