"""Eight-bit numbers rounded to fifteen of them, two in a byte: the rows of a static table, and the codes of papers.

The fifteen stand closer together near zero, so that vectors whose dimensions differ in size keep their direction, too:
1 - cosine is 0.007 for 512 normally distributed numbers and 0.018 where the first are ten times the last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOST, _ZERO = 7, 8
_LEVELS = np.rint(127 * (np.arange(_MOST + 1) / _MOST) ** 1.5)
_VALUES = np.concatenate((_LEVELS[:1], -_LEVELS[:0:-1], _LEVELS))  # by nibble; the first is none
_NEAREST = np.array([1 + np.argmin(np.abs(_VALUES[1:] - value)) for value in range(-128, 128)], np.uint8)
_PAIRS = np.stack([np.repeat(_VALUES, 16), np.tile(_VALUES, 16)], axis=1)
# Both numbers of a byte under one wider type, so that they are looked up at once, by `take` which, told to clip what
# cannot be out of range, needs half the time of brackets.
_FLOATS = _PAIRS.astype(np.float32).view(np.complex64).ravel()
_BYTES = _PAIRS.astype(np.int8).view(np.int16).ravel()


def width(dimension: int) -> int:
    """Return the bytes that so many numbers take."""
    return -(-dimension // 2)


def packed(numbers: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return (n, width(d)) bytes of (n, d) numbers."""
    nibbles = _NEAREST[numbers.astype(np.int16) + 128]
    if numbers.shape[1] % 2:
        nibbles = np.pad(nibbles, ((0, 0), (0, 1)), constant_values=_ZERO)
    return np.asarray(nibbles[:, ::2] << 4 | nibbles[:, 1::2], np.uint8)


def floats(together: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (n, 2 x width) numbers of (n, width) bytes as float32; an odd d has one zero at the end."""
    return _FLOATS.take(together, mode="clip").view(np.float32)


def whole(together: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return the (n, 2 x width) numbers of (n, width) bytes as int8; an odd d has one zero at the end."""
    return _BYTES.take(together, mode="clip").view(np.int8)
