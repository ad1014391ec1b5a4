"""Where sentences end."""

from __future__ import annotations

import re

_ABBREVIATIONS = (
    "e.g i.e et al cf vs etc resp approx fig figs eq eqs sec ref refs dr prof mr mrs ms st no vol pp ca viz"
)
_ABBREVIATED = frozenset(_ABBREVIATIONS.split()) | {"al"}
# A stop before white space and what can begin a sentence; a stop that stands alone, as in texts divided into tokens; a
# full stop of Chinese or Japanese; an empty line.
_END = re.compile(
    r"""[.!?]+["'\u2019\u201d)\]]*\s+(?=["'\u2018\u201c(\[$\\]?[^\W_a-z])|\s[.!?]\s+|[\u3002\uff01\uff1f]\s*|\n\s*\n"""
)
_LAST_WORD = re.compile(r"[\w.]*$")


def sentences(text: str) -> list[str]:
    """Return the sentences of a text in order, without the white space around them."""
    found, start = [], 0
    for end in _END.finditer(text):
        if not _abbreviation(text[max(start, end.start() - 20) : end.start()], end.group()):
            found.append(text[start : end.end()].strip())
            start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _abbreviation(before: str, stop: str) -> bool:
    """Whether a stop belongs to an abbreviation or an initial ("et al.", "J. Smith")."""
    match = _LAST_WORD.search(before)
    word = match.group() if match else ""
    return stop.startswith(".") and (word.lower() in _ABBREVIATED or (len(word) == 1 and word.isupper()))
