"""The methods of the laboratory: what a recipe names makes an encoder out of the papers, and the bench measures it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import torch

from broadsheet.encode.static import Static
from broadsheet.training import corpus, fields, pooling, reader, static
from broadsheet.training.contextual import READERS, Contextual, ContextualRows
from broadsheet.training.corpus import Corpus
from broadsheet.training.fusion import Fused, FusedRows, Orthogonal
from broadsheet.training.lessons import Told
from broadsheet.training.model import Floats, Start, start
from broadsheet.training.phrases import Phrased
from broadsheet.training.recipe import Recipe
from broadsheet.training.static import Prepared


class Encodes(Protocol):
    """What the bench asks of an encoder."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dimension) rows of length 1; zeros for an empty text."""


@dataclass(frozen=True, slots=True)
class Made:
    """An encoder, its mean reciprocal rank on papers held out, its bytes, and the CPU seconds it took."""

    encoder: Encodes
    known: float
    bytes: int
    seconds: float


_SLOWER = 0.3  # share of its learning rate that a table goes on with beside a method of its own

Method = Callable[[Corpus, Recipe, Path, Told | None], Made]


def further(papers: Corpus, recipe: Recipe) -> tuple[Start, Recipe]:
    """Return what a table's own training left, and how a method goes on from there: `steps` of its numbers, slower."""
    model, _ = static.train(papers, recipe)
    slower = {name: getattr(recipe, name) * _SLOWER for name in ("rate", "weight_rate")}
    begun = model.table.detach(), model.weights.detach().exp()
    return begun, replace(recipe, steps=int(recipe.numbers["steps"]), **slower)


def table(of_words: Corpus, recipe: Recipe, path: Path, told: Told | None) -> Made:
    """Return a static encoder: rows and their weighted sum."""
    began = time.process_time()
    ready = static.prepared(of_words, recipe)
    rows, known = static.average(ready, recipe, told)
    seconds = time.process_time() - began
    static.save(path, rows, ready.pieces, ready.pairs, static.facts(recipe, known, seconds, told), recipe.bits)
    encoder = Phrased(path) if recipe.phrases else Static(path)
    return Made(encoder, known, path.stat().st_size, seconds)


def pooled(of_words: Corpus, recipe: Recipe, path: Path, told: Told | None) -> Made:
    """Return an encoder whose rows learnt by their sum, and then further together with a pooling."""
    began = time.process_time()
    ready = static.prepared(of_words, recipe)
    begun, recipe = further(ready.papers, recipe)
    model = pooling.Pooled(begun, recipe)
    known = static.fit(model, ready.papers, recipe)
    seconds = time.process_time() - began
    static.save(path, model.rows(), ready.pieces, ready.pairs, static.facts(recipe, known, seconds, told))
    encoder = pooling.PooledRows(path, model.pooling)
    return Made(encoder, known, _size(path, model.pooling.parameters), seconds)


def sentences(of_words: Corpus, recipe: Recipe, path: Path, told: Told | None) -> Made:
    """Return an encoder of the whole and of what its sentences say beside it, which learnt after the rows' sum."""
    began = time.process_time()
    ready, fusion = static.prepared(of_words, recipe), Orthogonal(recipe)
    begun, recipe = further(ready.papers, recipe)
    model = Fused(begun, recipe, fusion, ready.papers)
    known = static.fit(model, ready.papers, recipe)
    return _fused(model, ready, recipe, known, time.process_time() - began, path)


def in_fields(of_words: Corpus, recipe: Recipe, path: Path, told: Told | None) -> Made:
    """Return an encoder of the fields of papers, and print how well sentences find papers by some of their fields."""
    began = time.process_time()
    ready, fusion = static.prepared(of_words, recipe), fields.Fields(recipe)
    model = Fused(start(fields.rows(ready.papers), recipe), recipe, fusion, ready.papers)
    known = static.fit(model, ready.papers, recipe)
    seconds = time.process_time() - began
    unseen = corpus.held_out(ready.papers, recipe.held_out)[0]
    for name, rank in fields.sentences_for_papers(model, fusion, ready.papers, unseen).items():
        print(f"{path.stem}: held-out MRR of a sentence, papers known by {name}: {rank:.3f}", flush=True)
    return _fused(model, ready, recipe, known, seconds, path)


def contextual(of_words: Corpus, recipe: Recipe, path: Path, told: Told | None) -> Made:
    """Return an encoder that reads texts in order, over the rows that a table's training left."""
    began = time.process_time()
    ready = static.prepared(of_words, recipe)
    rows = static.train(ready.papers, recipe)[0].rows()
    model = Contextual(rows, ready.papers.counts(), recipe)
    known = reader.fit(model, ready.papers, recipe)
    seconds = time.process_time() - began
    static.save(path, rows, ready.pieces, ready.pairs, static.facts(recipe, known, seconds, None))
    return Made(ContextualRows(model, ready.pieces), known, _size(path, model.reader.parameters), seconds)


def _fused(model: Fused, ready: Prepared, recipe: Recipe, known: float, seconds: float, path: Path) -> Made:
    static.save(path, model.rows(), ready.pieces, ready.pairs, static.facts(recipe, known, seconds, None))
    return Made(FusedRows(path, model.fusion), known, _size(path, model.fusion.parameters), seconds)


def _size(path: Path, more: Iterable[torch.nn.Parameter]) -> int:
    return path.stat().st_size + sum(4 * int(part.numel()) for part in more)


METHODS: dict[str, Method] = {
    "table": table,
    **dict.fromkeys(pooling.POOLINGS, pooled),
    **dict.fromkeys(READERS, contextual),
    "orthogonal": sentences,
    "fields": in_fields,
}
