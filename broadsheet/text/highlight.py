"""Where the words of a query stand in a text, and which part of the text to show."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from broadsheet.records import Span
from broadsheet.text.sentences import sentences
from broadsheet.text.tokens import located, stem


class Wanted(Hashable, Protocol):
    """What is looked for, as `query.Term` has it: index terms together, what stands for them, or a beginning."""

    @property
    def words(self) -> tuple[str, ...]: ...
    @property
    def field(self) -> str: ...
    @property
    def prefix(self) -> bool: ...
    @property
    def also(self) -> tuple[tuple[str, ...], ...]: ...
    @property
    def negative(self) -> bool: ...


Term = TypeVar("Term", bound=Wanted)


def marks(text: str, terms: Iterable[Wanted]) -> tuple[Span, ...]:
    """Return the stretches of a text that a query's wanted terms match, by stem, in order and apart.

    A phrase is marked as a whole, and only where all of it stands; names of authors are not looked for.
    """
    spans = sorted((start, end) for start, end, _ in _found(text, terms))
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(end, joined[-1].end))
        else:
            joined.append(Span(start, end))
    return tuple(joined)


def matched(text: str, terms: Iterable[Term]) -> dict[Term, str]:
    """Return the terms that a text has, each with its first occurrence as it is written there."""
    written: dict[Term, str] = {}
    for start, end, term in _found(text, terms):
        written.setdefault(term, text[start:end])
    return written


def best_sentence(text: str, terms: Iterable[Term], weights: Mapping[Term, float] | None = None) -> str | None:
    """Return the sentence with the most weight of distinct matched terms, the first of equals; None without a match."""
    wanted = tuple(terms)
    best, most = None, 0.0
    for sentence in sentences(text):
        weight = sum(weights.get(term, 0.0) if weights else 1.0 for term in matched(sentence, wanted))
        if weight > most:
            best, most = sentence, weight
    return best


def snippet(text: str, terms: Iterable[Wanted], length: int = 300) -> str:
    """Return at most `length` characters of a text, from its best sentence on; an ellipsis stands for what is cut."""
    sentence = best_sentence(text, terms)
    start = text.find(sentence) if sentence else 0
    before = "… " if start > 0 else ""
    rest = text[start:].strip()
    room = length - len(before)
    if len(rest) <= room:
        return before + rest
    whole = rest[: max(room - 2, 0)].rsplit(maxsplit=1)
    return f"{before}{whole[0] if whole else ''} …"


def _found(text: str, terms: Iterable[Term]) -> Iterator[tuple[int, int, Term]]:
    """Yield the start and end of each place where a wanted term matches, with the term."""
    starts: dict[str, list[tuple[Term, tuple[str, ...]]]] = {}
    prefixes: list[Term] = []
    for term in dict.fromkeys(terms):
        if term.negative or term.field == "author" or not term.words:
            continue
        if term.prefix:
            prefixes.append(term)
        else:
            for row in (term.words, *term.also):
                starts.setdefault(row[0], []).append((term, row))
    if not starts and not prefixes:
        return
    words, span = located(text)
    stems = list(map(stem, words))
    for place in [place for place, found in enumerate(stems) if found in starts]:
        for term, row in starts[stems[place]]:
            last = place + len(row) - 1
            if last == place or tuple(stems[place : last + 1]) == row:
                yield span(place)[0], span(last)[1], term
    for term in prefixes:
        for place, word in enumerate(words):
            if word.startswith(term.words[0]):
                yield *span(place), term
