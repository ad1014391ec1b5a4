"""Trains a static encoder: `python -m broadsheet.training.static --data ../shared/papers --recipe NAME --out FILE`."""

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
from torch.nn.functional import embedding_bag, normalize

from broadsheet.training import corpus, phrases, vocabulary
from broadsheet.training.corpus import Corpus
from broadsheet.training.miners import MINERS
from broadsheet.training.objectives import OBJECTIVES
from broadsheet.training.recipe import Recipe, read
from broadsheet.training.views import Bags, Views

Floats = NDArray[np.float32]
_WARM_UP = 20  # steps
_SLOWEST = 0.02  # share of the learning rate at the end


class Model:
    """The table and the logarithms of the weights, and one step of learning.

    Adam runs over the whole table at once, which takes a quarter of the time of gathering the touched rows.
    """

    def __init__(self, counts: NDArray[np.int64], recipe: Recipe) -> None:
        self._recipe, self._cost = recipe, OBJECTIVES[recipe.objective]
        table, weights = start(counts, recipe)
        self.table, self.weights = torch.nn.Parameter(table), torch.nn.Parameter(weights.log())
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

    def step(self, pairs: Bags) -> float:
        """Learn from a batch of pairs, first views before second ones, and return its loss."""
        vectors = self.encode(pairs).requires_grad_()
        self._adam.zero_grad()
        loss = self._loss(*vectors.chunk(2))
        loss.backward()
        assert vectors.grad is not None
        self._spread(pairs, vectors.grad)
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


def start(counts: NDArray[np.int64], recipe: Recipe) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the random rows and the weights that every training of a recipe starts from."""
    share = torch.from_numpy(counts / counts.sum()).float()
    noise = torch.Generator().manual_seed(recipe.seed)
    table = torch.randn(len(counts), recipe.dimension, generator=noise) / math.sqrt(recipe.dimension)
    return table, recipe.common / (recipe.common + share)


def calmed(rows: Floats, counts: NDArray[np.int64], recipe: Recipe) -> Floats:
    """Return rows whose lengths are led back towards those of the start, by the recipe's share of the logarithm.

    What training makes of lengths holds for the kinds of text it saw: it silences the phrases of machine learning, and
    claims and questions of other fields are found worse for it (after WiSE-FT, Wortsman et al., 2022).
    """
    table, weights = start(counts, recipe)
    before = (table.norm(dim=1) * weights).numpy()
    after = np.linalg.norm(rows, axis=1)
    scaled: Floats = rows * ((before / np.maximum(after, np.finfo(np.float32).tiny)) ** recipe.calm)[:, None]
    return scaled


def save(path: Path, rows: Floats, pieces: list[str], pairs: NDArray[np.int32], about: dict[str, str]) -> str:
    """Write the file that `broadsheet.encode.static` reads, in 8 bits a number, and return the encoder's id."""
    steps = np.abs(rows).max(axis=1) / 127
    tensors = {
        "table": np.rint(rows / steps[:, None]).astype(np.int8),
        "scale": steps.astype(np.float32),
        "pieces": np.frombuffer("\n".join(pieces).encode(), np.uint8),
    }
    if len(pairs):
        tensors["phrases"] = pairs
    digest = hashlib.sha256(b"".join(tensor.tobytes() for tensor in tensors.values())).hexdigest()
    about = {**about, "id": f"static-{rows.shape[1]}-{digest[:8]}"}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, about)
    return about["id"]


def _sums(rows: torch.Tensor, starts: NDArray[np.int64], values: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Return one weighted sum of rows for each start: a sparse matrix times a dense one."""
    return embedding_bag(rows, table, torch.from_numpy(starts), mode="sum", per_sample_weights=values)


def train(papers: Corpus, recipe: Recipe) -> tuple[Model, float]:
    """Return the trained model of a corpus in pieces, and its mean reciprocal rank on the papers held out."""
    order = np.random.default_rng(0).permutation(len(papers))
    held_out, taught = np.sort(order[: recipe.held_out]), np.sort(order[recipe.held_out :])
    views = Views(papers, recipe.views, recipe.whole, recipe.seed)
    miner = MINERS[recipe.miner](papers, taught, recipe.near, recipe.seed)
    model = Model(papers.counts(), recipe)
    begin, loss = time.monotonic(), math.nan
    for step in range(1, recipe.steps + 1):
        if step in (recipe.steps // 6, recipe.steps // 2):
            miner.learn(lambda chosen, width: model.vectors(views, chosen, width))
        now = model.step(views.draw(miner.draw(recipe.batch)))
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A corpus in pieces and phrases, the pieces, and the pairs of pieces that are phrases (int32, two a row)."""

    papers: Corpus
    pieces: list[str]
    pairs: NDArray[np.int32]


def prepared(of_words: Corpus, recipe: Recipe) -> Prepared:
    """Return a corpus of words as a recipe's encoder reads it."""
    pieces = vocabulary.learn(of_words, recipe.pieces)
    papers = vocabulary.cut(of_words, pieces)
    pairs = phrases.learn(papers, recipe.phrases)
    marked = phrases.mark(papers, pairs) if recipe.phrases else papers
    return Prepared(marked, pieces, phrases.split(pairs))


def average(papers: Corpus, recipe: Recipe) -> tuple[Floats, float]:
    """Return the mean rows of a recipe's members, calmed, and the greatest mean reciprocal rank among them.

    The members start from the same rows and differ as the recipe says (model soups, Wortsman et al., 2022).
    """
    made = [train(papers, replace(recipe, **changes, members=())) for changes in recipe.members or ({},)]
    rows: Floats = np.asarray(np.mean([model.rows() for model, _ in made], axis=0), np.float32)
    return calmed(rows, papers.counts(), recipe), max(known for _, known in made)


def facts(recipe: Recipe, known: float, seconds: float) -> dict[str, str]:
    """Return what the weights file says of their training beside the data."""
    return {
        "licence": "Apache-2.0",
        "recipe": json.dumps(asdict(recipe)),
        "prefixes": json.dumps(recipe.prefixes),
        "cpu_seconds": f"{seconds:.0f}",
        "held_out_mrr": f"{known:.4f}",
    }


def make(data: Path, out: Path, recipe: Recipe, limit: int | None = None) -> str:
    """Train on the free files of a folder, write the weights and return the encoder's id.

    `limit` takes only the first papers of each file.

    Raises:
        InputError: the folder holds no file that may be trained on.
    """
    torch.set_num_threads(1)
    paths = corpus.files(data)
    ready = prepared(corpus.read(corpus.records(paths, limit)), recipe)
    print(f"{len(ready.papers)} papers, {len(ready.papers.tokens)} pieces of {len(ready.pieces)} kinds", flush=True)
    rows, known = average(ready.papers, recipe)
    about = {
        **facts(recipe, known, time.process_time()),
        "data": ", ".join(path.name for path in paths),
        "data_sha256": corpus.fingerprint(paths),
        "papers": str(len(ready.papers)),
    }
    name = save(out, rows, ready.pieces, ready.pairs, about)
    print(f"{name}: {json.dumps(about)}")
    return name


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--recipe", default="second", help="a file, or a name under training/recipes")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    chosen = parser.parse_args()
    recipe = read(Path(chosen.recipe))
    make(chosen.data, chosen.out, replace(recipe, steps=chosen.steps or recipe.steps), chosen.limit)


if __name__ == "__main__":
    main()
