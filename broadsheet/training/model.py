"""The static encoder as it learns: a table of rows and the logarithms of their weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cosine_similarity, embedding_bag, normalize

from broadsheet.training.objectives import OBJECTIVES
from broadsheet.training.recipe import Recipe
from broadsheet.training.views import Bags, Views

Floats = NDArray[np.float32]
Start = tuple[torch.Tensor, torch.Tensor]  # rows and weights
_WARM_UP = 20  # steps
_SLOWEST = 0.02  # share of the learning rate at the end


class Model:
    """The table and the logarithms of the weights, and one step of learning.

    Adam runs over the whole table at once, which takes a quarter of the time of gathering the touched rows. `more` are
    a method's own parameters, which learn beside it.
    """

    def __init__(self, begun: Start, recipe: Recipe, more: Iterable[torch.nn.Parameter] = ()) -> None:
        self._recipe, self._cost = recipe, OBJECTIVES[recipe.objective]
        table, weights = (part.clone() for part in begun)
        self.table, self.weights = torch.nn.Parameter(table), torch.nn.Parameter(weights.log())
        self.sharpness = torch.nn.Parameter(torch.tensor(-math.log(recipe.temperature)))
        groups = [([self.table], recipe.rate), ([self.weights, self.sharpness], recipe.weight_rate)]
        groups += [(list(more), recipe.more_rate)]
        self._adam = torch.optim.Adam(
            [{"params": group, "lr": rate} for group, rate in groups], betas=(0.9, recipe.memory), fused=True
        )
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._adam, self._pace)

    def _pace(self, step: int) -> float:
        return max(_SLOWEST, min(1.0, (step + 1) / _WARM_UP) * (1 - step / self._recipe.steps))

    def encode(self, texts: Bags) -> torch.Tensor:
        """Return (n, dimension) vectors, not yet of length 1."""
        pieces = torch.from_numpy(texts.pieces)
        values = torch.from_numpy(texts.values) * self._shares()[pieces]
        return _sums(pieces, texts.starts[:-1], values, self.table.detach())

    def vectors(self, views: Views, papers: NDArray[np.int64], width: int) -> Floats:
        """Return the vectors of papers, cut to a width and of length 1."""
        table, rows = self.table.detach()[:, :width].contiguous(), []
        for chosen in np.array_split(papers, max(1, len(papers) // 10_000)):
            texts = views.texts(chosen)
            pieces = torch.from_numpy(texts.pieces)
            values = torch.from_numpy(texts.values) * self._shares()[pieces]
            rows.append(normalize(_sums(pieces, texts.starts[:-1], values, table), dim=1).numpy())
        return np.concatenate(rows)

    def _shares(self) -> torch.Tensor:
        return torch.exp(self.weights.detach())

    def learn(self, views: Views, papers: NDArray[np.int64]) -> float:
        """Learn from two views of each of some papers, and return the loss."""
        return self.step(views.draw(papers))

    def titles_and_abstracts(self, views: Views, papers: NDArray[np.int64]) -> torch.Tensor:
        """Return the vectors of the titles of papers, then those of their abstracts."""
        return self.encode(views.bags(views.titles_and_abstracts(papers)))

    def step(self, pairs: Bags) -> float:
        """Learn from a batch of pairs, first views before second ones, and return its loss."""
        return self._descend(pairs, lambda vectors: self._loss(*vectors.chunk(2)))

    def lesson(self, texts: Bags, targets: Floats) -> float:
        """Learn the (n, dimension) vectors that a teacher has for texts, and return 1 - cosine, the prefixes' mean."""
        wanted, widths = torch.from_numpy(targets), self._recipe.prefixes
        return self._descend(
            texts,
            lambda vectors: torch.stack(
                [1 - cosine_similarity(vectors[:, :w], wanted[:, :w]).mean() for w in widths]
            ).mean(),
        )

    def _descend(self, texts: Bags, cost: Callable[[torch.Tensor], torch.Tensor]) -> float:
        """Take one step down what vectors of texts cost, and return that."""
        vectors = self.encode(texts).requires_grad_()
        self._adam.zero_grad()
        loss = cost(vectors)
        loss.backward()
        assert vectors.grad is not None
        self._spread(texts, vectors.grad)
        self._adam.step()
        self._schedule.step()
        return float(loss.detach())

    def _loss(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Return the objective's mean over the prefixes, so that each of them is a vector of its own."""
        no_negative, sharpness = self._alike(second.detach()), self.sharpness.exp()
        widths = self._recipe.prefixes
        return torch.stack([self._cost(first[:, :w], second[:, :w], sharpness, no_negative) for w in widths]).mean()

    def _alike(self, second: torch.Tensor) -> torch.Tensor | None:
        """Return which pairs of texts are too alike for one to be wrong where the other is right; None for none."""
        if self._recipe.threshold >= 1:
            return None
        units = normalize(second, dim=1)
        return (units @ units.T > self._recipe.threshold).fill_diagonal_(False)

    def _spread(self, pairs: Bags, gradient: torch.Tensor) -> None:
        """Hand the gradient of the vectors on to table and weights: the sum over the texts that hold a piece."""
        order = np.argsort(pairs.pieces, kind="stable")
        pieces = pairs.pieces[order]
        starts = np.searchsorted(pieces, np.arange(len(self.table)))
        values = torch.from_numpy(pairs.values[order]) * self._shares()[torch.from_numpy(pieces)]
        self.table.grad = _sums(torch.from_numpy(pairs.texts[order]), starts, values, gradient)
        self.weights.grad = (self.table.grad * self.table.detach()).sum(1)

    def rows(self) -> Floats:
        """Return the (pieces, dimension) rows, weights multiplied in."""
        return np.asarray((self.table.detach() * self._shares()[:, None]).numpy())


def start(counts: NDArray[np.int64], recipe: Recipe) -> Start:
    """Return the random rows and the weights that every training of a recipe starts from."""
    share = torch.from_numpy(counts / counts.sum()).float()
    noise = torch.Generator().manual_seed(recipe.seed)
    table = torch.randn(len(counts), recipe.dimension, generator=noise) / math.sqrt(recipe.dimension)
    return table, recipe.common / (recipe.common + share)


def _sums(rows: torch.Tensor, starts: NDArray[np.int64], values: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Return one weighted sum of rows for each start: a sparse matrix times a dense one."""
    return embedding_bag(rows, table, torch.from_numpy(starts), mode="sum", per_sample_weights=values)


def known_item(pairs: torch.Tensor) -> float:
    """Return the mean reciprocal rank of each title's own abstract among the abstracts, titles first."""
    titles, abstracts = normalize(pairs, dim=1).chunk(2)
    ranks = []
    for begin in range(0, len(titles), 1_000):
        scores = titles[begin : begin + 1_000] @ abstracts.T
        own = scores.diagonal(begin)
        ranks.append(1 + (scores > own[:, None]).sum(1))
    return float((1 / torch.cat(ranks)).mean())
