"""Two views of one paper, many papers at a time: what a contrastive encoder learns to bring together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.training.corpus import Corpus

_SPAN_LENGTHS = (3, 13)
_WINDOW_LENGTHS = (10, 60)
_KEYWORDS = (2, 9)
KINDS = ("title", "halves", "sentence", "span", "spans", "keywords")
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bags:
    """Texts as bags of pieces: text i has `pieces[starts[i]:starts[i + 1]]`, all distinct, with 1 + ln tf each."""

    pieces: Ints
    values: NDArray[np.float32]
    texts: Ints
    starts: Ints


@dataclass(frozen=True, slots=True)
class Places:
    """`count` texts as positions of a corpus, those of each in order: `where[i]` stands in text `texts[i]`."""

    where: Ints
    texts: Ints
    count: int


def bags(tokens: NDArray[np.int32], texts: Ints, count: int) -> Bags:
    """Return pieces and the number of the text each stands in as bags of `count` texts."""
    keys, frequencies = np.unique(texts << 32 | tokens, return_counts=True)
    texts, pieces = keys >> 32, keys & 0xFFFFFFFF
    starts = np.searchsorted(texts, np.arange(count + 1))
    return Bags(pieces, (1 + np.log(frequencies)).astype(np.float32), texts, starts)


class Views:
    """Makes pairs of views of given papers: the first views of all of them, then the second ones in the same order.

    Kinds: the title and the abstract; the two halves; a sentence, or a span of 3 to 12 words, and the rest; two spans
    of one abstract (DeCLUTR, Giorgi et al., 2021); 2 to 8 telling words and the rest.
    """

    def __init__(self, corpus: Corpus, shares: Mapping[str, float], whole: float, seed: int) -> None:
        self._corpus = corpus
        self._kinds = [KINDS.index(kind) for kind in shares]
        self._shares = np.array(list(shares.values())) / sum(shares.values())
        self._kept = whole
        self._random = np.random.default_rng(seed)
        share = corpus.counts() / len(corpus.tokens)
        self._telling = (1e-4 / (1e-4 + share)).astype(np.float32)

    def draw(self, papers: Ints) -> Bags:
        """Return the 2 * len(papers) views of papers, of kinds drawn by their shares."""
        return self.bags(self.places(papers))

    def places(self, papers: Ints) -> Places:
        """Return what `draw` does, as positions."""
        return self._pairs(papers, self._random.choice(self._kinds, len(papers), p=self._shares))

    def titles_and_abstracts(self, papers: Ints) -> Places:
        """Return the titles of papers, then their abstracts."""
        return self._pairs(papers, np.full(len(papers), KINDS.index("title")), whole=0.0)

    def texts(self, papers: Ints) -> Bags:
        """Return the whole texts of papers."""
        return self.bags(self.whole(papers))

    def whole(self, papers: Ints) -> Places:
        """Return what `texts` does, as positions."""
        begin, end = self._corpus.starts[papers], self._corpus.starts[papers + 1]
        return Places(*_positions(begin, end, np.arange(len(papers))), len(papers))

    def _pairs(self, papers: Ints, kinds: Ints, whole: float | None = None) -> Places:
        corpus, n = self._corpus, len(papers)
        begin, end = corpus.starts[papers], corpus.starts[papers + 1]
        low, high = self._stretches(papers, kinds)
        words = kinds == KINDS.index("keywords")
        kept = words | (self._random.random(n) < (self._kept if whole is None else whole))
        first, second = np.arange(n), np.arange(n, 2 * n)
        told = self._thinned(*_positions(np.where(words, begin, low), np.where(words, end, high), first), words)
        begin, end = self._windows(begin, end, kinds)
        before = _positions(begin, np.where(kept, end, np.minimum(low, end)), second)
        after = _positions(np.where(kept, end, np.maximum(high, begin)), end, second)
        where, texts = (np.concatenate(parts) for parts in zip(told, before, after, strict=True))
        return Places(where, texts, 2 * n)

    def _windows(self, begin: Ints, end: Ints, kinds: Ints) -> tuple[Ints, Ints]:
        """Return where the second views may lie: the whole paper, for `spans` a random stretch of it."""
        low = self._random.integers(begin, end)
        high = low + self._random.integers(*_WINDOW_LENGTHS, len(begin))
        windows = kinds == KINDS.index("spans")
        return np.where(windows, low, begin), np.where(windows, np.minimum(high, end), end)

    def _stretches(self, papers: Ints, kinds: Ints) -> tuple[Ints, Ints]:
        """Return where the first view of each paper begins and ends."""
        corpus = self._corpus
        begin, title, end = corpus.starts[papers], corpus.title_ends[papers], corpus.starts[papers + 1]
        sentence = self._random.integers(corpus.sentence_starts[papers], corpus.sentence_starts[papers + 1])
        after = np.append(corpus.sentences, len(corpus.tokens))[sentence + 1]
        span = self._random.integers(title, end)
        stop = np.minimum(end, span + self._random.integers(*_SPAN_LENGTHS, len(papers)))
        lows = (begin, begin, corpus.sentences[sentence], span, span, begin)
        highs = (title, (title + end) // 2, np.minimum(after, end), stop, stop, end)
        return np.choose(kinds, lows), np.choose(kinds, highs)

    def _thinned(self, where: Ints, texts: Ints, thin: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        """Keep 2 to 8 positions of the texts marked `thin`, telling ones first (Efraimidis and Spirakis, 2006)."""
        marked = thin[texts]
        at, of = where[marked], texts[marked]
        key = self._random.exponential(size=len(at)) / self._telling[self._corpus.tokens[at]]
        order = np.lexsort((key, of))
        at, of = at[order], of[order]
        rank = np.arange(len(of)) - np.searchsorted(of, of)
        keep = rank < self._random.integers(*_KEYWORDS, len(thin))[of]
        return np.concatenate((where[~marked], at[keep])), np.concatenate((texts[~marked], of[keep]))

    def bags(self, places: Places) -> Bags:
        """Return positions as bags."""
        where, texts = places.where, places.texts
        tokens = self._corpus.tokens[where]
        if self._corpus.phrases is not None:
            whole = np.flatnonzero((np.diff(where) == 1) & (np.diff(texts) == 0))
            phrases = self._corpus.phrases[where[whole]]
            held = phrases >= 0
            tokens = np.concatenate((tokens, phrases[held]))
            texts = np.concatenate((texts, texts[whole][held]))
        return bags(tokens, texts, places.count)


def _positions(begin: Ints, end: Ints, number: Ints) -> tuple[Ints, Ints]:
    """Return every position of the stretches, and the number of the text it stands in."""
    sizes = np.maximum(end - begin, 0)
    offsets = np.cumsum(sizes) - sizes
    where = np.arange(int(sizes.sum())) + np.repeat(begin - offsets, sizes)
    return where, np.repeat(number, sizes)
