"""Trains recipes and writes a row of docs/encoders.md for each: `python -m broadsheet.training.bench RECIPE...`."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import ir_measures
import numpy as np
import torch
from ir_measures import R, ScoredDoc, nDCG
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.encode.static import Static
from broadsheet.evaluation.collections import Collection, find
from broadsheet.training import corpus, static
from broadsheet.training.corpus import Corpus
from broadsheet.training.lessons import Told
from broadsheet.training.phrases import Phrased
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


def dense(encoder: Static, collection: Collection) -> tuple[float, float, Floats]:
    """Return nDCG@10 and R@100 of exact cosine on the judged queries of a split, and the papers' vectors."""
    papers = list(collection.papers())
    texts = [encode.paper_text(p.get("title") or "", p.get("text") or p.get("abstract") or "") for p in papers]
    vectors, judged = encoder.encode(texts), collection.judgements()
    ids = [str(paper["id"]) for paper in papers]
    found = ir_measures.calc_aggregate(_MEASURES, judged, _answers(encoder, collection, vectors, ids))
    return float(found[nDCG @ 10]), float(found[R @ 100]), vectors


def _answers(encoder: Static, collection: Collection, vectors: Floats, ids: list[str]) -> Iterator[ScoredDoc]:
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


def row(name: str, recipe: Recipe, of_words: Corpus, folder: Path, told: Told | None = None) -> str:
    """Return a recipe's line of the table: trained, written to a folder, and measured on development queries."""
    began = time.process_time()
    ready = static.prepared(of_words, recipe)
    rows, known = static.average(ready, recipe, told)
    seconds = time.process_time() - began
    path = folder / f"{name}.safetensors"
    static.save(path, rows, ready.pieces, ready.pairs, static.facts(recipe, known, seconds, told))
    encoder = Phrased(path) if recipe.phrases else Static(path)
    measured = [dense(encoder, find(collection, split)) for collection, split in DEVELOPMENT]
    ndcg, recall = np.array([m[0] for m in measured]), np.mean([m[1] for m in measured])
    figures = [*ndcg, ndcg.mean(), recall, known, uniformity(measured[-1][2])]
    cells = [f"{figure:.3f}" for figure in figures]
    return f"| {' | '.join([name, recipe.row, *cells, f'{os.path.getsize(path) / 1e6:.1f}', f'{seconds:.0f}'])} |"


def main() -> None:
    """Train and measure as the command line says; the papers are read once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="+", help="names under training/recipes, or files")
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--out", type=Path, default=Path("encoders"), help="folder for the weights")
    parser.add_argument("--table", type=Path, help="a Markdown file that the rows are added to")
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
        line = row(Path(name).stem, read(Path(name)), of_words, chosen.out, told)
        print(line, flush=True)
        if chosen.table:
            with chosen.table.open("a", encoding="utf-8") as table:
                table.write(line + "\n")


if __name__ == "__main__":
    main()
