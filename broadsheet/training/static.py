"""Trains a static encoder: `python -m broadsheet.training.static --data ../shared/papers --recipe NAME --out FILE`."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch.nn.functional import cosine_similarity, embedding_bag, normalize

from broadsheet.errors import InputError
from broadsheet.training import corpus, phrases, vocabulary
from broadsheet.training.corpus import Corpus
from broadsheet.training.lessons import Lessons, Told
from broadsheet.training.miners import MINERS
from broadsheet.training.objectives import OBJECTIVES
from broadsheet.training.recipe import Recipe, read
from broadsheet.training.views import Bags, Views

Floats = NDArray[np.float32]
Start = tuple[torch.Tensor, torch.Tensor]  # rows and weights
_WARM_UP = 20  # steps
_SLOWEST = 0.02  # share of the learning rate at the end


class Model:
    """The table and the logarithms of the weights, and one step of learning.

    Adam runs over the whole table at once, which takes a quarter of the time of gathering the touched rows.
    """

    def __init__(self, begun: Start, recipe: Recipe) -> None:
        self._recipe, self._cost = recipe, OBJECTIVES[recipe.objective]
        table, weights = (part.clone() for part in begun)
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


def taught(begun: Start, lessons: Lessons, recipe: Recipe) -> Start:
    """Return rows and weights that have learnt a recipe's lessons, and each row's own random share added.

    Without that share words of like meaning become one, and a text that has the very word asked for is found no sooner.
    """
    apart, weights = begun
    slow = replace(recipe, steps=recipe.lesson_steps, rate=recipe.lesson_rate, weight_rate=recipe.lesson_weight_rate)
    model = Model((torch.from_numpy(lessons.start(apart.numpy())), weights), slow)
    random = np.random.default_rng(recipe.seed)
    for step in range(1, slow.steps + 1):
        loss = model.lesson(*lessons.draw(recipe.lessons, random))
        if step % 100 == 0:
            print(f"lesson {step} of {slow.steps}, loss {loss:.4f}", flush=True)
    table = model.table.detach()
    own = normalize(apart, dim=1) * table.norm(dim=1, keepdim=True)
    return table + recipe.own * own, model.weights.detach().exp()


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


def train(papers: Corpus, recipe: Recipe, begun: Start | None = None) -> tuple[Model, float]:
    """Return the model of a corpus in pieces, trained from a start, and its mean reciprocal rank on papers held out."""
    held_out, seen = corpus.held_out(papers, recipe.held_out)
    views = Views(papers, recipe.views, recipe.whole, recipe.seed)
    miner = MINERS[recipe.miner](papers, seen, recipe.near, recipe.seed)
    model = Model(begun or start(papers.counts(), recipe), recipe)
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


def average(ready: Prepared, recipe: Recipe, told: Told | None = None) -> tuple[Floats, float]:
    """Return the mean rows of a recipe's members, calmed, and the greatest mean reciprocal rank among them.

    The members start from the same rows and differ as the recipe says (model soups, Wortsman et al., 2022).

    Raises:
        InputError: the recipe has lessons, and there are none.
    """
    papers, begun = ready.papers, start(ready.papers.counts(), recipe)
    if recipe.lessons:
        if told is None:
            raise InputError("This recipe learns from a teacher: name the file of broadsheet.training.lessons.")
        begun = taught(begun, Lessons(told, ready.pieces, recipe.dimension, recipe.evened), recipe)
    made = [train(papers, replace(recipe, **changes, members=()), begun) for changes in recipe.members or ({},)]
    rows: Floats = np.asarray(np.mean([model.rows() for model, _ in made], axis=0), np.float32)
    return calmed(rows, papers.counts(), recipe), max(known for _, known in made)


def facts(recipe: Recipe, known: float, seconds: float, told: Told | None) -> dict[str, str]:
    """Return what the weights file says of their training beside the data."""
    return {
        **({"teacher": told.teacher} if told and recipe.lessons else {}),
        "licence": "Apache-2.0",
        "recipe": json.dumps(asdict(recipe)),
        "prefixes": json.dumps(recipe.prefixes),
        "cpu_seconds": f"{seconds:.0f}",
        "held_out_mrr": f"{known:.4f}",
    }


def make(data: Path, out: Path, recipe: Recipe, limit: int | None = None, told: Told | None = None) -> str:
    """Train on the free files of a folder, write the weights and return the encoder's id.

    `limit` takes only the first papers of each file; `told` is what a teacher made, for recipes that ask for it.

    Raises:
        InputError: the folder holds no file that may be trained on, or the recipe needs lessons and has none.
    """
    torch.set_num_threads(1)
    paths = corpus.files(data)
    ready = prepared(corpus.read(corpus.records(paths, limit)), recipe)
    print(f"{len(ready.papers)} papers, {len(ready.papers.tokens)} pieces of {len(ready.pieces)} kinds", flush=True)
    rows, known = average(ready, recipe, told)
    about = {
        **facts(recipe, known, time.process_time(), told),
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
    parser.add_argument(
        "--lessons", type=Path, help="the file of broadsheet.training.lessons, for recipes with a teacher"
    )
    chosen = parser.parse_args()
    recipe = read(Path(chosen.recipe))
    told = Told.open(chosen.lessons) if chosen.lessons else None
    make(chosen.data, chosen.out, replace(recipe, steps=chosen.steps or recipe.steps), chosen.limit, told)


if __name__ == "__main__":
    main()
