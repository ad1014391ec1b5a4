"""Trains the static encoder: `python -m broadsheet.training.static --data ../shared/papers --out FILE`."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch.nn.functional import cross_entropy, embedding_bag, normalize

from broadsheet.training import corpus, vocabulary
from broadsheet.training.corpus import Corpus
from broadsheet.training.views import Bags, Views

_WARM_UP = 20  # steps
_SLOWEST = 0.02  # share of the learning rate at the end


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the weights beside the papers."""

    pieces: int = 64_000
    dimension: int = 256
    prefixes: tuple[int, ...] = (64, 128, 256)
    steps: int = 800
    batch: int = 1_024
    rate: float = 6e-3
    weight_rate: float = 2e-2
    memory: float = 0.95  # Adam's second decay: short, so that a rare row is not thrown about by its first gradient
    temperature: float = 0.05
    common: float = 1e-4  # a piece of this probability starts with half the weight of a rare one
    held_out: int = 10_000
    seed: int = 1


class Model:
    """The table and the logarithms of the weights, and one step of symmetric InfoNCE (van den Oord et al., 2018).

    Adam runs over the whole table at once, which takes a quarter of the time of gathering the touched rows.
    """

    def __init__(self, counts: NDArray[np.int64], recipe: Recipe) -> None:
        self._recipe = recipe
        share = torch.from_numpy(counts / counts.sum()).float()
        noise = torch.Generator().manual_seed(recipe.seed)
        table = torch.randn(len(counts), recipe.dimension, generator=noise) / math.sqrt(recipe.dimension)
        self.table = torch.nn.Parameter(table)
        self.weights = torch.nn.Parameter(torch.log(recipe.common / (recipe.common + share)))
        self.sharpness = torch.nn.Parameter(torch.tensor(-math.log(recipe.temperature)))
        groups = [([self.table], recipe.rate), ([self.weights, self.sharpness], recipe.weight_rate)]
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

    def _shares(self) -> torch.Tensor:
        return torch.exp(self.weights.detach())

    def step(self, pairs: Bags) -> float:
        """Learn from a batch of pairs, first views before second ones, and return its loss."""
        vectors = self.encode(pairs).requires_grad_()
        self._adam.zero_grad()
        loss = torch.stack([self._contrast(vectors[:, :width]) for width in self._recipe.prefixes]).mean()
        loss.backward()
        assert vectors.grad is not None
        self._spread(pairs, vectors.grad)
        self._adam.step()
        self._schedule.step()
        return float(loss.detach())

    def _contrast(self, vectors: torch.Tensor) -> torch.Tensor:
        first, second = normalize(vectors, dim=1).chunk(2)
        scores = first @ second.T * self.sharpness.exp()
        own = torch.arange(len(scores))
        return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2

    def _spread(self, pairs: Bags, gradient: torch.Tensor) -> None:
        """Hand the gradient of the vectors on to table and weights: the sum over the texts that hold a piece."""
        order = np.argsort(pairs.pieces, kind="stable")
        pieces = pairs.pieces[order]
        starts = np.searchsorted(pieces, np.arange(len(self.table)))
        values = torch.from_numpy(pairs.values[order]) * self._shares()[torch.from_numpy(pieces)]
        self.table.grad = _sums(torch.from_numpy(pairs.texts[order]), starts, values, gradient)
        self.weights.grad = (self.table.grad * self.table.detach()).sum(1)

    def save(self, path: Path, pieces: list[str], about: dict[str, str]) -> str:
        """Write the file that `broadsheet.encode.static` reads, in 8 bits a number, and return the encoder's id."""
        table, weights = self.table.detach().numpy(), self._shares().numpy()
        steps = np.abs(table).max(axis=1) / 127
        tensors = {
            "table": np.rint(table / steps[:, None]).astype(np.int8),
            "scale": (weights * steps).astype(np.float32),
            "pieces": np.frombuffer("\n".join(pieces).encode(), np.uint8),
        }
        digest = hashlib.sha256(b"".join(tensor.tobytes() for tensor in tensors.values())).hexdigest()
        about = {**about, "id": f"static-{self._recipe.dimension}-{digest[:8]}"}
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, path, {**about, "prefixes": json.dumps(self._recipe.prefixes)})
        return about["id"]


def _sums(rows: torch.Tensor, starts: NDArray[np.int64], values: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Return one weighted sum of rows for each start: a sparse matrix times a dense one."""
    return embedding_bag(rows, table, torch.from_numpy(starts), mode="sum", per_sample_weights=values)


def train(papers: Corpus, recipe: Recipe) -> tuple[Model, float]:
    """Return the trained model of a corpus in pieces, and its mean reciprocal rank on the papers held out."""
    order = np.random.default_rng(0).permutation(len(papers))
    held_out, taught = np.sort(order[: recipe.held_out]), np.sort(order[recipe.held_out :])
    views = Views(papers, taught, recipe.seed)
    model = Model(papers.counts(), recipe)
    begin, loss = time.monotonic(), math.nan
    for step in range(1, recipe.steps + 1):
        now = model.step(views.draw(recipe.batch))
        loss = now if math.isnan(loss) else 0.98 * loss + 0.02 * now
        if step % 100 == 0:
            left = (time.monotonic() - begin) / step * (recipe.steps - step)
            print(f"step {step} of {recipe.steps}, loss {loss:.4f}, {left:.0f} s left", flush=True)
    return model, known_item(model, views.titles_and_abstracts(held_out))


def known_item(model: Model, pairs: Bags) -> float:
    """Return the mean reciprocal rank of each title's own abstract among the abstracts."""
    titles, abstracts = normalize(model.encode(pairs), dim=1).chunk(2)
    ranks = []
    for begin in range(0, len(titles), 1_000):
        scores = titles[begin : begin + 1_000] @ abstracts.T
        own = scores.diagonal(begin)
        ranks.append(1 + (scores > own[:, None]).sum(1))
    return float((1 / torch.cat(ranks)).mean())


def make(data: Path, out: Path, recipe: Recipe, limit: int | None = None) -> str:
    """Train on the free files of a folder, write the weights and return the encoder's id.

    `limit` takes only the first papers of each file.

    Raises:
        InputError: the folder holds no file that may be trained on.
    """
    torch.set_num_threads(1)
    paths = corpus.files(data)
    of_words = corpus.read(corpus.records(paths, limit))
    pieces = vocabulary.learn(of_words, recipe.pieces)
    of_pieces = vocabulary.cut(of_words, pieces)
    print(f"{len(of_words)} papers, {len(of_words.tokens)} words, {len(pieces)} pieces", flush=True)
    model, known = train(of_pieces, recipe)
    about = {
        "licence": "Apache-2.0",
        "data": ", ".join(path.name for path in paths),
        "data_sha256": corpus.fingerprint(paths),
        "papers": str(len(of_words)),
        "recipe": json.dumps(asdict(recipe)),
        "cpu_seconds": f"{time.process_time():.0f}",
        "held_out_mrr": f"{known:.4f}",
    }
    name = model.save(out, pieces, about)
    print(f"{name}: {json.dumps(about)}")
    return name


def main() -> None:
    """Train as the command line says."""
    usual = Recipe()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    chosen = parser.parse_args()
    make(chosen.data, chosen.out, replace(usual, steps=chosen.steps, seed=chosen.seed), chosen.limit)


if __name__ == "__main__":
    main()
