"""The one tokenizer: the same words for the index, the query, the encoder and the highlighter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

# Letters and digits of any script; an inner apostrophe stays ("don't"), everything else divides.
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ASCII_ONLY = re.compile(r"[\x00-\x7f]*").fullmatch
_stemmer = Stemmer.Stemmer("english")

STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being below between both but
    by can could did do does doing down during each few for from further had has have having he her here hers him his
    how i if in into is it its itself just me more most my no nor not now of off on once only or other our ours out
    over own same she should so some such than that the their theirs them then there these they this those through to
    too under until up very was we were what when where which while who whom why will with would you your yours""".split()
)


def fold(text: str) -> str:
    """Return text lower-cased and without accents, character for character where that is possible."""
    if _ASCII_ONLY(text):
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


def words(text: str) -> list[str]:
    """Return the folded words of a text in order, unstemmed, stop words included."""
    return _WORD.findall(fold(text))


def word_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (folded word, start, end) for each word; positions are those of the text as given."""
    for match in _WORD.finditer(text):
        for word in words(match.group()):
            yield word, match.start(), match.end()


@lru_cache(maxsize=1 << 18)
def stem(word: str) -> str:
    """Return the index term of a folded word: its Snowball English stem."""
    return str(_stemmer.stemWord(word.split("'")[0].split("’")[0]))


def terms(text: str) -> list[str]:
    """Return the index terms of a text in order, stop words included: what the lexical index stores."""
    return [stem(word) for word in words(text)]


def content_terms(text: str) -> list[str]:
    """Return the index terms of a text without stop words: what a plain query asks for."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]
