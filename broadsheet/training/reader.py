"""Trains a small reader over a table: pairs as for the table, for `told` steps a reconstruction before."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from broadsheet.training import corpus
from broadsheet.training.contextual import MOST, Contextual, Path
from broadsheet.training.corpus import Corpus
from broadsheet.training.miners import MINERS
from broadsheet.training.model import known_item
from broadsheet.training.recipe import Recipe
from broadsheet.training.steps import repeat
from broadsheet.training.views import Places, Views

_ASKED = 3  # places of each text that are told again
_CANDIDATES = 2_048


class Descent:
    """Adam over parameters, faster and then slower."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], rate: float, steps: int) -> None:
        self._adam = torch.optim.Adam(parameters, rate, fused=True)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(self._adam, rate, total_steps=steps + 1)

    def down(self, loss: torch.Tensor) -> float:
        """Take one step down a loss, and return it."""
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
        self._schedule.step()
        return float(loss.detach())


def fit(model: Contextual, papers: Corpus, recipe: Recipe) -> float:
    """Train a reader on a corpus in pieces, and return its mean reciprocal rank on papers held out."""
    held_out, seen = corpus.held_out(papers, recipe.held_out)
    views = Views(papers, recipe.views, recipe.whole, recipe.seed)
    miner = MINERS[recipe.miner](papers, seen, recipe.near, recipe.seed)
    batch, told = int(recipe.numbers["batch"]), int(recipe.numbers.get("told", 0))
    if told:
        reconstruct(model, papers, recipe, told, lambda: views.whole(miner.draw(batch)))
    steps = int(recipe.numbers["steps"])
    descent = Descent(model.reader.parameters, recipe.more_rate, steps)

    def once(step: int) -> float:
        places = views.places(miner.draw(batch))
        return descent.down(model.contrast(papers.tokens[places.where], places, recipe))

    repeat("step", steps, once)
    pairs = views.titles_and_abstracts(held_out)
    with torch.no_grad():
        return known_item(model.vectors(papers.tokens[pairs.where], pairs.texts, pairs.count))


def reconstruct(model: Contextual, papers: Corpus, recipe: Recipe, steps: int, draw: Callable[[], Places]) -> None:
    """Teach a reader to make vectors that a decoder, not kept, tells the pieces of their texts from."""
    decoder, random = Path(len(papers.vocabulary), recipe.dimension), np.random.default_rng(recipe.seed)
    descent = Descent([*model.reader.parameters, *decoder.parameters], recipe.more_rate, steps)

    def once(step: int) -> float:
        places = draw()
        pieces = papers.tokens[places.where]
        vectors = model.vectors(pieces, places.texts, places.count)
        starts = np.searchsorted(places.texts, np.arange(places.count + 1))
        asked = np.repeat(np.arange(places.count), _ASKED)
        within = random.integers(0, np.minimum(np.diff(starts), MOST)[asked])
        state, at = decoder(vectors[torch.from_numpy(asked)], within), starts[asked] + within
        candidates = np.unique(np.concatenate((pieces[at], random.choice(pieces, _CANDIDATES))))
        scores = state @ decoder.words[torch.from_numpy(candidates)].T
        return descent.down(cross_entropy(scores, torch.from_numpy(np.searchsorted(candidates, pieces[at]))))

    repeat("told", steps, once)
