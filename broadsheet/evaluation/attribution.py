"""Do the words that we mark make papers alike? Each word is taken out, and the fall of the likeness compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import Encoder, load, paper_text
from broadsheet.rank.alike import attributed
from broadsheet.text.tokens import stem, words

_PAIRS = 120  # papers that are compared with the one nearest to them
_TOP = 5

Column = NDArray[np.float32]


def measured(texts: Sequence[tuple[str, str]]) -> dict[str, dict[str, float]]:
    """Return, for (title, text) of papers, how far attributions agree with the removal test: ours and that by idf.

    `spearman` is the mean rank correlation over the words of a paper, `top` the share of its five strongest in common.
    """
    encoder = load()
    whole = [paper_text(title, text) for title, text in texts]
    vectors = encoder.encode(whole)
    spread = Counter(one for text in whole for one in set(map(stem, words(text))))
    found: dict[str, list[tuple[float, float]]] = {"attribution": [], "shared words by idf": []}
    for number in range(0, len(whole), max(len(whole) // _PAIRS, 1)):
        likeness = vectors @ vectors[number]
        likeness[number] = -1
        other = int(likeness.argmax())
        stems, ours = attributed(encoder, whole[other], vectors[[number]])
        if len(stems) <= _TOP:
            continue
        falls = removed(encoder, whole[other], stems, vectors[number])
        own = set(map(stem, words(whole[number])))
        shared = np.array([math.log(len(whole) / spread[one]) if one in own else 0 for one in stems], np.float32)
        for name, column in zip(found, (ours, shared), strict=True):
            found[name].append((_spearman(column, falls), _overlap(column, falls)))
    return {
        name: {
            kind: round(float(mean), 4) for kind, mean in zip(("spearman", "top"), np.mean(pairs, axis=0), strict=True)
        }
        for name, pairs in found.items()
    }


def removed(encoder: Encoder, text: str, stems: Sequence[str], example: Column) -> Column:
    """Return for each stem how far the cosine of a text with an example falls when its words are left out."""
    every = words(text)
    without = [" ".join(word for word in every if stem(word) != one) for one in stems]
    return np.asarray(encoder.encode([text])[0] @ example - encoder.encode(without) @ example, np.float32)


def _spearman(one: Column, other: Column) -> float:
    """Return the correlation of two columns' ranks; equals stand in their order."""
    first, second = (np.argsort(np.argsort(column, kind="stable")) for column in (one, other))
    return float(np.corrcoef(first, second)[0, 1])


def _overlap(one: Column, other: Column) -> float:
    first, second = (set(np.argsort(-column, kind="stable")[:_TOP].tolist()) for column in (one, other))
    return len(first & second) / _TOP
