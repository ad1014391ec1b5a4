"""Papers made ready for the index, in this process or in others: words, terms, and 4-bit codes.

A worker is a plain child process that reads pickled batches from its parent and answers each.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

from broadsheet import children
from broadsheet.encode import Encoder, concepts, paper_text
from broadsheet.errors import Unavailable
from broadsheet.index import forward, schema
from broadsheet.index.dense import Codes, quantised
from broadsheet.index.entry import Entry
from broadsheet.index.forward import Tokens

_ALONE = 4_000  # papers that are prepared here before children are started
_UNDER_WAY = 3  # batches a child
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch ready for the index: texts for the words, (n, d / 2) 4-bit codes, each paper's tokens and concepts."""

    texts: list[schema.Texts]
    codes: Codes
    tokens: list[Tokens]
    concepts: list[tuple[str, ...]]


def prepare(encoder: Encoder, entries: Sequence[Entry]) -> Prepared:
    """Return a batch of papers ready for the index."""
    by_sentence = [schema.split(entry) for entry in entries]
    tokens = [forward.tokens(title, parts) for title, parts in by_sentence]
    divided = [(title, list(chain.from_iterable(parts))) for title, parts in by_sentence]
    texts = [schema.texts(title, text, entry.authors) for entry, (title, text) in zip(entries, divided, strict=True)]
    if hasattr(encoder, "encode_words"):  # our own encoder reads the words of our own tokenizer: divided once
        vectors = encoder.encode_words([title + text for title, text in divided])
    else:
        vectors = encoder.encode([paper_text(entry.title, entry.text) for entry in entries])
    return Prepared(texts, quantised(vectors), tokens, concepts.load(encoder.id).named(vectors))


class Preparer:
    """Prepares batches in order: the first thousands here, then in so many child processes, which it starts."""

    def __init__(self, encoder: Encoder, processes: int) -> None:
        self._encoder, self._processes = encoder, processes
        self._taken = 0
        self._children: _Children | None = None
        self._waiting: deque[tuple[Sequence[Entry], Future[Prepared]]] = deque()

    def take(self, entries: Sequence[Entry]) -> Iterator[tuple[Sequence[Entry], Prepared]]:
        """Take a batch, and yield it or earlier ones that are ready; waits where too many are under way."""
        self._taken += len(entries)
        if not self._processes or self._taken <= _ALONE:
            yield entries, prepare(self._encoder, entries)
            return
        self._children = self._children or _Children(self._encoder, self._processes)
        self._waiting.append((entries, self._children.submit(entries)))
        yield from self._ready(_UNDER_WAY * self._processes)

    def settle(self) -> Iterator[tuple[Sequence[Entry], Prepared]]:
        """Yield all batches that are still under way."""
        yield from self._ready(0)

    def close(self) -> None:
        """End the children; batches under way are dropped."""
        if self._children:
            self._children.close()
            self._children = None

    def _ready(self, most: int) -> Iterator[tuple[Sequence[Entry], Prepared]]:
        while len(self._waiting) > most:
            entries, answer = self._waiting.popleft()
            yield entries, answer.result()


class _Children:
    """Child processes, each served by a thread of its own."""

    def __init__(self, encoder: Encoder, processes: int) -> None:
        self._pickled = pickle.dumps(encoder, pickle.HIGHEST_PROTOCOL)
        self._own = threading.local()
        self._all: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(processes, "prepare", initializer=self._start)

    def submit(self, entries: Sequence[Entry]) -> Future[Prepared]:
        return self._threads.submit(self._ask, entries)

    def close(self) -> None:
        for child in self._all:  # a thread that waits for its child's answer would never end otherwise
            child.kill()
        self._threads.shutdown(cancel_futures=True)
        for child in self._all:
            assert child.stdin and child.stdout
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
            child.stdout.close()
            child.wait()

    def _start(self) -> None:
        child = children.start(__name__, _ONE_THREAD)
        self._all.append(child)
        self._own.child = child
        assert child.stdin
        child.stdin.write(self._pickled)

    def _ask(self, entries: Sequence[Entry]) -> Prepared:
        child = self._own.child
        try:
            pickle.dump(entries, child.stdin, pickle.HIGHEST_PROTOCOL)
            child.stdin.flush()
            answer: Prepared = pickle.load(child.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            raise Unavailable("A process that prepares papers for the index died; what it said is above.") from error
        return answer


def serve() -> None:
    """Answer the batches on standard input, on standard output, until there are no more."""
    with children.answering() as (batches, answers):
        _answer(batches, answers)


def _answer(batches: BinaryIO, answers: BinaryIO) -> None:
    encoder: Encoder = pickle.load(batches)
    while True:
        try:
            entries: Any = pickle.load(batches)
        except EOFError:
            return
        pickle.dump(prepare(encoder, entries), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
