"""Comments as their writers typed them, Markdown with formulas, made safe HTML; and whom they mention.

Markdown (CommonMark) without markup, pictures and headings. What comes out passes an allow-list (nh3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from broadsheet.text import latex

MOST_MENTIONS = 10
_FORMULA = re.compile(r"\$\$(?:[^$\\]|\\.){1,800}+\$\$|\$(?!\s)(?:[^$\\]|\\.){1,800}+(?<!\s)\$(?!\d)", re.S)
_MENTION = re.compile(r"(?<![\w@/.\-])@([a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?)(?![\w@])", re.I)
_CODE = re.compile(r"(`+).+?\1|^(?: {4}|\t)[^\n]*$|^(```|~~~).*?(?:^\2|\Z)", re.S | re.M)
_TAGS = {"p", "br", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr", "s"} | latex.ELEMENTS
_ATTRIBUTES = {**latex.ATTRIBUTES, "a": {"href"}, "ol": {"start"}}
_SCHEMES = {"http", "https"}


@lru_cache(maxsize=2_048)
def to_html(source: str) -> str:
    """Return a comment as safe HTML with MathML.

    >>> to_html("*so* <b>not</b>")
    '<p><em>so</em> &lt;b&gt;not&lt;/b&gt;</p>\\n'
    """
    return nh3.clean(
        _markdown.render(source),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="nofollow ugc noopener noreferrer",
    )


def mentions(source: str) -> list[str]:
    """Return the handles that a comment mentions outside code, in order, the first few.

    >>> mentions("@ada, `@bob`, carl@example.org")
    ['ada']
    """
    found = (match[1].lower() for match in _MENTION.finditer(_CODE.sub(" ", source)))
    return list(dict.fromkeys(found))[:MOST_MENTIONS]


def _formula(state: StateInline, silent: bool) -> bool:
    """Read a formula before Markdown takes its stars and underscores for emphasis."""
    match = _FORMULA.match(state.src, state.pos) if state.src[state.pos] == "$" else None
    if match is None:
        return False
    if not silent:
        state.push("formula", "", 0).content = match[0]
    state.pos = match.end()
    return True


def _rendered(_: Any, tokens: Sequence[Token], index: int, *__: Any) -> str:
    return latex.to_html(tokens[index].content)


def _made() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": 12}).disable(["image", "heading", "lheading"])
    markdown.inline.ruler.before("emphasis", "formula", _formula)
    markdown.add_render_rule("formula", _rendered)
    return markdown


_markdown = _made()
