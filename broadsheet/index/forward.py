"""What each paper says, in order, two bytes a word: for evidence that neither words' scores nor vectors hold.

A paper is its title's content words, then those of each sentence, as numbers, a `MARK` after each part. A number is the
place of the word's stem among the pieces that ship with the program, or, for other stems, one of the numbers behind
those, by checksum: two rare words may share one, which for a query's word and a given paper happens once in some 300.
"""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import shipped
from broadsheet.text.tokens import STOP_WORDS, stem

TOKENS, LENGTHS = "tokens.u16", "lengths.npy"
MARK = 65_535  # ends the title and each sentence
NUMBERS = 65_536
MOST = 255  # tokens of a paper, marks too
_FEWEST_SHARED = 1_024  # numbers for stems that are no piece

Tokens = NDArray[np.uint16]


class Numbers(dict[str, int]):
    """A cache: index term to its number."""

    def __init__(self, pieces: Sequence[str]) -> None:
        super().__init__()
        self._own = min(len(pieces), MARK - _FEWEST_SHARED)
        self._pieces = tuple(pieces[: self._own])
        self._places = {piece: place for place, piece in enumerate(self._pieces)}

    def term(self, number: int) -> str | None:
        """Return the only term that has a number, None where several may share it."""
        return self._pieces[number] if number < self._own else None

    def __missing__(self, term: str) -> int:
        if len(self) >= 1 << 19:
            self.clear()
        place = self._places.get(term)
        self[term] = number = self._own + crc32(term.encode()) % (MARK - self._own) if place is None else place
        return number


@cache
def numbers() -> Numbers:
    """Return the numbers of terms, by the pieces that ship with the program."""
    return Numbers(shipped().vocabulary)


class _OfWords(dict[str, int]):
    """A cache: folded word to the number of its stem, -1 for a stop word; one look instead of three."""

    def __missing__(self, word: str) -> int:
        if len(self) >= 1 << 19:
            self.clear()
        self[word] = number = -1 if word in STOP_WORDS else numbers()[stem(word)]
        return number


_of_words = _OfWords()


def tokens(title_words: Iterable[str], sentence_words: Iterable[Iterable[str]]) -> Tokens:
    """Return the tokens of a paper from the folded words of its title and of each of its sentences."""
    found = list[int]()
    for part in (title_words, *sentence_words):
        found += [number for number in map(_of_words.__getitem__, part) if number >= 0]
        found.append(MARK)
    return np.array(found[:MOST], np.uint16)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The tokens of some papers one after another, and the place in the list of papers that each token belongs to."""

    tokens: Tokens
    owners: NDArray[np.int64]
    starts: NDArray[np.int64]
    """Where each paper begins, and the end: one more than there are papers."""


class Writer:
    """The tokens of a segment's rows while they are taken in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = open(folder / TOKENS, "wb")  # noqa: SIM115, closed by `close`
        self._lengths = array("B")

    def add(self, papers: Iterable[Tokens]) -> None:
        """Append the tokens of papers."""
        for paper in papers:
            self._file.write(paper.tobytes())
            self._lengths.append(len(paper))

    def close(self) -> None:
        """Write what is left."""
        self._file.close()
        np.save(self._folder / LENGTHS, np.frombuffer(self._lengths, np.uint8))


def join(folders: Sequence[Path], target: Path) -> None:
    """Write the tokens of several segments as those of one."""
    with open(target / TOKENS, "wb") as file:
        for folder in folders:
            with open(folder / TOKENS, "rb") as source:
                shutil.copyfileobj(source, file)
    np.save(target / LENGTHS, np.concatenate([np.load(folder / LENGTHS) for folder in folders]))


class Forward:
    """The tokens of a snapshot's rows; thread-safe."""

    def __init__(self, folders: Sequence[Path]) -> None:
        lengths = [np.load(folder / LENGTHS) for folder in folders]
        self._parts = [
            _opened(folder, int(sizes.sum(dtype=np.int64))) for folder, sizes in zip(folders, lengths, strict=True)
        ]
        self._edges = np.concatenate([[0], np.cumsum([len(part) for part in self._parts], dtype=np.int64)])
        self._lengths = np.concatenate([np.empty(0, np.uint8), *lengths])
        self._begins = np.cumsum(self._lengths, dtype=np.int64) - self._lengths
        self.mean_length = float(self._lengths.mean()) if len(self._lengths) else 1.0

    def of(self, rows: NDArray[np.int32]) -> Gathered:
        """Return the tokens of rows, in their order."""
        sizes, begins = self._lengths[rows].astype(np.int64), self._begins[rows]
        part = np.minimum(np.searchsorted(self._edges, begins, "right"), len(self._parts)) - 1
        begins = begins - self._edges[part]
        places = zip(part.tolist(), begins.tolist(), (begins + sizes).tolist(), strict=True)
        papers = [self._parts[number][begin:end] for number, begin, end in places]  # twice as quick as by one index
        tokens = np.concatenate([np.empty(0, np.uint16), *papers])
        return Gathered(tokens, np.repeat(np.arange(len(rows)), sizes), np.concatenate([[0], np.cumsum(sizes)]))


def _opened(folder: Path, count: int) -> Tokens:
    return np.asarray(np.memmap(folder / TOKENS, np.uint16, "r", shape=(count,))) if count else np.empty(0, np.uint16)
