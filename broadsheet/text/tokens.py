"""The one tokenizer: the same words for the index, the query, the encoder and the highlighter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

import Stemmer

# Scripts written without spaces (Han, kana): every sign is a word, and a run of them is asked for as a phrase.
_UNSPACED = "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Scripts whose vowel signs are marks, which \w leaves out: India's, Thai and Lao, without their full stops.
_WITH_SIGNS = "\u0900-\u0963\u0966-\u0dff\u0e01-\u0e4e\u0e80-\u0ece"
# Accents and points that readers leave out: of Latin, Greek and Cyrillic letters, Hebrew and Arabic.
_ACCENTS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670"
# Letters and digits of any script; an inner apostrophe stays ("don't"), everything else divides.
_LETTER = rf"(?:[^\W_{_UNSPACED}]|[{_WITH_SIGNS}{_ACCENTS}])"
_WORD = re.compile(rf"[{_UNSPACED}]|{_LETTER}+(?:['\u2019]{_LETTER}+)*")
_GROUP = re.compile(rf"[{_UNSPACED}]+|{_LETTER}+(?:['\u2019]{_LETTER}+)*")
_COMPOUND = re.compile(rf"(?:{_GROUP.pattern})(?:[-\u2010\u2011]{_LETTER}+)*")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
# Of ASCII text, each sign that divides words to a space and each capital to its small letter.
# To divide a text so takes a third of the pattern's time.
_DIVIDED = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_ACCENT = re.compile(f"[{_ACCENTS}]+")
_CONTRACTED = re.compile(r"['\u2019](?:s|t|d|m|re|ve|ll)$")
_stemmer = Stemmer.Stemmer("english")

_COMMON = """
    a about above after again all also am an and any are as at be because been before being below between both but
    by can could did do does doing down during each few for from further had has have having he her here hers him his
    how i if in into is it its itself just me more most my no nor not now of off on once only or other our ours out
    over own same she should so some such than that the their theirs them then there these they this those through to
    too under until up very was we were what when where which while who whom why will with would you your
    yours
"""
STOP_WORDS = frozenset(_COMMON.split())


def fold(text: str) -> str:
    """Return text lower-cased, without accents, compatibility forms replaced ("ﬁ" by "fi")."""
    if text.isascii():
        return text.lower()
    bare = _ACCENT.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", _ACCENT.sub("", bare.lower()))


def words(text: str) -> list[str]:
    """Return the folded words of a text in order, unstemmed, stop words included."""
    folded = fold(text)
    if not folded.isascii():
        return _WORD.findall(folded)
    return _ASCII_WORD.findall(folded) if "'" in folded else folded.translate(_DIVIDED).split()


def located(text: str) -> tuple[list[str], Callable[[int], tuple[int, int]]]:
    """Return the folded words of a text, and what gives (start, end) in the text of the word at a place."""
    if text.isascii():
        if "'" not in text:
            places = _Places(text.translate(_DIVIDED))
            return places.words, places
        found = list(_ASCII_WORD.finditer(text.lower()))
        return [match[0] for match in found], lambda place: found[place].span()
    spans = list(_spans(text))
    return [word for word, _ in spans], lambda place: spans[place][1]


class _Places:
    """Where the words of a text stand that has only spaces between them; quickest when asked in order."""

    def __init__(self, text: str) -> None:
        self.words = text.split()
        self._text = self._rest = text
        self._place = 0  # of the word that the rest begins with

    def __call__(self, place: int) -> tuple[int, int]:
        if place < self._place:
            self._rest, self._place = self._text, 0
        self._rest = self._rest.split(None, place - self._place)[-1]
        self._place = place
        start = len(self._text) - len(self._rest)
        return start, start + len(self.words[place])


def _spans(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each folded word with its place; a written word may fold to several."""
    for match in _WORD.finditer(text):
        written = match[0]
        for word in (written.lower(),) if written.isascii() else words(written):
            yield word, match.span()


@lru_cache(maxsize=1 << 18)
def stem(word: str) -> str:
    """Return the index term of a folded word: its Snowball English stem ("don't" as "don", "o'brien" as "obrien")."""
    return str(_stemmer.stemWord(_CONTRACTED.sub("", word).replace("'", "").replace("\u2019", "")))


def terms(text: str) -> list[str]:
    """Return the index terms of a text in order, stop words included: what the lexical index stores."""
    return [stem(word) for word in words(text)]


def content_terms(text: str) -> list[str]:
    """Return the index terms of a text without stop words: what a plain query asks for."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def groups(text: str) -> list[tuple[str, ...]]:
    """Return the folded words of a text, each alone but for the signs of an unspaced run, which stay together."""
    folded = fold(text)
    if folded.isascii():
        return [(word,) for word in _ASCII_WORD.findall(folded)]
    return [tuple(words(group)) for group in _GROUP.findall(folded)]


def compounds(text: str) -> list[str]:
    """Return the words of a text as they are written there, those that hyphens join together."""
    return _COMPOUND.findall(text)
