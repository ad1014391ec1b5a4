"""The one tokenizer: the same words for the index, the query, the encoder and the highlighter."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

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
_LETTERS = re.compile(_LETTER)
_COMPOUND = re.compile(rf"(?:{_GROUP.pattern})(?:[-\u2010\u2011]{_LETTER}+)*")
# Of ASCII signs, each that divides words to a space and each capital to its small letter.
# To divide a text so takes a third of the pattern's time.
_DIVIDED = {code: chr(code).lower() if chr(code).isalnum() or chr(code) == "'" else " " for code in range(128)}
_LONE_APOSTROPHE = re.compile(r"['\u2019](?:(?![^\W_])|(?<![^\W_].))")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_INTRICATE = "\x00"  # stands for a sign that must be folded together with its neighbours, or to several
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
    divided = _divided(text)
    return _WORD.findall(fold(text)) if divided is None else divided.split()


def located(text: str) -> tuple[list[str], Callable[[int], tuple[int, int]]]:
    """Return the folded words of a text, and what gives (start, end) in the text of the word at a place."""
    divided = _divided(text)
    if divided is not None:
        places = _Places(divided)
        return places.words, places
    spans = list(_spans(text))
    return [word for word, _ in spans], lambda place: spans[place][1]


def _divided(text: str) -> str | None:
    """Return a text folded sign by sign, with nothing but spaces between its words; None where that cannot be done."""
    if not text.isascii():
        text = _NOT_ASCII.sub(lambda match: _alone[match[0]], text)
        if _INTRICATE in text:
            return None
    if "'" in text or "\u2019" in text:
        text = _LONE_APOSTROPHE.sub(" ", text)
    return text.translate(_DIVIDED)


class _Alone(dict[str, str]):
    """A cache: a sign that is not ASCII to what it folds to, a space where it divides words, or `_INTRICATE`."""

    def __missing__(self, sign: str) -> str:
        self[sign] = found = self._folded(sign)
        return found

    def _folded(self, sign: str) -> str:
        folded = fold(sign)
        if sign in "\u2019":
            return sign
        if sign == "Σ" or unicodedata.category(sign)[0] == "M" or "\u1100" <= folded <= "\u11ff":
            return _INTRICATE  # small at a word's end otherwise; a mark; part of a Korean sign
        if _LETTERS.fullmatch(sign):
            return folded if len(folded) == 1 and _LETTERS.fullmatch(folded) else _INTRICATE
        return _INTRICATE if _WORD.search(folded) or "'" in folded else " "


_alone = _Alone()


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


class _Stems(dict[str, str]):
    """A cache: folded word to its stem. Asked by `map`, it answers in half the time that `lru_cache` takes."""

    def __missing__(self, word: str) -> str:
        if len(self) >= 1 << 18:
            self.clear()
        bare = _CONTRACTED.sub("", word).replace("'", "").replace("\u2019", "")
        self[word] = found = str(_stemmer.stemWord(bare))
        return found


_stems = _Stems()


def stem(word: str) -> str:
    """Return the index term of a folded word: its Snowball English stem ("don't" as "don", "o'brien" as "obrien")."""
    return _stems[word]


def stems(words: Iterable[str]) -> list[str]:
    """Return the index terms of folded words."""
    return list(map(_stems.__getitem__, words))


def terms(text: str) -> list[str]:
    """Return the index terms of a text in order, stop words included: what the lexical index stores."""
    return stems(words(text))


def content_terms(text: str) -> list[str]:
    """Return the index terms of a text without stop words: what a plain query asks for."""
    return [stem(word) for word in words(text) if word not in STOP_WORDS]


def groups(text: str) -> list[tuple[str, ...]]:
    """Return the folded words of a text, each alone but for the signs of an unspaced run, which stay together."""
    if text.isascii():
        return [(word,) for word in words(text)]
    return [tuple(words(group)) for group in _GROUP.findall(fold(text))]


def compounds(text: str) -> list[str]:
    """Return the words of a text as they are written there, those that hyphens join together."""
    return _COMPOUND.findall(text)
