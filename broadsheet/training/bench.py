"""Trains recipes and writes a row of docs/encoders.md for each: `python -m broadsheet.training.bench RECIPE...`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ir_measures
import numpy as np
import torch
from ir_measures import R, ScoredDoc, nDCG
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.evaluation.collections import Collection, find, title_and_text
from broadsheet.training import corpus
from broadsheet.training.corpus import Corpus
from broadsheet.training.lessons import Told
from broadsheet.training.methods import METHODS, Encodes
from broadsheet.training.recipe import Recipe, read

DEVELOPMENT = (("scifact", "train"), ("nfcorpus_tokenised", "dev"), ("scitldr", "dev"))
HEADING = (
    "| recipe | row | scifact | nfcorpus | scitldr | mean | R@100 | held-out MRR | uniformity | MB | CPU s |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)
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
    found = ir_measures.calc_aggregate(_MEASURES, judged, _answers(encoder, collection, vectors, ids))
    return float(found[nDCG @ 10]), float(found[R @ 100]), vectors


def speed(encoder: Encodes, collection: Collection) -> float:
    """Return how many of a collection's papers are encoded in a CPU second."""
    texts = [encode.paper_text(*title_and_text(paper)) for paper in collection.papers()]
    encoder.encode(texts)
    began = time.process_time()
    encoder.encode(texts)
    return len(texts) / (time.process_time() - began)


def _answers(encoder: Encodes, collection: Collection, vectors: Floats, ids: list[str]) -> Iterator[ScoredDoc]:
    questions = collection.questions()
    for question, asked in zip(questions, encoder.encode([q.text for q in questions]), strict=True):
        scores = vectors @ asked
        for row in np.argsort(-scores, kind="stable")[:_DEPTH]:
            yield ScoredDoc(question.id, ids[row], float(scores[row]))


def uniformity(vectors: Floats) -> float:
    """Return how evenly vectors lie on the sphere, the lower the more (Wang and Isola, 2020)."""
    some = vectors[:_SAMPLE]
    squares = 2 - 2 * (some @ some.T)[np.triu_indices(len(some), 1)]
    return float(np.log(np.exp(-2 * squares).mean()))


def row(
    name: str, recipe: Recipe, of_words: Corpus, folder: Path, told: Told | None = None, also: Sequence[str] = ()
) -> str:
    """Return a recipe's line of the table: trained, written to a folder, and measured on development queries."""
    made = METHODS[recipe.method](of_words, recipe, folder / f"{name}.safetensors", told)
    measured = [dense(made.encoder, find(collection, split)) for collection, split in DEVELOPMENT]
    figures = [*_means(measured), made.known, uniformity(measured[-1][2])]
    cells = [f"{figure:.3f}" for figure in figures]
    print(f"{name}: {speed(made.encoder, find(DEVELOPMENT[0][0])):.0f} papers/s", flush=True)
    for what, encoder, titles in _also(made.encoder, also):
        cut = [dense(encoder, find(collection, split), titles) for collection, split in DEVELOPMENT]
        print(f"{name}, {what}: {' '.join(f'{figure:.3f}' for figure in _means(cut))}", flush=True)
    return f"| {' | '.join([name, recipe.row, *cells, f'{made.bytes / 1e6:.1f}', f'{made.seconds:.0f}'])} |"


def _means(measured: list[tuple[float, float, Floats]]) -> list[float]:
    ndcg = [each[0] for each in measured]
    return [*ndcg, float(np.mean(ndcg)), float(np.mean([each[1] for each in measured]))]


def _also(encoder: Encodes, also: Sequence[str]) -> Iterator[tuple[str, Encodes, bool]]:
    """Yield what else is measured: a name, an encoder, and whether papers are their titles alone."""
    if "titles" in also:
        yield "papers known by their titles", encoder, True
    if "halves" in also:
        yield "first half of the vector", Half(encoder, 0), False
        yield "second half of the vector", Half(encoder, 1), False


def main() -> None:
    """Train and measure as the command line says; the papers are read once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="+", help="names under training/recipes, or files")
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--out", type=Path, default=Path("encoders"), help="folder for the weights")
    parser.add_argument("--table", type=Path, help="a Markdown file that the rows are added to")
    parser.add_argument("--also", nargs="*", choices=("titles", "halves"), default=(), help="measured beside the row")
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    parser.add_argument(
        "--lessons", type=Path, help="the file of broadsheet.training.lessons, for recipes with a teacher"
    )
    chosen = parser.parse_args()
    told = Told.open(chosen.lessons) if chosen.lessons else None
    torch.set_num_threads(1)
    of_words = corpus.read(corpus.records(corpus.files(chosen.data), chosen.limit))
    print(HEADING)
    for name in chosen.recipes:
        line = row(Path(name).stem, read(Path(name)), of_words, chosen.out, told, chosen.also)
        print(line, flush=True)
        if chosen.table:
            with chosen.table.open("a", encoding="utf-8") as table:
                table.write(line + "\n")


if __name__ == "__main__":
    main()
