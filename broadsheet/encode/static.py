"""The static encoder: a table of piece vectors and numpy, nothing else at run time."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from broadsheet.encode import nibbles
from broadsheet.encode.pieces import Pieces
from broadsheet.text.tokens import words

SHIPPED = Path(__file__).parent / "data" / "static.safetensors"
_MOST_WORDS = 4096  # of one text; more would only cost memory
_BATCH = 1024
_PIECE_BITS = 32


class Static:
    """Text vectors as weighted sums of piece vectors, on one core, without a model framework.

    The vector of a text is the sum over its distinct pieces of (1 + ln tf) x scale x row, divided by its length;
    `scale` (float32) holds both the learned weight of a piece and the step of its row, which has 4 bits or 8 a number.
    It may be cut to one of `prefixes` and divided by its length again (Matryoshka, Kusupati et al., 2022).
    """

    name = "static"

    def __init__(self, path: Path = SHIPPED) -> None:
        with safe_open(path, framework="np") as file:
            about = file.metadata()
            table = file.get_tensor("table")
            self._table: NDArray[np.int8] = nibbles.whole(table) if table.dtype == np.uint8 else table
            self._scale: NDArray[np.float32] = file.get_tensor("scale")
            vocabulary = file.get_tensor("pieces").tobytes().decode().split("\n")
        self._pieces = Pieces(vocabulary)
        self.id = about["id"]
        self.about = about
        self.dimension = int(self._table.shape[1])
        self.prefixes: tuple[int, ...] = tuple(json.loads(about["prefixes"]))

    @property
    def vocabulary(self) -> Sequence[str]:
        """The pieces, by number."""
        return self._pieces.vocabulary

    def rows(self, numbers: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the (n, dimension) rows of pieces by number, weighted as in a text that has each once."""
        rows: NDArray[np.float32] = self._table[numbers].astype(np.float32)
        rows *= self._scale[numbers, None]
        return rows

    def of_words(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the (n, dimension) sum of the weighted rows of each word, and which words are one piece each."""
        pieces = [self._pieces[word] for word in texts]
        rows = self.rows(np.fromiter(chain.from_iterable(pieces), np.int64))
        sizes = np.array([len(own) for own in pieces])
        sums = np.zeros((len(texts), self.dimension), np.float32)
        np.add.at(sums, np.repeat(np.arange(len(texts)), sizes), rows)
        return sums, sizes == 1

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, dimension) rows of length 1, of the first 4,096 words of each text; zeros for an empty text."""
        return self.encode_words([words(text) for text in texts])

    def encode_words(self, texts: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return what `encode` does, for texts already divided by `broadsheet.text.tokens.words`."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for begin in range(0, len(texts), _BATCH):
            self._fill(vectors[begin : begin + _BATCH], texts[begin : begin + _BATCH])
        return vectors

    def _fill(self, vectors: NDArray[np.float32], texts: Sequence[Sequence[str]]) -> None:
        pieces, weights, ends = self._bags(texts)
        begin = 0
        for vector, end in zip(vectors, ends, strict=True):
            if begin < end:
                np.matmul(weights[begin:end], self._table[pieces[begin:end]].astype(np.float32), out=vector)
                vector /= max(np.sqrt(vector @ vector), np.finfo(np.float32).tiny)
            begin = end

    def _bags(self, texts: Sequence[Sequence[str]]) -> tuple[NDArray[np.int64], NDArray[np.float32], list[int]]:
        """Return the distinct pieces of all texts, text after text, their weights, and where each text ends."""
        numbers, sizes = array("q"), []
        for text in texts:
            before = len(numbers)
            numbers.extend(self._numbers(text))
            sizes.append(len(numbers) - before)
        of = np.repeat(np.arange(len(texts), dtype=np.int64) << _PIECE_BITS, sizes)
        keys = self._keys(of, np.frombuffer(numbers, np.int64))
        keys.sort()
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        frequencies = np.diff(first, append=len(keys)).astype(np.float32)
        distinct = keys[first]
        pieces = distinct & ((1 << _PIECE_BITS) - 1)
        ends = np.searchsorted(distinct, np.arange(1, len(texts) + 1) << _PIECE_BITS)
        return pieces, (1 + np.log(frequencies)) * self._scale[pieces], ends.tolist()

    def _keys(self, of: NDArray[np.int64], pieces: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return text | row for all that is summed, from the texts' numbers << 32 and their pieces in order."""
        return of | pieces

    def _numbers(self, text: Sequence[str]) -> Iterable[int]:
        return chain.from_iterable(map(self._pieces.__getitem__, islice(text, _MOST_WORDS)))
