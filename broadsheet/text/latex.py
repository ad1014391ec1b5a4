r"""Titles and abstracts as their authors typed them, LaTeX and all, made readable: as plain text and as safe HTML.

What is read: formulas in $..$, $$..$$, \(..\), \[..\]; \emph{..} and its kin; accents (\'e), letters (\o), escapes
(\%), ``quotes'', dashes and ties. What is not understood stays as it was typed. Everything here is total:
it raises nothing, and takes time linear in the text. Nothing typed is ever markup: text is escaped, and what
latex2mathml makes of a formula passes a MathML allow-list; a formula that is too long, too deep, defines macros or
fails is shown as typed.
"""

from __future__ import annotations

import html
import itertools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from xml.etree.ElementTree import Element, tostring

import nh3
from latex2mathml.converter import convert_to_element

from broadsheet.records import Span
from broadsheet.text import signs

LONGEST_FORMULA = 800  # characters; the longest in 20,000 arXiv abstracts has 441
DEEPEST_FORMULA = 24  # braces, and elements, inside each other
MOST_FORMULAS = 200  # rendered in one text; any more are shown as typed
_MOST_ELEMENTS = 2_000

_STYLES = {"emph": "em", "textit": "em", "textsl": "em", "textbf": "strong", "texttt": "code"}
_OLD_STYLES = {"em": "em", "it": "em", "sl": "em", "bf": "strong", "tt": "code"}
_PLAIN_GROUPS = "textsc|textrm|textsf|textnormal|textup|text|mbox|underline|mathbf|mathrm|mathcal|mathbb|mathit|mathsf"

# One formula's inside: anything but its own delimiters; possessive, so that each character is looked at once.
_INSIDE = rf"(?:[^$\\]|\\[^()\[\]]){{1,{LONGEST_FORMULA}}}+"
_BETWEEN = rf"(?:[^\\]|\\[^()\[\]]){{1,{LONGEST_FORMULA}}}+"
_ACCENT = r"\\(?:['`^\"~=.]\s?(?:\{\\?[A-Za-z]\}|\\?[A-Za-z])|[uvHckrdb](?:\{\\?[A-Za-z]\}|\s\\?[A-Za-z]\b))"
_TOKEN = re.compile(
    rf"""
      \$\$(?P<display>{_INSIDE})\$\$
    | \$(?!\d)(?=[^$]{{0,{LONGEST_FORMULA}}}(?:\\[A-Za-z]|[\^_]))(?P<inline>{_INSIDE})\$  # surely TeX
    | \$(?!\s)(?P<perhaps>{_INSIDE})(?<!\s)\$(?!\d)  # TeX by its spacing, which "$5 and $10" has not
    | \$\s(?P<spaced>[^$\s\\]{{1,40}})\s\$
    | \\\((?P<round>{_BETWEEN})\\\)
    | \\\[(?P<square>{_BETWEEN})\\\]
    | (?P<accent>\{{{_ACCENT}\}} | {_ACCENT})
    | (?:\\|(?<![A-Za-z\\]))(?P<style>{"|".join(_STYLES)}|{_PLAIN_GROUPS})\s?\{{
    | \\(?P<link>url|footnote|thanks|href\s?\{{[^{{}}]{{0,500}}\}})\s?\{{
    | \{{\\(?P<old>{"|".join(_OLD_STYLES)}|rm|sf|sc)(?![A-Za-z])\s?
    | \s?\\(?P<cite>(?:cite[a-z]*|ref|eqref|label)\*?(?:\[[^\]]{{0,100}}\])?\{{[^{{}}]{{0,300}}\}})
    | \\(?P<letter>{"|".join(signs.LETTERS)})(?![A-Za-z])(?:\{{\}}|\s)?
    | \\(?P<symbol>[A-Za-z]+)(?:\{{\}})?
    | \\(?P<escape>[^A-Za-z()\[\]])
    | (?P<sign>``|''|(?<=\w)---?(?=\w)|(?<=\s)---?(?=\s)|(?<=[\w.,;:)\]])~(?=\S)|(?<=\d)times\b|\bell_)
    | (?<![A-Za-z_^\\}}])\{{(?P<protected>[A-Za-z][\w-]*)\}}
    | (?P<brace>[{{}}])
    """,
    re.VERBOSE | re.DOTALL,
)
_UNUSABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_MAYBE = re.compile(r"[\\$`{}~]|''|--|\dtimes\b|\bell_")
_FORMULAS = ("display", "inline", "perhaps", "spaced", "round", "square")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the source, `start` to `end`: text to show, a formula, or the opening or closing of an element."""

    kind: Literal["text", "formula", "open", "close"]
    value: str
    start: int
    end: int


def to_text(source: str) -> str:
    r"""Return the plain reading form of a title or abstract.

    >>> to_text(r"Schr\"odinger's $O(n \log n)$ ``cat''")
    'Schrödinger's O(n log n) “cat”'
    """
    pieces = _pieces(_usable(source))
    return "".join(_plain(piece.value) if piece.kind == "formula" else _shown(piece) for piece in pieces)


def to_html(source: str, marks: Sequence[Span] = ()) -> str:
    """Return a title or abstract as safe HTML with MathML; `marks` (positions in the source) become `<mark>`.

    A mark inside a formula is left out.
    """
    source = _usable(source)
    page = _Page(marks)
    formulas = 0
    for piece in _pieces(source):
        formulas += piece.kind == "formula"
        if piece.kind == "formula":
            typed = source[piece.start : piece.end]
            page.markup(_mathml(piece.value) if formulas <= MOST_FORMULAS else None, typed)
        elif piece.kind == "text":
            page.text(piece, source)
        elif piece.value:
            page.markup(f"<{'/' * (piece.kind == 'close')}{piece.value}>", "")
    return page.finished()


def _usable(source: str) -> str:
    return _UNUSABLE.sub("\ufffd", source)  # character for character, so that marks stay where they are


def _shown(piece: _Piece) -> str:
    return piece.value if piece.kind == "text" else ""


class _Page:
    """HTML in the making; neighbouring text of one kind, marked or not, is kept together."""

    def __init__(self, marks: Sequence[Span]) -> None:
        self._edges = _edges(marks)
        self._parts: list[str] = []
        self._marked = False

    def text(self, piece: _Piece, source: str) -> None:
        if source[piece.start : piece.end] != piece.value:
            self._put(piece.value, self._inside(piece.start) or self._inside(piece.end - 1))
            return
        low, high = bisect_right(self._edges, piece.start), bisect_right(self._edges, piece.end - 1)
        cuts = (piece.start, *self._edges[low:high], piece.end)
        for start, end in itertools.pairwise(cuts):
            self._put(source[start:end], self._inside(start))

    def markup(self, trusted: str | None, typed: str) -> None:
        self._put("", marked=False)
        self._parts.append(html.escape(typed) if trusted is None else trusted)

    def finished(self) -> str:
        self._put("", marked=False)
        return "".join(self._parts)

    def _put(self, text: str, marked: bool) -> None:
        if marked and not text:
            return
        if marked != self._marked:
            self._parts.append("<mark>" if marked else "</mark>")
            self._marked = marked
        self._parts.append(html.escape(text))

    def _inside(self, position: int) -> bool:
        return bisect_right(self._edges, position) % 2 == 1


def _edges(marks: Sequence[Span]) -> list[int]:
    """Return where marking begins and ends in turn, with marks that touch or overlap joined."""
    edges: list[int] = []
    for mark in sorted(marks, key=lambda mark: mark.start):
        if mark.end <= mark.start:
            continue
        if edges and mark.start <= edges[-1]:
            edges[-1] = max(edges[-1], mark.end)
        else:
            edges += (mark.start, mark.end)
    return edges


@lru_cache(maxsize=2048)
def _pieces(source: str) -> tuple[_Piece, ...]:
    if not _MAYBE.search(source):
        return (_Piece("text", source, 0, len(source)),)
    return tuple(_Reader(source).read())


class _Reader:
    """Reads one text from left to right, remembering which braces are open and what closes with each."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._open: list[str | None] = []  # the element each open brace began, "" for none; None for a brace as typed

    def read(self) -> Iterator[_Piece]:
        position = 0
        for match in _TOKEN.finditer(self._source):
            if match.start() > position:
                yield _Piece("text", self._source[position : match.start()], position, match.start())
            yield self._piece(match)
            position = match.end()
        if position < len(self._source):
            yield _Piece("text", self._source[position:], position, len(self._source))
        yield from self._closing()

    def _closing(self) -> Iterator[_Piece]:
        end = len(self._source)
        return (_Piece("close", name, end, end) for name in reversed(self._open) if name)

    def _piece(self, match: re.Match[str]) -> _Piece:
        kind, (start, end) = match.lastgroup or "accent", match.span()
        typed = match.group()
        if kind in _FORMULAS:
            return _Piece("formula", match[kind], start, end)
        if kind in ("style", "link", "old"):
            element = (_OLD_STYLES if kind == "old" else _STYLES).get(match[kind], "")
            self._open.append(element)
            return _Piece("open", element, start, end)
        if kind == "brace":
            return self._brace(typed, start, end)
        return _Piece("text", _character(kind, match), start, end)

    def _brace(self, typed: str, start: int, end: int) -> _Piece:
        if typed == "{":
            self._open.append(None)
        elif self._open and (element := self._open.pop()) is not None:
            return _Piece("close", element, start, end)
        return _Piece("text", typed, start, end)


def _character(kind: str, match: re.Match[str]) -> str:
    if kind == "letter":
        return signs.LETTERS[match["letter"]]
    if kind == "symbol":
        return signs.COMMANDS.get(match["symbol"], match.group())
    if kind == "escape":
        return signs.ESCAPES.get(match["escape"], match["escape"])
    if kind == "sign":
        return signs.TYPED[match["sign"]]
    if kind == "accent":
        sign, *_, letter = (c for c in match["accent"] if c not in "{}\\ \n")
        return unicodedata.normalize("NFC", letter + signs.ACCENTS[sign])
    return match["protected"] if kind == "protected" else ""


# -- formulas ----------------------------------------------------------------------------------------------------------

_ELEMENTS = """math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts
mprescripts mtable mtr mtd mstyle mpadded mphantom menclose"""
ELEMENTS = frozenset(_ELEMENTS.split())
ATTRIBUTES = {
    "math": {"display"},
    "mi": {"mathvariant"},
    "mo": {"stretchy", "fence", "form", "largeop", "movablelimits", "accent", "minsize", "maxsize", "lspace", "rspace"},
    "mspace": {"width"},
    "mfrac": {"linethickness"},
    "mover": {"accent"},
    "munder": {"accentunder"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mtable": {"columnalign", "displaystyle"},
    "mtd": {"columnalign"},
}
# Words, small numbers and short lengths: nobody's formula may push the rest of the page about.
_SMALL = re.compile(r"-?0?\.\d{1,4}em|\d(?:\.\d{1,4})?(?:em)?|[a-z-]+(?: [a-z-]+)*")
_REFUSED = re.compile(
    r"\\(?:(?:re|provide)?newcommand|[gex]?def|let|newenvironment|DeclareMathOperator|href|url|style|class|cssId|unicode)"
)
_FRACTION = re.compile(r"\\[dt]?frac\s?\{([^{}]{1,200})\}\s?\{([^{}]{1,200})\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
_SILENT = frozenset(
    f"{_PLAIN_GROUPS}|mathfrak|mathscr|boldsymbol|bm|bf|rm|it|cal|operatorname|left|right|big|Big|bigl|bigr|Bigl|Bigr"
    "|displaystyle|textstyle|scriptstyle|limits|nolimits|hat|tilde|bar|vec|overline|widehat|widetilde|dot|begin|end".split(
        "|"
    )
)


def _plain(formula: str) -> str:
    """Return a formula in letters and signs, as one would read it aloud."""
    shown = _FRACTION.sub(r"\1/\2", formula)
    shown = _COMMAND.sub(_name, shown)
    shown = re.sub(r"\\([^A-Za-z])", lambda match: signs.ESCAPES.get(match[1], match[1]), shown)
    return " ".join(re.sub(r"[{}]", "", shown).split())


def _name(command: re.Match[str]) -> str:
    name = command[1]
    return "" if name in _SILENT else signs.COMMANDS.get(name, name)


@lru_cache(maxsize=4096)
def _mathml(formula: str) -> str | None:
    """Return a formula as MathML of allowed elements only, or None where it had better be shown as typed."""
    if _REFUSED.search(formula) or _braces(formula) > DEEPEST_FORMULA:
        return None
    try:
        tree = convert_to_element(formula)
    except Exception:  # latex2mathml raises whatever its parser trips over, down to IndexError and RecursionError
        return None
    if not _modest(tree):
        return None
    for element in tree.iter():
        element.text = _sign(element.text or "")
    return nh3.clean(
        tostring(tree, encoding="unicode"),
        tags=set(ELEMENTS),
        attributes=ATTRIBUTES,
        attribute_filter=lambda tag, name, value: value if _SMALL.fullmatch(value) else None,
    )


def _sign(written: str) -> str:
    """Return what an element is to show: latex2mathml writes signs as references, and unknown commands as typed."""
    sign = html.unescape(written)
    return sign[1:] if _COMMAND.fullmatch(sign) else sign


def _braces(formula: str) -> int:
    deepest = depth = 0
    for sign in formula:
        depth += (sign == "{") - (sign == "}")
        deepest = max(deepest, depth)
    return deepest


def _modest(tree: Element) -> bool:
    """Say whether a tree is neither so large nor so deep that a browser would suffer."""
    level, count = [tree], 0
    for _ in range(2 * DEEPEST_FORMULA):
        count += len(level)
        level = [child for element in level for child in element]
        if not level:
            return count <= _MOST_ELEMENTS
    return False
