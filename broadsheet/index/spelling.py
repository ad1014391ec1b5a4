"""Words that no paper has, replaced by the nearest that some have; beside a word that hardly any has, a common one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

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


class Speller:
    """Corrects terms against the terms of one open word index."""

    def __init__(self, searcher: tantivy.Searcher, clauses: Clauses) -> None:
        self._searcher, self._clauses = searcher, clauses

    def corrected(self, terms: Iterable[Term]) -> tuple[list[Term], tuple[str, ...]]:
        """Return the terms with unknown words replaced where something is near, and a note on each replacement.

        Beside a very rare word its very common neighbour is looked for, too, as what stands for it and never says more.
        """
        changed: dict[str, str] = {}
        result = [term if term.prefix or term.negative else self._corrected(term, changed) for term in terms]
        return result, tuple(changed.values())

    def _corrected(self, term: Term, changed: dict[str, str]) -> Term:
        if len(term.words) == 1 and not term.also and self._known(term.words[0], term):
            return self._or_common(term, changed)
        words = []
        for word in term.words:
            nearest = None if self._known(word, term) else self._nearest(word, fields_of(term)[0])
            if nearest:
                changed[word] = f"No paper has “{word}”; “{nearest}” was looked for instead."
            words.append(nearest or word)
        return replace(term, words=tuple(words))

    def _or_common(self, term: Term, changed: dict[str, str]) -> Term:
        (word,), field = term.words, fields_of(term)[0]
        papers = sum(self._searcher.doc_freq(one, word) for one in fields_of(term))
        if papers > _RARE or not _SHORTEST_FOR[1] < len(word) <= _LONGEST:
            return term
        near = self._one_away(word, field)
        if self._searcher.doc_freq(field, near) < _TIMES_AS_COMMON * papers:
            return term
        changed[word] = f"Few papers have “{word}”; “{near}” was looked for, too."
        return replace(term, also=((near,),))

    def _known(self, word: str, term: Term) -> bool:
        """Tell whether a paper has a word or, side by side, the words that stand for it."""
        fields = fields_of(term)
        if any(self._searcher.doc_freq(field, word) for field in fields):
            return True
        return any(self._clauses.found(fields[0], words) for words in term.also)

    def _nearest(self, word: str, field: str) -> str | None:
        """Return the most frequent term one edit away, else two edits away; None where there is none."""
        if not _SHORTEST_FOR[1] <= len(word) <= _LONGEST:
            return None
        near = self._one_away(word, field)
        if self._searcher.doc_freq(field, near):
            return near
        return self._two_away(word, field) if len(word) >= _SHORTEST_FOR[2] else None

    def _one_away(self, word: str, field: str) -> str:
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
