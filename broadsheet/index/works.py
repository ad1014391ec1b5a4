"""What tells versions of one work from other papers: its title, the numbers in it, and its people, as a few bits each.

A *mark* holds 24 bits of the title's fingerprint and 8 of the numbers in it ("IWSLT 2013" is not "IWSLT 2014"); it is 0
where a title says nothing. *People* has one bit of 32 set for each surname. Bits may coincide, so they only ever speak
together with each other and with vectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from broadsheet.text.normalise import fingerprint, surname

Bits = NDArray[np.uint32]

_NUMBER_BITS = 8
_PEOPLE_BITS = 32
_NUMBERS = re.compile(r"\d+")


def mark_of(title: str) -> int:
    """Return the mark of a title, below 2^32."""
    name = fingerprint(title)
    if not name:
        return 0
    numbers = " ".join(_NUMBERS.findall(name))
    last = 1 + crc32(numbers.encode()) % ((1 << _NUMBER_BITS) - 1) if numbers else 0
    return (crc32(name.encode()) >> _NUMBER_BITS << _NUMBER_BITS) | last


def people_of(authors: Iterable[str]) -> int:
    """Return the bits of the surnames of authors, below 2^32; 0 without authors."""
    bits = 0
    for name in filter(None, map(surname, authors)):
        bits |= 1 << crc32(name.encode()) % _PEOPLE_BITS
    return bits


def same_title(one: Bits, other: Bits) -> NDArray[np.bool_]:
    """Tell where two marks are of one title."""
    return np.asarray((one == other) & (one != 0))


def other_numbers(one: Bits, other: Bits) -> NDArray[np.bool_]:
    """Tell where both titles have numbers, and different ones."""
    mine, theirs = (bits & ((1 << _NUMBER_BITS) - 1) for bits in (one, other))
    return np.asarray((mine != theirs) & (mine != 0) & (theirs != 0))


def shared_people(one: Bits, other: Bits) -> NDArray[np.float32]:
    """Return the share of the fewer people who are among the others; NaN where either paper names nobody."""
    fewer = np.minimum(np.bitwise_count(one), np.bitwise_count(other)).astype(np.float32)
    both = np.bitwise_count(one & other).astype(np.float32)
    return np.asarray(np.divide(both, fewer, out=np.full_like(fewer, np.nan), where=fewer > 0), np.float32)
