"""How near papers are to each other, by words and by meaning, without an index: for shelves and candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.columns import Ragged
from broadsheet.text.tokens import content_terms

WORDS = 0.6  # the share of words in nearness; the rest is meaning's
_TITLE = 3  # times that a word of the title counts

Column = NDArray[np.float32]
Text = tuple[str, str]  # title, text
Bag = tuple[NDArray[np.int32], Column]  # numbers of words, and their weights


class Lexicon:
    """Numbers the words of papers; `rarity` says how much each of them tells."""

    def __init__(self, rarity: Callable[[str], float]) -> None:
        self._rarity = rarity
        self._numbers: dict[str, int] = {}
        self._weights: list[float] = []

    @classmethod
    def among(cls, texts: Sequence[Text]) -> Lexicon:
        """Return one where a word tells the more the fewer of these papers have it: ln((n + 1) / (df + 1/2))."""
        having = Counter(word for title, text in texts for word in set(content_terms(f"{title}\n{text}")))
        return cls(lambda word: float(np.log((len(texts) + 1) / (having[word] + 0.5))))

    def bag(self, text: Text) -> Bag:
        """Return the numbers of a paper's words, and their weights (1 + ln tf) x rarity, together of length 1."""
        counts = Counter(content_terms(text[1]))
        for word in content_terms(text[0]):
            counts[word] += _TITLE
        numbers = np.fromiter(map(self._number, counts), np.int32, len(counts))
        frequencies = np.fromiter(counts.values(), np.float32, len(counts))
        weights = (1 + np.log(frequencies)) * np.array([self._weights[number] for number in numbers], np.float32)
        return numbers, np.asarray(weights / max(np.sqrt(weights @ weights), 1e-9), np.float32)

    def _number(self, word: str) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self._weights)
            self._weights.append(max(self._rarity(word), 0.0))
        return number


@dataclass(frozen=True, eq=False)
class Papers:
    """Some papers: their (n, d) vectors of length 1 or 0, and their words, paper after paper."""

    vectors: NDArray[np.float32]
    words: Ragged
    weights: Ragged

    @classmethod
    def of(cls, vectors: NDArray[np.float32], texts: Sequence[Text], lexicon: Lexicon) -> Papers:
        """Return papers by their vectors, seen from the middle of what they are compared with, and their texts."""
        return cls.of_bags(vectors, [lexicon.bag(text) for text in texts])

    @classmethod
    def of_bags(cls, vectors: NDArray[np.float32], bags: Sequence[Bag]) -> Papers:
        """Return papers by their vectors and the words of each."""
        counts = np.array([len(numbers) for numbers, _ in bags], np.int64)
        words = np.concatenate([np.empty(0, np.int32), *(numbers for numbers, _ in bags)])
        weights = np.concatenate([np.empty(0, np.float32), *(own for _, own in bags)])
        return cls(vectors, Ragged(counts, words), Ragged(counts, weights))

    def __len__(self) -> int:
        return len(self.vectors)

    def take(self, rows: NDArray[np.integer]) -> Papers:
        """Return some of the papers."""
        words, weights = (Ragged(part.counts(rows), part.among(rows)) for part in (self.words, self.weights))
        return Papers(self.vectors[rows], words, weights)

    def near(self, others: Papers) -> NDArray[np.float32]:
        """Return (n, m) how near each paper is to each of the others: cosines of words and meaning, weighed."""
        meaning = self.vectors @ others.vectors.T
        if len(self) > len(others):
            words = np.array([self._words_near(others, row) for row in range(len(others))], np.float32)
            words = words.reshape(len(others), len(self)).T
        else:
            words = np.array([others._words_near(self, row) for row in range(len(self))], np.float32)
            words = words.reshape(len(self), len(others))
        return np.asarray(WORDS * words + (1 - WORDS) * meaning, np.float32)

    def _words_near(self, others: Papers, row: int) -> NDArray[np.float64]:
        """Return (n,) the cosine of each paper's words with those of another."""
        having, weights = self._having
        words, own = others.words.of(row), others.weights.of(row)
        known = words < len(having)
        words, own = words[known], own[known]
        shares = np.repeat(own, having.counts(words)) * weights.among(words)
        return np.asarray(np.bincount(having.among(words), shares, minlength=len(self)), np.float64)

    @cached_property
    def _having(self) -> tuple[Ragged, Ragged]:
        """Which papers have a word, and its weight there, word after word."""
        order = np.argsort(self.words.numbers, kind="stable")
        papers = np.repeat(np.arange(len(self), dtype=np.int32), self.words.counts(np.arange(len(self))))
        counts = np.bincount(self.words.numbers, minlength=1)
        return Ragged(counts, papers[order]), Ragged(counts, self.weights.numbers[order])


def from_middle(vectors: NDArray[np.float32], middle: Column) -> NDArray[np.float32]:
    """Return (n, d) vectors as seen from the middle of a collection, of length 1: what all papers share tells nothing.

    An all-zero vector, which means nothing, stays zero.
    """
    seen = np.where(vectors.any(axis=1, keepdims=True), vectors - middle, 0)
    lengths = np.sqrt(np.einsum("ij,ij->i", seen, seen))[:, None]
    return np.asarray(seen / np.maximum(lengths, 1e-9), np.float32)
