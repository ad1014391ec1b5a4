"""Names for concepts: the phrases of a corpus that tell best which papers have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from broadsheet.text.tokens import STOP_WORDS, stem
from broadsheet.training.corpus import Corpus

Ints = NDArray[np.int64]
_FEWEST, _MOST_COMMON = 25, 0.06  # papers that have a phrase: at least, and at most as a share
_LONGEST = 3  # words
BY_LENGTH = np.array([0, 1.0, 1.25, 1.35])  # longer names say more
PHRASES = 3  # of a concept
_BITS = 32


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases as runs of stems: `has` (papers x phrases, 0 or 1), how many words each has, and one place of each."""

    has: csr_matrix
    sizes: Ints
    places: Ints


def phrases(corpus: Corpus) -> Phrases:
    """Return the phrases of one to three words that a corpus has often enough to name something."""
    papers = np.repeat(np.arange(len(corpus)), np.diff(corpus.starts))
    number, stems, names = _stems(corpus)
    able = np.array([_able(name) for name in names])
    columns, rows, sizes, places, offset = [], [], [], [], 0
    runs, alive = stems, np.ones(len(stems), bool)
    for size in range(1, _LONGEST + 1):
        if size > 1:
            together = papers[: 1 - size] == papers[size - 1 :]
            runs, alive = _longer(runs, number, corpus, size), together
        good = alive & able[stems[: len(runs)]] & able[stems[size - 1 :]]
        where = np.flatnonzero(good)
        kept, phrase = _frequent(runs[where], papers[where], len(corpus))
        rows.append(papers[where][kept])
        columns.append(phrase + offset)
        first = np.unique(phrase, return_index=True)[1]
        places.append(where[kept][first])
        sizes.append(np.full(len(first), size))
        offset += len(first)
    row, column = np.concatenate(rows), np.concatenate(columns)
    has = csr_matrix((np.ones(len(row), np.float32), (row, column)), (len(corpus), offset))
    has.data[:] = 1
    return Phrases(has, np.concatenate(sizes), np.concatenate(places))


def _stems(corpus: Corpus) -> tuple[Ints, Ints, list[str]]:
    numbers: dict[str, int] = {}
    of_word = np.array([numbers.setdefault(stem(word), len(numbers)) for word in corpus.vocabulary])
    return of_word, of_word[corpus.tokens], list(numbers)


def _able(name: str) -> bool:
    """Tell whether a phrase may begin and end with a stem."""
    return len(name) > 2 and name.isalpha() and name not in _STOPS


# What papers say of themselves, whatever they are about.
_OF_ITSELF = """
    achieve across aim allow almost also analyse analyze approach author available base best better beyond bring
    challenge claim come common compare complete consider construct contain contribute contribution crucial current
    datum demonstrate derive describe design despite develop difficult discuss done easily effective efficient either
    empirical enable enhance ensure entire especially establish et evaluate even every evidence examine example
    exhibit exist existing experiment explain explore extend extensive first five focus follow four framework fully
    furthermore get give good great help hence highlight however identify illustrate important improve include
    including increase indicate insight instead introduce investigate issue know latter lead less let like main make
    many may method might moreover much must namely need never new next notable note novel obtain offer often old one
    original outperform overall paper part particular perform performance popular possible potential present problem
    promising propose prove provide publicly rather real recent recently remain report require respectively result
    reveal robust scenario second seek several show significant significantly similar simple since six solve specific
    still study substantial successfully suffer suggest superior take technique tend thank therefore three thus toward
    traditional trained two typically understand unlike upon use used useful using valuable various via way well
    whereas whether whose wide widely within without work yet
"""
_STOPS = frozenset(stem(word) for word in (*STOP_WORDS, *_OF_ITSELF.split()))


def _longer(runs: Ints, number: Ints, corpus: Corpus, size: int) -> Ints:
    """Return the runs that are one stem longer, numbered anew."""
    keys = runs[:-1] << _BITS | number[corpus.tokens[size - 1 :]]
    return np.asarray(np.unique(keys, return_inverse=True)[1], np.int64)


def _frequent(runs: Ints, papers: Ints, total: int) -> tuple[NDArray[np.bool_], Ints]:
    """Return which runs stand in enough papers and not too many, and their numbers from 0."""
    distinct = np.unique(runs << _BITS | papers)
    names, frequencies = np.unique(distinct >> _BITS, return_counts=True)
    names = names[(frequencies >= _FEWEST) & (frequencies <= _MOST_COMMON * total)]
    found = np.minimum(np.searchsorted(names, runs), len(names) - 1)
    kept = names[found] == runs
    return kept, found[kept]


def telling(found: Phrases, concepts: csr_matrix) -> Ints:
    """Return the three most telling phrases of each concept, best first; -1 where there are not so many.

    Telling is the harmonic mean of the shares of the concept's papers that have the phrase, and of the phrase's papers
    that have the concept; `concepts` is (papers, concepts), 0 or 1.
    """
    with_phrase, with_concept = found.has.sum(axis=0).A1, concepts.sum(axis=0).A1
    best = np.full((concepts.shape[1], PHRASES), -1)
    together = (concepts.T @ found.has).tocsr()
    for concept in range(concepts.shape[1]):
        begin, end = together.indptr[concept : concept + 2]
        candidates, both = together.indices[begin:end], together.data[begin:end]
        worth = 2 * both / (with_concept[concept] + with_phrase[candidates]) * BY_LENGTH[found.sizes[candidates]]
        order = np.argsort(-worth, kind="stable")[:PHRASES]
        best[concept, : len(order)] = candidates[order]
    return best


def written(corpus: Corpus, found: Phrases, chosen: Ints) -> list[str]:
    """Return phrases as they are written where they stand first."""
    return [" ".join(_words(corpus, found, phrase)) for phrase in chosen.tolist()]


def _words(corpus: Corpus, found: Phrases, phrase: int) -> Iterator[str]:
    begin = int(found.places[phrase])
    for token in corpus.tokens[begin : begin + int(found.sizes[phrase])].tolist():
        yield corpus.vocabulary[token]


def predictions(found: Phrases, best: Ints, concepts: csr_matrix) -> NDArray[np.float64]:
    """Return for each concept the area under the curve of telling its papers by how many of its phrases they have."""
    areas = np.full(len(best), np.nan)
    has, with_concept = found.has.tocsc(), concepts.tocsc()
    for concept, chosen in enumerate(best):
        positive = np.zeros(concepts.shape[0], bool)
        positive[with_concept[:, concept].indices] = True
        held = np.asarray(has[:, chosen[chosen >= 0]].sum(axis=1)).ravel()
        if positive.any() and not positive.all():
            areas[concept] = _area(held[positive], held[~positive])
    return areas


def _area(right: NDArray[np.float64], wrong: NDArray[np.float64]) -> float:
    """Return how probably a right one has more than a wrong one, equal ones counting half."""
    most = int(max(right.max(), wrong.max()))
    ours, theirs = (np.bincount(values.astype(int), minlength=most + 1) for values in (right, wrong))
    below = np.cumsum(theirs) - theirs
    return float(ours @ (below + theirs / 2)) / (len(right) * len(wrong))
