"""What others would answer: runs of other engines, of whole transformer encoders, and of the usual way to join them.

bm25s                BM25 by the package bm25s, English stop words and Snowball stems (extra `[evaluation]`)
exact:ENCODER        exact cosines of an encoder, named as in the setting `encoder`, or `wordllama`
rrf:A+B              reciprocal-rank fusion of two of these
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from broadsheet import encode
from broadsheet.encode import Encoder
from broadsheet.errors import InputError, SettingsError
from broadsheet.evaluation.collections import Collection, Question, title_and_text, vectors
from broadsheet.evaluation.packaged import WordLlama
from broadsheet.evaluation.runs import Run

_DAMPED = 60  # places before a reciprocal falls (Cormack, Clarke and Büttcher, 2009)


def is_rival(name: str) -> bool:
    """Tell whether a name is that of a rival."""
    return name == "bm25s" or name.startswith(("exact:", "rrf:"))


def checked(names: Sequence[str]) -> Sequence[str]:
    """Return names that are all of rivals.

    Raises:
        InputError: one is not.
    """
    for name in names:
        kind, _, rest = name.partition(":")
        if not is_rival(name) or (kind == "rrf" and not all(map(is_rival, _both(rest)))):
            raise InputError(f"There is no rival {name!r}: name bm25s, exact:ENCODER, or rrf:A+B of two of these.")
    return names


def _both(rest: str) -> tuple[str, str]:
    one, _, other = rest.partition("+")
    return one, other


def short(name: str) -> str:
    """Return a rival's name with encoders called by their folders alone."""
    kind, _, rest = name.partition(":")
    if kind == "rrf":
        return f"rrf:{'+'.join(map(short, rest.split('+')))}"
    return Path(rest).name if rest.startswith("onnx:") else rest.rpartition(":")[2] or kind


def encoder_named(name: str) -> Encoder:
    """Return an encoder of the setting `encoder`, or the one that a rival's package ships.

    Raises:
        SettingsError: it cannot be had.
    """
    return WordLlama() if name == "wordllama" else encode.load(name)


def answered(name: str, collection: Collection, questions: Sequence[Question], limit: int) -> Run:
    """Return a rival's run, a query's own paper left out.

    Raises:
        InputError: there is no such rival.
        SettingsError: a package or model that it needs is missing.
    """
    kind, _, rest = checked([name])[0].partition(":")
    if kind == "bm25s":
        return _bm25s(collection, questions, limit)
    if kind == "exact":
        return exact(name, encoder_named(rest or "static"), collection, questions, limit)
    runs = [answered(part, collection, questions, 10 * limit) for part in _both(rest)]
    return fused(name, runs, limit)


def fused(name: str, runs: Sequence[Run], limit: int) -> Run:
    """Return the reciprocal-rank fusion of several runs; the times of each query and the bytes add up."""
    found = {}
    for query in runs[0].found:
        scores: dict[str, float] = defaultdict(float)
        for run in runs:
            for place, paper in enumerate(run.found[query], 1):
                scores[paper] += 1 / (_DAMPED + place)
        found[query] = sorted(scores, key=lambda paper: -scores[paper])[:limit]
    times = tuple(map(sum, zip(*(run.ms for run in runs), strict=True)))
    return Run(name, found, times, sum(run.bytes for run in runs))


def _texts(collection: Collection) -> tuple[list[str], list[str]]:
    papers = list(collection.papers())
    texts = [encode.paper_text(*title_and_text(paper)) for paper in papers]
    return [str(paper["id"]) for paper in papers], texts


def _bm25s(collection: Collection, questions: Sequence[Question], limit: int) -> Run:
    try:
        import bm25s
        import Stemmer
    except ImportError as error:
        raise SettingsError(f"bm25s needs {error.name}: pip install 'broadsheet[evaluation]'.") from error
    ids, texts = _texts(collection)
    stemmer, engine = Stemmer.Stemmer("english"), bm25s.BM25()
    engine.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
    found, times = {}, []
    for question in questions:
        began = time.process_time()
        words = bm25s.tokenize([question.text], stopwords="en", stemmer=stemmer, show_progress=False)
        places, scores = engine.retrieve(words, k=min(limit + 1, len(ids)), show_progress=False, n_threads=1)
        times.append((time.process_time() - began) * 1e3)
        best = [ids[place] for place, score in zip(places[0], scores[0], strict=True) if score > 0]
        found[question.id] = _others(best, question, limit)
    held = sum(part.nbytes for part in engine.scores.values() if isinstance(part, np.ndarray))
    return Run("bm25s", found, tuple(times), held / max(len(ids), 1))


def exact(name: str, encoder: Encoder, collection: Collection, questions: Sequence[Question], limit: int) -> Run:
    """Return the run of an encoder's cosines with all papers, a query's own paper left out."""
    ids, papers = [str(paper["id"]) for paper in collection.papers()], vectors(collection, encoder, lambda _: None)
    found, times = {}, []
    for question in questions:
        began = time.process_time()
        best = np.argsort(-(papers @ encoder.encode([question.text])[0]), kind="stable")[: limit + 1]
        times.append((time.process_time() - began) * 1e3)
        found[question.id] = _others([ids[place] for place in best], question, limit)
    return Run(name, found, tuple(times), papers.itemsize * encoder.dimension)


def _others(papers: Sequence[str], question: Question, limit: int) -> list[str]:
    return [paper for paper in papers if paper != question.paper][:limit]
