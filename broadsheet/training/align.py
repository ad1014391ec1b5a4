"""Align, then fuse (METHODS row 56): `python -m broadsheet.training.align --data ../shared/papers`.

A table learns as a twin encoder (align); over its rows a small model learns to read a query and a paper together, piece
by piece, and puts the first hundred in order (fuse; after ALBEF, Li et al., 2021, with the kernels of Xiong et al.,
2017). With momentum distillation its slower copy says beside the right paper which wrong ones are nearly right.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Mapping
from pathlib import Path

import ir_measures
import numpy as np
import torch
from ir_measures import ScoredDoc, nDCG
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize

from broadsheet import encode
from broadsheet.encode.pieces import Pieces
from broadsheet.evaluation.collections import Collection, find, title_and_text
from broadsheet.training import corpus, static
from broadsheet.training.alone import DEVELOPMENT
from broadsheet.training.corpus import Corpus
from broadsheet.training.miners import Categories
from broadsheet.training.model import Floats
from broadsheet.training.reader import Descent
from broadsheet.training.reading import tokens
from broadsheet.training.recipe import Recipe, read
from broadsheet.training.static import Prepared
from broadsheet.training.steps import repeat
from broadsheet.training.views import Bags, Views, bags

Ints = NDArray[np.int64]
_QUERY, _PAPER = 24, 96  # pieces that are read, the longest rows first
_MEANS = torch.tensor([1.0, 0.9, 0.7, 0.5, 0.3, 0.1, -0.1])
_WIDTHS = torch.tensor([0.02, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
_BATCHES, _PAIRS, _WRONG = 80, 128, 7
_ROUNDS, _RATE = 4, 5e-3
_MOMENTUM, _BELIEVED = 0.995, 0.4  # as in ALBEF
_DEPTH = 100


class Fuser:
    """A score of a query and a paper: of their cosine, and of how near the pieces of each lie to those of the other."""

    def __init__(self, seed: int) -> None:
        noise, inputs = torch.Generator().manual_seed(seed), 2 * len(_MEANS) + 1
        self.hidden = torch.nn.Parameter(torch.randn(inputs, 16, generator=noise) / math.sqrt(inputs))
        self.out, self.sharpness = torch.nn.Parameter(torch.zeros(16)), torch.nn.Parameter(torch.tensor(20.0))
        self.parameters = [self.hidden, self.out, self.sharpness]

    def __call__(self, cosines: torch.Tensor, near: torch.Tensor) -> torch.Tensor:
        """Return the scores (...) of cosines (...) and nearness (..., 14)."""
        inputs = torch.cat((cosines[..., None], near), dim=-1)
        return cosines * self.sharpness + torch.tanh(inputs @ self.hidden) @ self.out * 10

    def follow(self, other: Fuser) -> None:
        """Move a little towards another."""
        for own, new in zip(self.parameters, other.parameters, strict=True):
            own.data.lerp_(new.data, 1 - _MOMENTUM)


class Twin:
    """The rows of a table, and texts as vectors or as their loudest pieces."""

    def __init__(self, rows: Floats) -> None:
        self._rows, self._lengths = torch.from_numpy(rows), np.linalg.norm(rows, axis=1)

    def vectors(self, texts: Bags) -> torch.Tensor:
        """Return (n, d) vectors of length 1."""
        held = self._rows[torch.from_numpy(texts.pieces)] * torch.from_numpy(texts.values)[:, None]
        sums = torch.zeros(len(texts.starts) - 1, self._rows.shape[1])
        return normalize(sums.index_add(0, torch.from_numpy(texts.texts), held), dim=1)

    def loudest(self, texts: Bags, most: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (n, most, d) rows of length 1 of the loudest pieces of texts, and their shares, which sum to 1."""
        loud = self._lengths[texts.pieces] * texts.values
        order = np.lexsort((-loud, texts.texts))
        rank = np.arange(len(order)) - texts.starts[texts.texts[order]]
        kept, rank = order[rank < most], rank[rank < most]
        rows = torch.zeros(len(texts.starts) - 1, most, self._rows.shape[1])
        shares = torch.zeros(len(texts.starts) - 1, most)
        where = torch.from_numpy(texts.texts[kept]), torch.from_numpy(rank)
        rows[where] = normalize(self._rows[torch.from_numpy(texts.pieces[kept])], dim=1)
        shares[where] = torch.from_numpy(loud[kept].astype(np.float32))
        return rows, shares / shares.sum(1, keepdim=True).clamp(min=1e-9)


Read = tuple[torch.Tensor, torch.Tensor]


def nearness(query: Read, papers: Read) -> torch.Tensor:
    """Return (papers, 14): how much of the query, and of each paper, finds its nearest piece in the other so near."""
    cosines = papers[0] @ query[0].T
    of_query = cosines.masked_fill((papers[1] <= 0)[..., None], -1).amax(1)
    of_paper = cosines.masked_fill((query[1] <= 0)[None, None], -1).amax(2)
    return torch.cat((_kernels(of_query, query[1][None]), _kernels(of_paper, papers[1])), dim=1)


def _kernels(nearest: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    found = torch.exp(-((nearest[..., None] - _MEANS) ** 2) / (2 * _WIDTHS**2))
    return (found * shares[..., None]).sum(1)


Examples = list[tuple[torch.Tensor, torch.Tensor]]  # cosines and nearness, the right paper first


def examples(twin: Twin, ready: Prepared, recipe: Recipe, batches: int = _BATCHES) -> Examples:
    """Return cosines (n, 8) and nearness of queries with their own papers, and with the seven most like them."""
    views = Views(ready.papers, recipe.views, recipe.whole, recipe.seed)
    miner = Categories(ready.papers, corpus.held_out(ready.papers, recipe.held_out)[1], 0.5, recipe.seed)
    return [_compared(twin, views.draw(miner.draw(_PAIRS))) for _ in range(batches)]


def _compared(twin: Twin, pairs: Bags) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = twin.vectors(pairs).chunk(2)
    scores, n = first @ second.T, len(first)
    wrong = scores.clone().fill_diagonal_(-2).topk(_WRONG, dim=1).indices
    chosen = torch.cat((torch.arange(n)[:, None], wrong), dim=1)
    rows, shares = twin.loudest(pairs, _PAPER)
    near = [
        nearness((rows[i, :_QUERY], shares[i, :_QUERY]), (rows[n + papers], shares[n + papers]))
        for i, papers in enumerate(chosen)
    ]
    return scores.gather(1, chosen), torch.stack(near)


def fused(given: Examples, seed: int, distilled: bool) -> Fuser:
    """Return what learnt to tell the right paper from those that the twin finds most like it."""
    model, slow = Fuser(seed), Fuser(seed)
    descent = Descent(model.parameters, _RATE, _ROUNDS * len(given))

    def once(step: int) -> float:
        cosines, near = given[step % len(given)]
        wanted = torch.zeros_like(cosines)
        wanted[:, 0] = 1
        if distilled:
            with torch.no_grad():
                wanted = wanted.lerp(slow(cosines, near).softmax(1), _BELIEVED)
        loss = descent.down(cross_entropy(model(cosines, near), wanted))
        slow.follow(model)
        return loss

    repeat("fuse", _ROUNDS * len(given), once)
    return model


def ranked(twin: Twin, ways: Mapping[str, Fuser], collection: Collection, cut: Pieces) -> dict[str, list[ScoredDoc]]:
    """Return the first hundred of each query by the twin, in its order and in that of each fuser."""
    papers, questions = list(collection.papers()), collection.questions()
    texts = [encode.paper_text(*title_and_text(paper)) for paper in papers]
    held = bags(*tokens(cut, texts), len(texts))
    asked = bags(*tokens(cut, [question.text for question in questions]), len(questions))
    vectors, (rows, shares) = twin.vectors(held), twin.loudest(held, _PAPER)
    loudest = twin.loudest(asked, _QUERY)
    found: dict[str, list[ScoredDoc]] = {name: [] for name in ("twin", *ways)}
    for number, (question, vector) in enumerate(zip(questions, twin.vectors(asked), strict=True)):
        cosines, first = (vectors @ vector).topk(_DEPTH)
        near = nearness((loudest[0][number], loudest[1][number]), (rows[first], shares[first]))
        with torch.no_grad():
            scores = {"twin": cosines, **{name: fuser(cosines, near) for name, fuser in ways.items()}}
        for name, each in scores.items():
            pairs = zip(each.tolist(), first.tolist(), strict=True)
            found[name] += [ScoredDoc(question.id, str(papers[paper]["id"]), score) for score, paper in pairs]
    return found


def report(of_words: Corpus, recipe: Recipe) -> None:
    """Train both, and print nDCG@10 of the twin and of what it finds, put in order, on development queries."""
    ready = static.prepared(of_words, recipe)
    twin, cut = Twin(static.train(ready.papers, recipe)[0].rows()), Pieces(ready.pieces)
    began = time.process_time()
    given = examples(twin, ready, recipe)
    ways = {name: fused(given, recipe.seed, name == "distilled") for name in ("fused", "distilled")}
    print(f"fused: {time.process_time() - began:.0f} CPU s")
    figures: dict[str, list[float]] = {}
    began = time.process_time()
    for of, split in DEVELOPMENT:
        collection = find(of, split)
        for name, found in ranked(twin, ways, collection, cut).items():
            figure = ir_measures.calc_aggregate([nDCG @ 10], collection.judgements(), found)[nDCG @ 10]
            figures.setdefault(name, []).append(float(figure))
    print(f"ranked: {time.process_time() - began:.0f} CPU s")
    for name, each in figures.items():
        print(f"{name}: {' '.join(f'{figure:.3f}' for figure in each)} mean {np.mean(each):.3f}", flush=True)


def main() -> None:
    """Train and measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--recipe", type=Path, default=Path("short"), help="of the twin")
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    report(corpus.read(corpus.records(corpus.files(chosen.data), chosen.limit)), read(chosen.recipe))


if __name__ == "__main__":
    main()
