"""Phrases: pairs of words that stand together more often than chance has it, as rows beside the pieces (row 58)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from broadsheet.encode.pieces import CONTINUES
from broadsheet.encode.static import Static
from broadsheet.text.tokens import STOP_WORDS, stem
from broadsheet.training.corpus import Corpus

_FEWEST = 50  # a pair that stands together less often is no phrase
_STEMS = frozenset(stem(word) for word in STOP_WORDS)
Pairs = NDArray[np.int64]  # first piece << 32 | second piece, ascending


def learn(corpus: Corpus, size: int) -> Pairs:
    """Return the `size` pairs of whole words with the most information: count x (1 + ln lift), lift at least 3."""
    if not size:
        return np.empty(0, np.int64)
    plain = np.array([_is_word(piece) for piece in corpus.vocabulary])
    last = np.zeros(len(corpus.tokens), bool)
    last[np.concatenate((corpus.starts[1:], corpus.title_ends)) - 1] = True
    inside = plain[corpus.tokens[:-1]] & plain[corpus.tokens[1:]] & ~last[:-1]
    keys = _keys(corpus.tokens)[inside]
    keys.sort()
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(first, append=len(keys))
    pairs, counts = keys[first][counts >= _FEWEST], counts[counts >= _FEWEST]
    single = corpus.counts()
    lift = counts * len(corpus.tokens) / (single[pairs >> 32].astype(float) * single[pairs & 0xFFFFFFFF])
    worth = np.where(lift >= 3, counts * (1 + np.log(np.maximum(lift, 3))), 0)
    return np.sort(pairs[np.argsort(-worth, kind="stable")[:size]])


def _is_word(piece: str) -> bool:
    return piece.isalpha() and len(piece) > 1 and not piece.startswith(CONTINUES) and piece not in _STEMS


def _keys(tokens: NDArray[np.int32]) -> NDArray[np.int64]:
    return tokens[:-1].astype(np.int64) << 32 | tokens[1:]


def mark(corpus: Corpus, pairs: Pairs) -> Corpus:
    """Return a corpus whose phrases are marked; phrase i has the number len(vocabulary) + i."""
    keys = _keys(corpus.tokens)
    found = np.searchsorted(pairs, keys)
    held = pairs[np.minimum(found, len(pairs) - 1)] == keys
    phrases = np.append(np.where(held, found + len(corpus.vocabulary), -1), -1).astype(np.int32)
    names = [f"{corpus.vocabulary[pair >> 32]} {corpus.vocabulary[pair & 0xFFFFFFFF]}" for pair in pairs.tolist()]
    return replace(corpus, vocabulary=corpus.vocabulary + names, phrases=phrases)


def split(pairs: Pairs) -> NDArray[np.int32]:
    """Return the (n, 2) pieces of pairs."""
    return np.stack((pairs >> 32, pairs & 0xFFFFFFFF), axis=1).astype(np.int32)


class Phrased(Static):
    """A static encoder whose table has rows for phrases, after those of the pieces, beside which they are summed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with safe_open(path, framework="np") as file:
            pairs = file.get_tensor("phrases")
        self._pairs = pairs[:, 0].astype(np.int64) << 32 | pairs[:, 1]
        self._begin = len(self._table) - len(pairs)

    def _keys(self, of: NDArray[np.int64], pieces: NDArray[np.int64]) -> NDArray[np.int64]:
        wanted = pieces[:-1] << 32 | pieces[1:]
        found = np.minimum(np.searchsorted(self._pairs, wanted), len(self._pairs) - 1)
        held = np.flatnonzero((self._pairs[found] == wanted) & (of[:-1] == of[1:]))
        return np.concatenate((of | pieces, of[held] | found[held] + self._begin))
