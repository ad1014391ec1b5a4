"""What an encoder finds alone, by exact cosine, on development data that nothing is trained on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
from ir_measures import R, ScoredDoc, nDCG
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.evaluation.collections import Collection, find, title_and_text
from broadsheet.training import corpus
from broadsheet.training.methods import Encodes

DEVELOPMENT = (("scifact", "train"), ("nfcorpus_tokenised", "dev"), ("scitldr", "dev"))
MORE = ("titles", "halves", "sentences")  # what `also` takes
_DEPTH = 100
_SAMPLE = 2_000  # papers whose vectors' uniformity is measured
_MEASURES = (nDCG @ 10, R @ 100)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Half:
    """An encoder of which half of the numbers is left: the first or the second."""

    whole: Encodes
    number: int

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dimension / 2) rows of length 1; zeros for an empty text."""
        half = np.split(self.whole.encode(texts), 2, axis=1)[self.number]
        lengths = np.linalg.norm(half, axis=1, keepdims=True)
        return np.asarray(half / np.maximum(lengths, np.finfo(np.float32).tiny))


def dense(encoder: Encodes, collection: Collection, titles: bool = False) -> tuple[float, float, Floats]:
    """Return nDCG@10 and R@100 of exact cosine on the judged queries of a split, and the papers' vectors.

    With `titles` nothing but its title is known of a paper.
    """
    papers = list(collection.papers())
    abstracts = ["" if titles else p.get("text") or p.get("abstract") or "" for p in papers]
    texts = [encode.paper_text(p.get("title") or "", abstract) for p, abstract in zip(papers, abstracts, strict=True)]
    vectors, judged = encoder.encode(texts), collection.judgements()
    ids = [str(paper["id"]) for paper in papers]
    found = ir_measures.calc_aggregate(
        _MEASURES, judged, _answers(encoder, collection, lambda asked: vectors @ asked, ids)
    )
    return float(found[nDCG @ 10]), float(found[R @ 100]), vectors


def speed(encoder: Encodes, collection: Collection) -> float:
    """Return how many of a collection's papers are encoded in a CPU second."""
    texts = [encode.paper_text(*title_and_text(paper)) for paper in collection.papers()]
    encoder.encode(texts)
    began = time.process_time()
    encoder.encode(texts)
    return len(texts) / (time.process_time() - began)


def by_sentences(encoder: Encodes, collection: Collection, share: float) -> tuple[float, float]:
    """Return nDCG@10 with a share of each score from the paper's best sentence, and how many vectors a paper has."""
    papers = [title_and_text(paper) for paper in collection.papers()]
    parts = [[title, *filter(None, corpus.sentences(text))] for title, text in papers]
    starts = np.cumsum([0, *map(len, parts[:-1])])
    each = encoder.encode([sentence for of in parts for sentence in of])
    whole = encoder.encode([encode.paper_text(title, text) for title, text in papers])

    def scores(asked: Floats) -> Floats:
        return np.asarray((1 - share) * (whole @ asked) + share * np.maximum.reduceat(each @ asked, starts))

    ids = [str(paper["id"]) for paper in collection.papers()]
    answers = _answers(encoder, collection, scores, ids)
    found = ir_measures.calc_aggregate(_MEASURES, collection.judgements(), answers)
    return float(found[nDCG @ 10]), 1 + len(each) / len(papers)


def _answers(
    encoder: Encodes, collection: Collection, score: Callable[[Floats], Floats], ids: list[str]
) -> Iterator[ScoredDoc]:
    questions = collection.questions()
    for question, asked in zip(questions, encoder.encode([q.text for q in questions]), strict=True):
        scores = score(asked)
        for row in np.argsort(-scores, kind="stable")[:_DEPTH]:
            yield ScoredDoc(question.id, ids[row], float(scores[row]))


def uniformity(vectors: Floats) -> float:
    """Return how evenly vectors lie on the sphere, the lower the more (Wang and Isola, 2020)."""
    some = vectors[:_SAMPLE]
    squares = 2 - 2 * (some @ some.T)[np.triu_indices(len(some), 1)]
    return float(np.log(np.exp(-2 * squares).mean()))


def also(encoder: Encodes, wanted: Sequence[str]) -> Iterator[str]:
    """Yield what else can be said of an encoder: `titles`, `halves`, `sentences`, a line or two of each."""
    if "titles" in wanted:
        yield f"papers known by their titles: {_line(encoder, titles=True)}"
    if "halves" in wanted:
        yield f"first half of the vector: {_line(Half(encoder, 0))}"
        yield f"second half of the vector: {_line(Half(encoder, 1))}"
    for share in (0.5, 1.0) if "sentences" in wanted else ():
        found = [by_sentences(encoder, find(collection, split), share) for collection, split in DEVELOPMENT]
        ndcg, vectors = (np.array(part) for part in zip(*found, strict=True))
        each = " ".join(f"{figure:.3f}" for figure in (*ndcg, ndcg.mean()))
        yield f"best sentence with a share of {share}: {each}, {vectors.mean():.1f} vectors a paper"


def _line(encoder: Encodes, titles: bool = False) -> str:
    measured = [dense(encoder, find(collection, split), titles) for collection, split in DEVELOPMENT]
    return " ".join(f"{figure:.3f}" for figure in means(measured))


def means(measured: list[tuple[float, float, Floats]]) -> list[float]:
    """Return the nDCG@10 of each collection, their mean, and the mean R@100."""
    ndcg = [each[0] for each in measured]
    return [*ndcg, float(np.mean(ndcg)), float(np.mean([each[1] for each in measured]))]
