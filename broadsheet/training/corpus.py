"""The papers an encoder is trained on, as word numbers in flat arrays: free licences only."""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import orjson
import zstandard
from numpy.typing import NDArray

from broadsheet.errors import InputError
from broadsheet.text.tokens import words

# Which records of which file may be used: arXiv metadata is CC0, the ACL Anthology is CC BY 4.0 from 2016 on.
SINCE = {"arxiv_2025_26.jsonl.zst": "", "arxiv_history.jsonl.zst": "", "acl_anthology.jsonl.zst": "2016"}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_FEWEST_WORDS = 10
_BUCKETS = 1 << 15


@dataclass(frozen=True, slots=True)
class Corpus:
    """Papers as numbers of words or of pieces.

    `tokens` (int32) holds all of them one after another; paper i is `starts[i]:starts[i + 1]`, its title ends at
    `title_ends[i]`, its sentences begin at `sentences[sentence_starts[i]:sentence_starts[i + 1]]`; `groups[i]` is the
    number of its first category or venue. `vocabulary` is what the numbers stand for. `phrases` (int32), where they
    were looked for, has for each token the number of the phrase that begins there, or -1. The authors of paper i are
    `authors[author_starts[i]:author_starts[i + 1]]`, names hashed to 32,768 numbers.
    """

    vocabulary: list[str]
    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]
    title_ends: NDArray[np.int64]
    sentences: NDArray[np.int64]
    sentence_starts: NDArray[np.int64]
    groups: NDArray[np.int32]
    authors: NDArray[np.int32]
    author_starts: NDArray[np.int64]
    phrases: NDArray[np.int32] | None = None
    group_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.title_ends)

    def counts(self) -> NDArray[np.int64]:
        """Return how often each entry of the vocabulary occurs."""
        counts = np.bincount(self.tokens, minlength=len(self.vocabulary))
        if self.phrases is not None:
            counts += np.bincount(self.phrases[self.phrases >= 0], minlength=len(self.vocabulary))
        return counts

    def save(self, folder: Path) -> None:
        """Write the arrays to a folder, so that several trainings read the papers once."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "vocabulary.txt").write_text("\n".join(self.vocabulary), encoding="utf-8")
        for name in _arrays():
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Return what `save` wrote."""
        vocabulary = (folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
        return cls(vocabulary, **{name: np.load(folder / f"{name}.npy") for name in _arrays()})


def _arrays() -> list[str]:
    return [field.name for field in fields(Corpus) if field.name not in ("vocabulary", "phrases", "group_names")]


def files(folder: Path) -> list[Path]:
    """Return the files of a folder that may be trained on.

    Raises:
        InputError: there is none.
    """
    found = [folder / name for name in sorted(SINCE) if (folder / name).is_file()]
    if not found:
        raise InputError(f"{folder} holds none of {', '.join(sorted(SINCE))}; name the folder that does.")
    return found


def fingerprint(paths: list[Path]) -> str:
    """Return the SHA-256 of the list "name, SHA-256 of the content" of the training files."""
    lines = []
    for path in paths:
        with path.open("rb") as file:
            lines.append(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def records(paths: list[Path], limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield the records with title, abstract and a free licence; at most `limit` of each file."""
    for path in paths:
        taken = 0
        for record in _lines(path):
            if taken == limit:
                break
            if record.get("abstract") and record.get("title") and str(record.get("date", "")) >= SINCE[path.name]:
                taken += 1
                yield record


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        for line in io.BufferedReader(stream):
            yield orjson.loads(line)


class _Numbers(dict[str, int]):
    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number


def held_out(papers: Corpus, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers of the papers that no training sees, always the same ones, and of the others."""
    order = np.random.default_rng(0).permutation(len(papers))
    return np.sort(order[:count]), np.sort(order[count:])


def sentences(abstract: str) -> list[str]:
    """Return the sentences of an abstract."""
    return _SENTENCE_END.split(abstract)


def divided(paper: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the words of a record's title and of each sentence; no sentences where there is hardly any text."""
    parts = [words(sentence) for sentence in sentences(paper["abstract"])]
    title = words(paper["title"])
    return title, parts if title and sum(map(len, parts)) >= _FEWEST_WORDS else []


def read(papers: Iterator[dict[str, Any]]) -> Corpus:
    """Return records as word numbers; those with hardly any text are left out."""
    numbers, groups = _Numbers(), _Numbers()
    tokens, title_ends, group, authors = array("i"), array("q"), array("i"), array("i")
    starts, sentences, sentence_starts, author_starts = array("q", [0]), array("q"), array("q", [0]), array("q", [0])
    for paper in papers:
        title, parts = divided(paper)
        if not parts:
            continue
        tokens.extend(map(numbers.__getitem__, title))
        title_ends.append(len(tokens))
        for part in parts:
            sentences.append(len(tokens))
            tokens.extend(map(numbers.__getitem__, part))
        starts.append(len(tokens))
        sentence_starts.append(len(sentences))
        group.append(groups[(paper.get("categories") or [paper.get("venue", "")])[0]])
        authors.extend(map(bucket, paper.get("authors") or ()))
        author_starts.append(len(authors))
    flat = {"starts": starts, "title_ends": title_ends, "sentences": sentences, "sentence_starts": sentence_starts}
    flat["author_starts"] = author_starts
    arrays = {name: np.array(values, np.int64) for name, values in flat.items()}
    arrays |= {"groups": np.array(group, np.int32), "authors": np.array(authors, np.int32)}
    made = Corpus(list(numbers), np.array(tokens, np.int32), **cast(Any, arrays))
    return replace(made, group_names=tuple(groups))


def bucket(author: str) -> int:
    """Return the number that an author's name is hashed to."""
    return zlib.crc32(" ".join(words(author)).encode()) % _BUCKETS


def in_pieces(corpus: Corpus, pieces: list[str], split: Sequence[Sequence[int]]) -> Corpus:
    """Return a corpus of words as a corpus of pieces; `split[w]` are the pieces of word w."""
    sizes = np.array([len(parts) for parts in split], np.int64)
    flat = np.array([piece for parts in split for piece in parts], np.int32)
    begins = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    ends = np.concatenate(([0], np.cumsum(sizes[corpus.tokens])))
    within = np.arange(ends[-1]) - np.repeat(ends[:-1] - begins[corpus.tokens], sizes[corpus.tokens])
    return Corpus(
        pieces,
        flat[within],
        ends[corpus.starts],
        ends[corpus.title_ends],
        ends[corpus.sentences],
        corpus.sentence_starts,
        corpus.groups,
        corpus.authors,
        corpus.author_starts,
    )
