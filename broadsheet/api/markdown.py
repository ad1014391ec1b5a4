"""A paper as Markdown, for notebooks and language models."""

from __future__ import annotations

from collections.abc import Iterator

from broadsheet.records import Paper
from broadsheet.text.latex import to_text


def paper_markdown(paper: Paper) -> str:
    """Return title, authors, facts, text and links of a paper as Markdown."""
    return "\n\n".join(_blocks(paper)) + "\n"


def _blocks(paper: Paper) -> Iterator[str]:
    yield f"# {_line(paper.title)}"
    if paper.authors:
        yield ", ".join(_line(author.name) for author in paper.authors)
    facts = (paper.id, paper.date, paper.venue, ", ".join(paper.categories))
    yield " · ".join(_line(fact) for fact in facts if fact)
    if paper.status != "published":
        yield f"*This paper is {paper.status}.*"
    if paper.abstract:
        yield to_text(paper.abstract)
    if paper.note:
        yield f"*Note:* {to_text(paper.note)}"
    if paper.links:
        yield "\n".join(f"- {name}: <{address}>" for name, address in paper.links.items())


def _line(text: str) -> str:
    return " ".join(to_text(text).split())
