"""What a table may learn before pairs: to tell a text again from its vector (rows 18 to 22).

A decoder that is thrown away afterwards predicts pieces from the vector of a damaged text. The tasks differ in what the
encoder sees, and in how much the decoder sees beside the vector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, embedding_bag, normalize

from broadsheet.training import corpus
from broadsheet.training.corpus import Corpus
from broadsheet.training.miners import Categories
from broadsheet.training.model import Model, Start
from broadsheet.training.recipe import Recipe
from broadsheet.training.steps import repeat
from broadsheet.training.views import Bags, Places, Views, bags

Ints = NDArray[np.int64]
_CANDIDATES = 4_096  # pieces that a prediction is told from
_ASKED = 2  # positions of each text that a decoder with context predicts
_JUDGED = 32  # positions of each text that are told to be its own or not
_FREQUENT = 100  # times that a piece must have been written for its weight to be looked at


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole texts: their positions, the piece at each, and the chances that everything is drawn with."""

    places: Places
    pieces: Ints
    random: np.random.Generator

    def some(self, share: float) -> Places:
        """Return a share of the positions."""
        kept = self.random.random(len(self.pieces)) < share
        return Places(self.places.where[kept], self.places.texts[kept], self.places.count)


class Decoder:
    """Predicts pieces from (n, d) vectors; what it learns is not kept."""

    def __init__(self, papers: Corpus, dimension: int) -> None:
        counts = papers.counts() + 1.0
        share = torch.from_numpy(counts / counts.sum()).float()
        self.words = torch.nn.Parameter(torch.zeros(len(counts), dimension))
        self.context = torch.nn.Parameter(torch.zeros(len(counts), dimension))
        self.prior = torch.nn.Parameter(share.log())
        self.parameters = [self.words, self.context, self.prior]

    def scores(self, vectors: torch.Tensor, pieces: Ints) -> torch.Tensor:
        """Return (n, pieces) scores."""
        chosen = torch.from_numpy(pieces)
        return vectors @ self.words[chosen, : vectors.shape[1]].T + self.prior[chosen]

    def bag(self, vectors: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return how badly vectors tell the bags of pieces of whole texts."""
        held = np.unique(batch.places.texts << 32 | batch.pieces)
        candidates = np.unique(batch.random.choice(batch.pieces, _CANDIDATES))
        texts, pieces = held >> 32, held & 0xFFFFFFFF
        column = np.minimum(np.searchsorted(candidates, pieces), len(candidates) - 1)
        asked = candidates[column] == pieces
        chances = self.scores(vectors, candidates).log_softmax(1)
        return -chances[torch.from_numpy(texts[asked]), torch.from_numpy(column[asked])].mean()

    def sequence(self, vectors: torch.Tensor, batch: Batch, before: int, after: int, shown: float) -> torch.Tensor:
        """Return how badly vectors tell single pieces, where a share of the pieces around is shown beside."""
        pieces, texts, draw = batch.pieces, batch.places.texts, batch.random
        at = draw.integers(0, len(pieces), _ASKED * batch.places.count)
        offsets = np.concatenate((np.arange(-before, 0), np.arange(1, after + 1)))
        around = np.clip(at[:, None] + offsets, 0, len(pieces) - 1)
        seen = (texts[around] == texts[at, None]) & (around != at[:, None]) & (draw.random(around.shape) < shown)
        weights = torch.from_numpy((seen / np.abs(offsets)).astype(np.float32))
        known = embedding_bag(
            torch.from_numpy(pieces[around]),
            self.context[:, : vectors.shape[1]],
            mode="sum",
            per_sample_weights=weights,
        )
        candidates = np.unique(np.concatenate((pieces[at], draw.choice(pieces, _CANDIDATES // 2))))
        scores = self.scores(vectors[torch.from_numpy(texts[at])] + known, candidates)
        return cross_entropy(scores, torch.from_numpy(np.searchsorted(candidates, pieces[at])))

    def replaced(self, vectors: torch.Tensor, texts: Ints, pieces: Ints, wrong: NDArray[np.bool_]) -> torch.Tensor:
        """Return how badly vectors tell which pieces of their texts were put there instead of others."""
        chosen = torch.from_numpy(pieces)
        scores = (vectors[torch.from_numpy(texts)] * self.words[chosen]).sum(1) + self.prior[chosen] - self.prior.mean()
        return binary_cross_entropy_with_logits(scores, torch.from_numpy(wrong).float())


class Reconstruction(Model):
    """A table that learns to tell texts again."""

    def __init__(self, begun: Start, recipe: Recipe, papers: Corpus) -> None:
        self.decoder = Decoder(papers, recipe.dimension)
        super().__init__(begun, replace(recipe, more_rate=recipe.rate), self.decoder.parameters)

    def tell(self, seen: Bags, cost: Callable[[torch.Tensor], torch.Tensor]) -> float:
        """Take one step down what the vectors of damaged texts, of length 1, cost."""
        return self._descend(seen, lambda vectors: cost(normalize(vectors, dim=1)))


def denoised(model: Reconstruction, views: Views, batch: Batch) -> float:
    """Learn from 40 in 100 words to write the text word after word (TSDAE, Wang et al., 2021)."""
    return model.tell(views.bags(batch.some(0.4)), lambda v: model.decoder.sequence(v, batch, 16, 0, 1.0))


def bag(model: Reconstruction, views: Views, batch: Batch) -> float:
    """Learn from half of a text which pieces all of it has (Drop your Decoder, Ma et al., 2024)."""
    return model.tell(views.bags(batch.some(0.5)), lambda v: model.decoder.bag(v, batch))


def duplex(model: Reconstruction, views: Views, batch: Batch) -> float:
    """Learn with half of the vector to fill gaps, with the other half the bag (RetroMAE-2, Xiao et al., 2023)."""

    def cost(vectors: torch.Tensor) -> torch.Tensor:
        first, second = vectors.chunk(2, dim=1)
        return model.decoder.sequence(first, batch, 4, 4, 0.5) + model.decoder.bag(second, batch)

    return model.tell(views.bags(batch.some(0.7)), cost)


def weak(model: Reconstruction, views: Views, batch: Batch) -> float:
    """Learn from a whole text to write it with a decoder that sees two words (SEED-Encoder, Lu et al., 2021)."""
    return model.tell(views.bags(batch.places), lambda v: model.decoder.sequence(v, batch, 2, 0, 1.0))


def discriminative(model: Reconstruction, views: Views, batch: Batch) -> float:
    """Learn which 3 in 10 pieces of a text come from another one, so that telling pieces count most (CPADE)."""
    wrong = batch.random.random(len(batch.pieces)) < 0.3
    pieces = np.where(wrong, batch.random.permutation(batch.pieces), batch.pieces)
    seen = bags(pieces.astype(np.int32), batch.places.texts, batch.places.count)
    at = batch.random.integers(0, len(pieces), _JUDGED * batch.places.count)
    return model.tell(seen, lambda v: model.decoder.replaced(v, batch.places.texts[at], pieces[at], wrong[at]))


Task = Callable[[Reconstruction, Views, Batch], float]
TASKS: dict[str, Task] = {
    "denoised": denoised,
    "bag": bag,
    "duplex": duplex,
    "weak": weak,
    "discriminative": discriminative,
}


def pretrained(papers: Corpus, begun: Start, recipe: Recipe) -> Start:
    """Return rows and weights that have learnt so many steps of each task that a recipe names."""
    random = np.random.default_rng(recipe.seed)
    views = Views(papers, recipe.views, recipe.whole, recipe.seed)
    miner = Categories(papers, corpus.held_out(papers, recipe.held_out)[1], 0.0, recipe.seed)
    for name, steps in recipe.before.items():
        model = Reconstruction(begun, replace(recipe, steps=steps), papers)

        def once(step: int, model: Reconstruction = model, task: Task = TASKS[name]) -> float:
            places = views.whole(miner.draw(recipe.batch))
            return task(model, views, Batch(places, papers.tokens[places.where].astype(np.int64), random))

        repeat(name, steps, once)
        begun = model.table.detach(), model.weights.detach().exp()
        print(f"{name}: lengths of rows rise with rarity by {rarity(model.rows(), papers.counts()):.3f}", flush=True)
    return begun


def rarity(rows: NDArray[np.float32], counts: Ints) -> float:
    """Return Spearman's correlation of the lengths of frequent pieces' rows with their rarity: is boilerplate quiet?"""
    frequent = counts >= _FREQUENT
    return float(spearmanr(np.linalg.norm(rows[frequent], axis=1), -counts[frequent]).statistic)
