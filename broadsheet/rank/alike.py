"""Which words make a paper like another: for each its share of the likeness of their vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import Encoder
from broadsheet.query import Query, Term
from broadsheet.rank.ranking import View
from broadsheet.text.tokens import STOP_WORDS, stem, words

MOST = 6  # words of a paper that are marked
_LEAST = 0.1  # cosine of a word with the example, at least


def alike(query: Query, view: View, text: str) -> tuple[Term, ...]:
    """Return the words of a text that bring it near the query's examples, the strongest first."""
    rows = view.snapshot.rows_of(query.like)
    examples = view.snapshot.dense.vectors(rows[rows >= 0])
    if not len(examples):
        return ()
    stems, shares = attributed(view.snapshot.encoder, text, examples)
    best = np.argsort(-shares, kind="stable")[:MOST]
    return tuple(Term((stems[place],)) for place in best if shares[place] >= _LEAST)


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
