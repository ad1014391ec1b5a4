"""A TopK sparse auto-encoder of paper vectors (METHODS row 37): `python -m broadsheet.training.sparse --data FOLDER`.

After Gao et al., 2024. Prints what its directions are worth as concepts; those that ship are `training.concepts`'.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from torch.nn.functional import embedding_bag, normalize

from broadsheet.encode.static import SHIPPED, Static
from broadsheet.training import concepts, corpus, naming
from broadsheet.training.naming import Phrases

Floats = NDArray[np.float32]
_REVIVED_EVERY = 40  # steps
_EACH = 6.0  # concepts that a paper has in the mean
_EVERY = 3  # of the papers, one in three is read
_UNSEEN = 6  # of these, one in six is kept for the figures


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the auto-encoder is and how long it learns."""

    concepts: int = 4_096
    active: int = 16
    steps: int = 200
    batch: int = 2_048
    rate: float = 2e-3
    seed: int = 1


class SparseAutoEncoder:
    """x is told by the `active` largest of (x - centre) @ reading, and built again from as many rows of `writing`."""

    def __init__(self, vectors: Floats, sizes: Sizes) -> None:
        self._random = torch.Generator().manual_seed(sizes.seed)
        self._sizes, self._vectors = sizes, torch.from_numpy(vectors)
        self.centre = self._vectors.mean(0)
        examples = torch.randperm(len(vectors), generator=self._random)[: sizes.concepts]
        start = normalize(self._vectors[examples] - self.centre, dim=1)
        self.reading = torch.nn.Parameter(start.T.clone())
        self.writing = torch.nn.Parameter(start.clone())
        self._adam = torch.optim.Adam([self.reading, self.writing], lr=sizes.rate, fused=True)
        self._fired = torch.zeros(sizes.concepts)

    def train(self) -> None:
        """Learn in steps of random vectors; concepts that stay silent begin anew as what is badly told."""
        for step in range(self._sizes.steps):
            for group in self._adam.param_groups:
                group["lr"] = self._sizes.rate * (1 - step / self._sizes.steps)
            chosen = torch.randint(len(self._vectors), (self._sizes.batch,), generator=self._random)
            missing = self._step(self._vectors[chosen] - self.centre)
            if step % _REVIVED_EVERY == _REVIVED_EVERY - 1 and step < 0.8 * self._sizes.steps:
                self._revive(missing)

    def _step(self, vectors: torch.Tensor) -> torch.Tensor:
        told, numbers = torch.topk(vectors @ self.reading, self._sizes.active, dim=1)
        told = told.relu()
        self._fired.index_add_(0, numbers.ravel(), (told.detach().ravel() > 0).float())
        missing = vectors - embedding_bag(numbers, self.writing, per_sample_weights=told, mode="sum")
        self._adam.zero_grad()
        missing.square().sum(1).mean().backward()
        self._adam.step()
        with torch.no_grad():
            self.writing.copy_(normalize(self.writing, dim=1))
        return missing.detach()

    def _revive(self, missing: torch.Tensor) -> None:
        silent = torch.nonzero(self._fired == 0).ravel()[: len(missing)]
        worst = normalize(missing[missing.square().sum(1).argsort(descending=True)[: len(silent)]], dim=1)
        with torch.no_grad():
            self.writing[silent], self.reading[:, silent] = worst, worst.T
        self._fired.zero_()

    def told(self, vectors: Floats) -> tuple[float, float]:
        """Return the share of the variance that is told of vectors, and of concepts that at least one of them has."""
        centred = torch.from_numpy(vectors) - self.centre
        with torch.no_grad():
            told, numbers = torch.topk(centred @ self.reading, self._sizes.active, dim=1)
            built = embedding_bag(numbers, self.writing, per_sample_weights=told.relu(), mode="sum")
        lost = (centred - built).square().sum() / centred.square().sum()
        return 1 - float(lost), len(numbers[told > 0].unique()) / self._sizes.concepts

    def thresholds(self, vectors: Floats, each: float) -> tuple[Floats, Floats]:
        """Return (concepts, d) directions of length 1, and what a product must exceed so that vectors have `each`."""
        directions = self.reading.detach().T
        lengths = directions.norm(dim=1)
        products = (torch.from_numpy(vectors) - self.centre) @ self.reading.detach()
        least = torch.topk(products.ravel(), int(each * len(vectors))).values[-1]
        base = directions @ self.centre
        return (directions / lengths[:, None]).numpy(), ((least + base) / lengths).numpy()


def measure(data: Path, weights: Path, sizes: Sizes, limit: int | None = None) -> dict[str, float]:
    """Return what is told of unseen papers, the share of concepts alive, and how well phrases tell who has them.

    The last is the median area under the curve over concepts, of the three phrases most telling on the other papers.
    """
    papers = corpus.read(islice(corpus.records(corpus.files(data), limit), 0, None, _EVERY))
    vectors, found = concepts.vectors_of(papers, Static(weights)), naming.phrases(papers)
    seen = np.arange(len(papers)) % _UNSEEN > 0
    model = SparseAutoEncoder(vectors[seen], sizes)
    model.train()
    told, alive = model.told(vectors[~seen])
    has = concepts.having(vectors, *model.thresholds(vectors[seen], _EACH))
    best = naming.telling(_taught(found, seen), has[seen])
    areas = naming.predictions(_taught(found, ~seen), best, has[~seen])
    share = concepts.category_share(papers, has, seen, concepts.arxiv(papers))
    return {"told": told, "alive": alive, "auc": float(np.nanmedian(areas)), "category_f1": share}


def _taught(found: Phrases, some: NDArray[np.bool_]) -> Phrases:
    return Phrases(csr_matrix(found.has[some]), found.sizes, found.places)


def main() -> None:
    """Train and measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--encoder", type=Path, default=SHIPPED, help="the weights file of the static encoder")
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print(json.dumps(measure(chosen.data, chosen.encoder, Sizes(), chosen.limit)))


if __name__ == "__main__":
    main()
