"""Texts cut in the pieces of a table, as the methods of the laboratory read them after training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode.pieces import Pieces
from broadsheet.text.tokens import words

_AT_ONCE = 1_024  # texts
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def tokens(cut: Pieces, texts: Sequence[str]) -> tuple[NDArray[np.int32], Ints]:
    """Return the numbers of the pieces of texts in order, and the number of the text each stands in."""
    numbers = [[number for word in words(text) for number in cut[word]] for text in texts]
    sizes = np.array([len(of) for of in numbers], np.int64)
    flat = np.fromiter((number for of in numbers for number in of), np.int32, int(sizes.sum()))
    return flat, np.repeat(np.arange(len(texts)), sizes)


def in_parts(texts: Sequence[str], encode: Callable[[Sequence[str]], Floats], dimension: int) -> Floats:
    """Return the (n, dimension) vectors of texts, a thousand at a time, each brought to length 1."""
    vectors = np.zeros((len(texts), dimension), np.float32)
    for begin in range(0, len(texts), _AT_ONCE):
        vectors[begin : begin + _AT_ONCE] = encode(texts[begin : begin + _AT_ONCE])
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return vectors
