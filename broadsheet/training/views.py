"""Two views of one paper, many papers at a time: what a contrastive encoder learns to bring together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.training.corpus import Corpus

Ranges = list[tuple[int, int]]  # stretches of Corpus.tokens
TITLE, HALVES, SENTENCE, SPAN = range(4)
_SHARES = (0.40, 0.25, 0.25, 0.10)
_SPAN_LENGTHS = (3, 13)


@dataclass(frozen=True, slots=True)
class Bags:
    """Texts as bags of pieces: text i has `pieces[starts[i]:starts[i + 1]]`, all distinct, with 1 + ln tf each."""

    pieces: NDArray[np.int64]
    values: NDArray[np.float32]
    texts: NDArray[np.int64]
    starts: NDArray[np.int64]


def bags(tokens: NDArray[np.int32], texts: NDArray[np.int64], count: int) -> Bags:
    """Return pieces and the number of the text each stands in as bags of `count` texts."""
    keys, frequencies = np.unique(texts << 32 | tokens, return_counts=True)
    texts, pieces = keys >> 32, keys & 0xFFFFFFFF
    starts = np.searchsorted(texts, np.arange(count + 1))
    return Bags(pieces, (1 + np.log(frequencies)).astype(np.float32), texts, starts)


class Views:
    """Draws batches of pairs: the first views of all its papers, then the second ones in the same order."""

    def __init__(self, corpus: Corpus, papers: NDArray[np.int64], seed: int) -> None:
        self._corpus = corpus
        self._papers = papers
        self._random = np.random.default_rng(seed)
        order = np.argsort(corpus.groups[papers], kind="stable")
        self._by_group = papers[order]
        self._group_starts = np.searchsorted(corpus.groups[self._by_group], np.arange(corpus.groups.max() + 2))

    def draw(self, batch: int) -> Bags:
        """Return the 2 * batch views of a random batch, a quarter of which shares a category."""
        near = self._neighbours(batch // 4)
        papers = np.concatenate((near, self._random.choice(self._papers, batch - len(near))))
        kinds = self._random.choice(len(_SHARES), batch, p=_SHARES)
        pairs = [self._pair(int(paper), kind) for paper, kind in zip(papers, kinds.tolist(), strict=True)]
        return self._bags([first for first, _ in pairs] + [second for _, second in pairs])

    def titles_and_abstracts(self, papers: NDArray[np.int64]) -> Bags:
        """Return the titles of papers, then their abstracts."""
        pairs = [self._pair(int(paper), TITLE) for paper in papers]
        return self._bags([first for first, _ in pairs] + [second for _, second in pairs])

    def _neighbours(self, count: int) -> NDArray[np.int64]:
        group = self._corpus.groups[self._random.choice(self._papers)]
        members = self._by_group[self._group_starts[group] : self._group_starts[group + 1]]
        return self._random.choice(members, min(count, len(members)), replace=False)

    def _pair(self, paper: int, kind: int) -> tuple[Ranges, Ranges]:
        corpus = self._corpus
        begin, title, end = int(corpus.starts[paper]), int(corpus.title_ends[paper]), int(corpus.starts[paper + 1])
        if kind == TITLE:
            return [(begin, title)], [(title, end)]
        if kind == HALVES:
            middle = (title + end) // 2
            return [(begin, middle)], [(middle, end)]
        low, high = self._sentence(paper) if kind == SENTENCE else self._span(title, end)
        return [(low, high)], [(begin, low), (high, end)]

    def _sentence(self, paper: int) -> tuple[int, int]:
        first, last = self._corpus.sentence_starts[paper], self._corpus.sentence_starts[paper + 1]
        chosen = self._random.integers(first, last)
        end = self._corpus.sentences[chosen + 1] if chosen + 1 < last else self._corpus.starts[paper + 1]
        return int(self._corpus.sentences[chosen]), int(end)

    def _span(self, begin: int, end: int) -> tuple[int, int]:
        low = int(self._random.integers(begin, end))
        return low, min(end, low + int(self._random.integers(*_SPAN_LENGTHS)))

    def _bags(self, texts: list[Ranges]) -> Bags:
        ranges = np.array([(low, high, i) for i, text in enumerate(texts) for low, high in text], np.int64)
        sizes = ranges[:, 1] - ranges[:, 0]
        offsets = np.cumsum(sizes) - sizes
        where = np.arange(int(sizes.sum())) + np.repeat(ranges[:, 0] - offsets, sizes)
        return bags(self._corpus.tokens[where], np.repeat(ranges[:, 2], sizes), len(texts))
