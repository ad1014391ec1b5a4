"""Where the words of a query stand in a text, and which part of the text to show."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from broadsheet.records import Span
from broadsheet.text.sentences import sentences
from broadsheet.text.tokens import located, stems


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


class Marker(Generic[Term]):
    """Looks for the wanted ones of a query's terms in texts, by stem; names of authors are not looked for."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._rows: dict[str, list[tuple[Term, tuple[str, ...]]]] = {}  # by their first stem
        self._prefixes: list[Term] = []
        for term in dict.fromkeys(terms):
            if term.negative or term.field == "author" or not term.words:
                continue
            if term.prefix:
                self._prefixes.append(term)
            else:
                for row in (term.words, *term.also):
                    self._rows.setdefault(row[0], []).append((term, row))

    def marks(self, text: str) -> tuple[Span, ...]:
        """Return the stretches of a text that the terms match, in order and apart.

        A phrase is marked as a whole, and only where all of it stands.
        """
        joined: list[Span] = []
        places = sorted([(start, end) for start, end, _ in self.found(text)])
        if not places:
            return ()
        begin, until = places[0]
        for start, end in places:
            if start > until:
                joined.append(Span(begin, until))
                begin, until = start, end
            elif end > until:
                until = end
        return (*joined, Span(begin, until))

    def found(self, text: str) -> Iterator[tuple[int, int, Term]]:
        """Yield the start and end of each place where a wanted term matches, with the term."""
        if not self._rows and not self._prefixes:
            return
        words, span = located(text)
        found, rows = stems(words), self._rows
        for place in [place for place, stem in enumerate(found) if stem in rows]:
            start, end = span(place)
            for term, row in rows[found[place]]:
                last = place + len(row) - 1
                if last == place:
                    yield start, end, term
                elif tuple(found[place : last + 1]) == row:
                    yield start, span(last)[1], term
        for term in self._prefixes:
            for place, word in enumerate(words):
                if word.startswith(term.words[0]):
                    yield *span(place), term


def marks(text: str, terms: Iterable[Wanted]) -> tuple[Span, ...]:
    """Return the stretches of one text that a query's wanted terms match, as `Marker.marks` does."""
    return Marker(terms).marks(text)


def matched(text: str, terms: Iterable[Term]) -> dict[Term, str]:
    """Return the terms that a text has, each with its first occurrence as it is written there."""
    written: dict[Term, str] = {}
    for start, end, term in Marker(terms).found(text):
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
