"""Which words make a paper like another: those that both say, and those that bring their vectors together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import Encoder
from broadsheet.query import Query, Term
from broadsheet.rank.ranking import Column, View
from broadsheet.rank.similar import Said, present
from broadsheet.text.tokens import STOP_WORDS, stem, words

MOST = 6  # words of a paper that are marked
_LEAST = 0.1  # cosine of a word with the example, at least


def alike(query: Query, view: View, texts: Sequence[str]) -> list[tuple[Term, ...]]:
    """Return the words of each text that make it like the query's examples, the strongest first."""
    rows = present(view.snapshot, query.like)
    if not len(rows):
        return [()] * len(texts)
    said, examples = Said.by(rows, view.snapshot), view.snapshot.dense.vectors(rows)
    return [_strongest(*attributed(view.snapshot.encoder, text, examples), said) for text in texts]


def _strongest(stems: Sequence[str], meant: Column, said: Said) -> tuple[Term, ...]:
    """Return the terms that add most, by the words' weight in the examples and by meaning, each beside its greatest."""
    heard = said.heaviest(stems)
    both = sum(part / max(float(part.max(initial=0)), 1e-9) for part in (heard, np.maximum(meant, 0)))
    best = np.argsort(-np.asarray(both), kind="stable")[:MOST]
    return tuple(Term((stems[place],)) for place in best if heard[place] > 0 or meant[place] >= _LEAST)


def attributed(encoder: Encoder, text: str, examples: NDArray[np.float32]) -> tuple[Sequence[str], NDArray[np.float32]]:
    """Return the distinct stems of a text, stop words aside, and what each adds to its likeness to (n, d) examples.

    That is (1 + ln tf) x the cosine of the word alone with the example it is nearest to: pairwise attribution as in
    *Visualizing Deep Similarity Networks*, for an encoder that adds words up; others answer it as an estimate.
    """
    written = {stem(word): word for word in words(text) if word not in STOP_WORDS and not word.isdigit()}
    counts = Counter(map(stem, words(text)))
    if not written:
        return [], np.empty(0, np.float32)
    cosines = (encoder.encode(list(written.values())) @ examples.T).max(axis=1)
    weights = 1 + np.log([counts[one] for one in written])
    return list(written), np.asarray(cosines * weights, np.float32)
