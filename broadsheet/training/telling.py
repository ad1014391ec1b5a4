"""Telling phrases of the shipped concepts: `python -m broadsheet.training.telling --data ../shared/papers`.

Besides its name a concept gets phrases whose presence tells which papers have it, by RankBoost (Freund et al., 2003):
each is chosen for the pairs of a paper with the concept and one without that those before it leave in the wrong order.
They are chosen on papers that no concept was made of, and measured on others.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.sparse import csc_matrix, csr_matrix

from broadsheet.encode import concepts as shipped
from broadsheet.encode import telling
from broadsheet.encode.static import SHIPPED, Static
from broadsheet.text.tokens import stem
from broadsheet.training import concepts, corpus, naming
from broadsheet.training.corpus import Corpus
from broadsheet.training.naming import Phrases

Ints = NDArray[np.int64]
_FIRST, _EVERY = 2, 3  # of the papers, one in three is read; concepts were made of the first in nine
_PARTS = 6  # one in six is for the figures
_MOST = 8  # phrases beside the name
_CANDIDATES = 150  # phrases that are looked at for one concept
_LIFT, _FEWEST = 8, 3  # how much more often a concept's papers must have a phrase, and how many of them at least
_BY_COUNT = (1, 2, 3, 5, 9)  # phrases, the name among them, of which the figures tell
_WANTED = 0.85
_LOOKED_AT = 50  # papers that a phrase is read in to see how it is written
_ADDRESS = re.compile(r"\b(https?|www|github|com|url)\b")


def chosen(found: Phrases, forms: list[str], names: Ints, with_concept: csr_matrix) -> Ints:
    """Return the phrases of each concept, its name's first and then at most eight, the most telling first; else -1.

    `forms` are the phrases' stems, `names` the phrase that each concept is called, or -1; `with_concept` is (papers,
    concepts), 0 or 1.
    """
    has, columns = found.has.tocsc(), with_concept.tocsc()
    frequencies = np.asarray(has.sum(axis=0)).ravel()
    together = (with_concept.T @ found.has).tocsr()
    usable = np.array([not _ADDRESS.search(form) for form in forms])
    best = np.full((len(names), 1 + _MOST), -1)
    best[:, 0] = names
    for concept in np.flatnonzero(np.diff(columns.indptr)).tolist():
        active = np.zeros(has.shape[0], bool)
        active[columns.indices[columns.indptr[concept] : columns.indptr[concept + 1]]] = True
        begin, end = together.indptr[concept : concept + 2]
        numbers = together.indices[begin:end]
        both = together.data[begin:end] * usable[numbers]
        able = numbers[_ablest(found.sizes[numbers], both, frequencies[numbers] - both, active)]
        numbers = np.concatenate((names[concept : concept + 1], able[able != names[concept]]))
        numbers = numbers[numbers >= 0]
        kept = numbers[_boosted(has[:, numbers], active, [forms[number] for number in numbers], names[concept] >= 0)]
        beside = kept[kept != names[concept]]
        best[concept, 1 : 1 + len(beside)] = beside
    return best


def _ablest(sizes: Ints, right: NDArray[Any], wrong: NDArray[Any], active: NDArray[np.bool_]) -> Ints:
    """Return the places of the phrases that tell most alone, by how many right and wrong papers have them."""
    share, other = right / active.sum(), wrong / (~active).sum()
    worth = np.where((share > _LIFT * other) & (right >= _FEWEST), _worth(share, other, sizes), 0)
    order = np.argsort(-worth, kind="stable")[:_CANDIDATES]
    able: Ints = order[worth[order] > 0]
    return able


def _worth(share: NDArray[Any], other: NDArray[Any], sizes: Ints) -> NDArray[Any]:
    """Return by how much more of the right papers have phrases than of the wrong ones, more for longer ones."""
    worth: NDArray[Any] = (share - other) * naming.BY_LENGTH[sizes]
    return worth


def _boosted(has: csc_matrix, active: NDArray[np.bool_], forms: list[str], named: bool) -> list[int]:
    """Return the places of phrases chosen one after another, the first of all first where it is the name."""
    held = has.T.tocsr()
    sizes = np.array([form.count(" ") + 1 for form in forms], np.int64)
    weights = np.where(active, 1 / active.sum(), 1 / (~active).sum())
    free, kept = np.ones(len(forms), bool), list[int]()
    while free.any() and len(kept) < _MOST + named:
        right, wrong = (held @ (weights * some) / weights[some].sum() for some in (active, ~active))
        worth = np.where(free, _worth(right, wrong, sizes), -1)
        best = 0 if named and not kept else int(worth.argmax())
        if worth[best] <= 0 and kept:
            break
        kept.append(best)
        free &= [f" {forms[best]} " not in f" {form} " for form in forms]  # what holds it adds no paper to it
        step = _step(right[best], wrong[best], 0.25 / active.sum())
        rows = held.indices[held.indptr[best] : held.indptr[best + 1]]
        weights[rows] *= np.exp(np.where(active[rows], -step, step))
    return kept


def _step(right: float, wrong: float, smooth: float) -> float:
    """Return how much a phrase counts: half the logarithm of the pairs that it puts right, over those put wrong."""
    return float(np.log((right * (1 - wrong) + smooth) / ((1 - right) * wrong + smooth)) / 2)


def forms_of(papers: Corpus, found: Phrases) -> list[str]:
    """Return the stems of each phrase."""
    return [
        " ".join(map(stem, words.split(" "))) for words in naming.written(papers, found, np.arange(len(found.sizes)))
    ]


def written(papers: Corpus, found: Phrases, forms: list[str], numbers: Ints) -> list[str]:
    """Return phrases as they are mostly written in fifty of the papers that have them, taken evenly."""
    has = found.has.tocsc()
    return [
        _mostly(papers, forms[number].split(" "), has.indices[has.indptr[number] : has.indptr[number + 1]])
        for number in numbers.tolist()
    ]


def _mostly(papers: Corpus, stems: list[str], rows: NDArray[np.int32]) -> str:
    ways: Counter[str] = Counter()
    for row in rows[:: max(len(rows) // _LOOKED_AT, 1)].tolist():
        tokens = papers.tokens[papers.starts[row] : papers.starts[row + 1]].tolist()
        words = [papers.vocabulary[token] for token in tokens]
        starts = (place for place, word in enumerate(words) if stem(word) == stems[0])
        runs = (words[place : place + len(stems)] for place in starts)
        ways.update(" ".join(run) for run in runs if list(map(stem, run)) == stems)
    return ways.most_common(1)[0][0]


def measured(found: Phrases, best: Ints, with_concept: csr_matrix) -> dict[str, Any]:
    """Return how well the number of its phrases that papers have tells a concept's papers: areas under the curve.

    Medians over the concepts, for several numbers of phrases, and for all of another concept's.
    """
    areas = {count: naming.predictions(found, best[:, :count], with_concept) for count in _BY_COUNT}
    last = areas[_BY_COUNT[-1]]
    other = naming.predictions(found, np.roll(best, len(best) // 2, axis=0), with_concept)
    return {
        "told": {count: round(float(np.nanmedian(area)), 4) for count, area in areas.items()},
        "well": {count: round(float((area[~np.isnan(area)] >= _WANTED).mean()), 4) for count, area in areas.items()},
        "of_another": round(float(np.nanmedian(other)), 4),
        "measured": int((~np.isnan(last)).sum()),
    }


def make(data: Path, weights: Path, out: Path, limit: int | None = None) -> dict[str, Any]:
    """Find the phrases of concepts in the free files of a folder, write them, and return the figures.

    Raises:
        InputError: the folder holds no file that may be trained on.
    """
    encoder = Static(weights)
    known = shipped.load(encoder.id)
    papers = corpus.read(islice(corpus.records(corpus.files(data), limit), _FIRST, None, _EVERY))
    with_concept = concepts.having(concepts.vectors_of(papers, encoder), known.directions, known.least)
    found = naming.phrases(papers)
    forms = forms_of(papers, found)
    number = {form: place for place, form in enumerate(forms)}
    names = np.array([number.get(" ".join(map(stem, name.split(" "))), -1) for name in known.names])
    unseen = np.arange(len(papers)) % _PARTS == _PARTS - 1
    taught, kept = (Phrases(found.has[some], found.sizes, found.places) for some in (~unseen, unseen))
    best = chosen(taught, forms, names, with_concept[~unseen])
    figures = {
        "papers": len(papers),
        "unseen": int(unseen.sum()),
        **measured(kept, best, with_concept[unseen]),
        "each": round(float((best[:, 1:] >= 0).sum(axis=1).mean()), 2),
        "cpu_seconds": round(time.process_time()),
    }
    beside = best[:, 1:]
    used = np.unique(beside[beside >= 0])
    of = np.where(beside >= 0, np.searchsorted(used, beside), -1)
    save(out, known.id, written(papers, found, forms, used), of, figures)
    return figures


def save(path: Path, known: str, phrases: list[str], of: Ints, figures: dict[str, Any]) -> None:
    """Write the file that `broadsheet.encode.telling` reads."""
    flat = np.frombuffer("\n".join(phrases).encode(), np.uint8)
    tensors: dict[str, NDArray[Any]] = {"phrases": flat, "of": of.astype(np.int16)}
    save_file(tensors, path, {"concepts": known, "figures": json.dumps(figures), "licence": "Apache-2.0"})


def main() -> None:
    """Find phrases as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--encoder", type=Path, default=SHIPPED, help="the weights file of the static encoder")
    parser.add_argument("--out", type=Path, default=telling.SHIPPED, help="the safetensors file to write")
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    given = parser.parse_args()
    print(json.dumps(make(given.data, given.encoder, given.out, given.limit)))


if __name__ == "__main__":
    main()
