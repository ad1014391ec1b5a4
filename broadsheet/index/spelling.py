"""Words that no paper has, replaced by the nearest that some have; beside a word that hardly any has, a common one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import tantivy

from broadsheet.index.clauses import STOPS, Clauses, fields_of
from broadsheet.query import Term
from broadsheet.text.tokens import stem

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_SHORTEST_FOR = {1: 4, 2: 7}  # letters of a word that may be off by so many edits
_LONGEST = 24
_BEGINNING = 2  # letters that a word two edits away must share
_MOST_COMPARED = 3_000
_RARE = 4  # papers that a word may stand in, and still be a typing error that others made too
_TIMES_AS_COMMON = 500  # what is meant, then
_MOST_MENDED = 16  # words of a query in which typing errors are mended
_MOST_SOUGHT = 4  # words of a query that a neighbour is looked for of, each for up to 15 ms
_SHOUTED = 7  # letters from which a word in capitals is one that is written so, not a name like BRCA
_REMEMBERED = 10_000  # words whose neighbours are remembered


class Speller:
    """Corrects terms against the terms of one open word index."""

    def __init__(self, searcher: tantivy.Searcher, clauses: Clauses) -> None:
        self._searcher, self._clauses = searcher, clauses
        self._nearest = lru_cache(_REMEMBERED)(self._found_nearest)
        self._one_away = lru_cache(_REMEMBERED)(self._found_one_away)

    def corrected(self, terms: Sequence[Term]) -> tuple[tuple[Term, ...], tuple[str, ...]]:
        """Return the terms with unknown words replaced where something is near, and a note on each replacement.

        Beside a very rare word its very common neighbour is looked for, too, as what stands for it and never says more.
        Names and identifiers ("hoxb4", "BRCA") and long queries, which say enough without, are left as they are.
        """
        if len(terms) > _MOST_MENDED:
            return tuple(terms), ()
        changed: dict[str, str] = {}
        room = iter(range(_MOST_SOUGHT))
        return tuple(self._corrected(term, changed, room) for term in terms), tuple(changed.values())

    def _corrected(self, term: Term, changed: dict[str, str], room: Iterator[int]) -> Term:
        if term.prefix or term.negative or _is_name(term):
            return term
        if len(term.words) == 1 and not term.also and self._known(term.words[0], term):
            return self._or_common(term, changed, room)
        words = []
        for word in term.words:
            unknown = not self._known(word, term) and next(room, None) is not None
            nearest = self._nearest(word, fields_of(term)[0]) if unknown else None
            if nearest:
                changed[word] = f"No paper has “{word}”; “{nearest}” was looked for instead."
            words.append(nearest or word)
        return replace(term, words=tuple(words))

    def _or_common(self, term: Term, changed: dict[str, str], room: Iterator[int]) -> Term:
        (word,), field = term.words, fields_of(term)[0]
        papers = sum(self._clauses.papers(one, word) for one in fields_of(term))
        fitting = papers <= _RARE and _SHORTEST_FOR[1] < len(word) <= _LONGEST
        if not fitting or next(room, None) is None:
            return term
        near = self._one_away(word, field)
        if self._clauses.papers(field, near) < _TIMES_AS_COMMON * papers:
            return term
        changed[word] = f"Few papers have “{word}”; “{near}” was looked for, too."
        return replace(term, also=((near,),))

    def _known(self, word: str, term: Term) -> bool:
        """Tell whether a paper has a word or, side by side, the words that stand for it."""
        fields = fields_of(term)
        if any(self._clauses.papers(field, word) for field in fields):
            return True
        return any(self._clauses.found(fields[0], words) for words in term.also)

    def _found_nearest(self, word: str, field: str) -> str | None:
        """Return the most frequent term one edit away, else two edits away; None where there is none."""
        if not _SHORTEST_FOR[1] <= len(word) <= _LONGEST:
            return None
        near = self._one_away(word, field)
        if self._clauses.papers(field, near):
            return near
        return self._two_away(word, field) if len(word) >= _SHORTEST_FOR[2] else None

    def _found_one_away(self, word: str, field: str) -> str:
        """Return the most frequent of all texts one edit away that are no stop words."""
        edited = set(_edits(word))
        edited |= set(map(stem, edited))  # a wrong ending is not cut, and the term that is meant is without it
        edited -= STOPS
        return max(sorted(edited), key=lambda other: self._searcher.doc_freq(field, other))

    def _two_away(self, word: str, field: str) -> str | None:
        letters = set(word)
        frequent = self._searcher.terms_with_prefix(field, word[:_BEGINNING], limit=_MOST_COMPARED)
        likely = (
            other for other, _ in frequent if len(letters.symmetric_difference(other)) <= 4
        )  # two a changed letter
        return next((other for other in likely if _distance(word, other, 2) <= 2), None)


def _is_name(term: Term) -> bool:
    """Tell whether a term is written as names of genes, models and the like are: with a digit, or capitals inside."""
    typed = term.typed
    if any(char.isdigit() for word in term.words for char in word):
        return True
    return typed[1:] != typed[1:].lower() and not (typed.isupper() and len(typed) >= _SHOUTED)


def _edits(word: str) -> Iterator[str]:
    """Yield the texts one insertion, deletion, substitution or swap of neighbours away, in a fixed order."""
    for i in range(len(word) + 1):
        before, after = word[:i], word[i:]
        yield from (before + letter + after for letter in _ALPHABET)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in _ALPHABET if letter != after[0])
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]


def _distance(one: str, other: str, most: int) -> int:
    """Return the edits between two words, swaps of neighbours counted as one, or more than `most` if there are more.

    Optimal string alignment, row by row (Damerau, 1964).
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    earlier: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        earlier, last = last, row
    return last[-1]
