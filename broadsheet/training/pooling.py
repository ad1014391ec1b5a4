"""How the rows of a text's pieces become its vector: other ways than their weighted sum (rows 51 and 52)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch.nn.functional import normalize

from broadsheet.encode.pieces import Pieces
from broadsheet.encode.static import Static
from broadsheet.training.model import Floats, Model, Start
from broadsheet.training.reading import in_parts, tokens
from broadsheet.training.recipe import Recipe
from broadsheet.training.views import Bags, bags

_TINY = float(np.finfo(np.float32).tiny)
_AT_ONCE = 64  # texts


class Pooling(Protocol):
    """Learns in torch and works in numpy; both see the rows of a text's distinct pieces, weights multiplied in."""

    parameters: list[torch.nn.Parameter]

    def __call__(self, rows: torch.Tensor, texts: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        """Return (texts, d) vectors of (n, d) rows in the order of their texts: the text of each, and how many."""

    def vector(self, rows: Floats) -> Floats:
        """Return the (d) vector of one text's (n, d) rows."""


def _sums(rows: torch.Tensor, texts: torch.Tensor, count: int) -> torch.Tensor:
    return rows.new_zeros(count, rows.shape[1]).index_add(0, texts, rows)


class Gated:
    """A gate on each piece says how much it counts, from how it agrees with the sum of its text, number by number.

    After the gated pooling of Lee et al. (2016); it begins as the sum.
    """

    def __init__(self, dimension: int) -> None:
        self.agreement = torch.nn.Parameter(torch.zeros(dimension))
        self.open = torch.nn.Parameter(torch.zeros(()))
        self.parameters = [self.agreement, self.open]

    def __call__(self, rows: torch.Tensor, texts: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        """Return the vectors of texts."""
        whole = normalize(_sums(rows, texts, len(sizes)), dim=1)[texts]
        agreed = (normalize(rows, dim=1) * whole) @ self.agreement
        return _sums(torch.sigmoid(agreed + self.open)[:, None] * rows, texts, len(sizes))

    def vector(self, rows: Floats) -> Floats:
        """Return the vector of one text."""
        whole = rows.sum(axis=0) * self.agreement.detach().numpy()
        whole /= max(float(np.linalg.norm(rows.sum(axis=0))), _TINY)
        agreed = rows @ whole / np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), _TINY)
        gates = 1 / (1 + np.exp(-agreed - float(self.open.detach())))
        pooled: Floats = gates.astype(np.float32) @ rows
        return pooled


class Statistics:
    """Mean, spread and extremes of each number over the pieces, projected to one vector (Wang and Kuo, 2020).

    It begins as the mean.
    """

    def __init__(self, dimension: int) -> None:
        self.projection = torch.nn.Parameter(torch.cat((torch.eye(dimension), torch.zeros(3 * dimension, dimension))))
        self.parameters = [self.projection]

    def __call__(self, rows: torch.Tensor, texts: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        """Return the vectors of texts."""
        counts = sizes[:, None].clamp(min=1)
        mean = _sums(rows, texts, len(sizes)) / counts
        spread = (_sums((rows - mean[texts]).square(), texts, len(sizes)) / counts + 1e-12).sqrt()
        most, least = (torch.segment_reduce(rows, kind, lengths=sizes, initial=0.0) for kind in ("max", "min"))
        return torch.cat((mean, spread, most, least), dim=1) @ self.projection

    def vector(self, rows: Floats) -> Floats:
        """Return the vector of one text."""
        parts = rows.mean(axis=0), rows.std(axis=0), rows.max(axis=0).clip(min=0), rows.min(axis=0).clip(max=0)
        pooled: Floats = np.concatenate(parts) @ self.projection.detach().numpy()
        return pooled


class Sum:
    """The sum of the rows: what the others stand beside."""

    def __init__(self, dimension: int) -> None:
        self.parameters: list[torch.nn.Parameter] = []

    def __call__(self, rows: torch.Tensor, texts: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
        """Return the vectors of texts."""
        return _sums(rows, texts, len(sizes))

    def vector(self, rows: Floats) -> Floats:
        """Return the vector of one text."""
        return np.asarray(rows.sum(axis=0))


POOLINGS: dict[str, Callable[[int], Gated | Statistics | Sum]] = {
    "sum": Sum,
    "gated": Gated,
    "statistics": Statistics,
}


class Pooled(Model):
    """A table that learns together with a pooling; some texts at a time, whose rows fit a processor's cache."""

    def __init__(self, begun: Start, recipe: Recipe) -> None:
        self.pooling: Pooling = POOLINGS[recipe.method](recipe.dimension)
        super().__init__(begun, recipe, self.pooling.parameters)

    def encode(self, texts: Bags) -> torch.Tensor:
        """Return (n, dimension) vectors, not yet of length 1."""
        with torch.no_grad():
            return torch.cat([self._pooled(self._weighted(some), some) for some in _in_turn(texts)])

    def _weighted(self, texts: Bags) -> torch.Tensor:
        pieces = torch.from_numpy(texts.pieces)
        rows = self.table.detach()[pieces]
        return rows.mul_((torch.from_numpy(texts.values) * self._shares()[pieces])[:, None])

    def _pooled(self, rows: torch.Tensor, texts: Bags) -> torch.Tensor:
        return self.pooling(rows, torch.from_numpy(texts.texts), torch.from_numpy(np.diff(texts.starts)))

    def _spread(self, pairs: Bags, gradient: torch.Tensor) -> None:
        """Hand the gradient of the vectors on to table, weights and pooling: the texts are pooled once more for it."""
        self.table.grad = torch.zeros_like(self.table)
        for some, wanted in zip(_in_turn(pairs), gradient.split(_AT_ONCE), strict=True):
            rows, pieces = self._weighted(some).requires_grad_(), torch.from_numpy(some.pieces)
            self._pooled(rows, some).backward(wanted)
            shares = torch.from_numpy(some.values) * self._shares()[pieces]
            self.table.grad.index_add_(0, pieces, rows.grad * shares[:, None])
        self.weights.grad = (self.table.grad * self.table.detach()).sum(1)


def _in_turn(texts: Bags) -> list[Bags]:
    return [_some(texts, begin, begin + _AT_ONCE) for begin in range(0, len(texts.starts) - 1, _AT_ONCE)]


def _some(texts: Bags, first: int, last: int) -> Bags:
    starts = texts.starts[first : last + 1]
    part = slice(starts[0], starts[-1])
    return Bags(texts.pieces[part], texts.values[part], texts.texts[part] - first, starts - starts[0])


class PooledRows:
    """An encoder whose rows, those of a weights file, become a vector by a pooling."""

    def __init__(self, path: Path, pooling: Pooling) -> None:
        self._table, self._pooling = Static(path), pooling
        self._cut = Pieces(self._table.vocabulary)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dimension) rows of length 1; zeros for an empty text."""
        return in_parts(texts, self._vectors, self._table.dimension)

    def _vectors(self, texts: Sequence[str]) -> Floats:
        vectors = np.zeros((len(texts), self._table.dimension), np.float32)
        held = bags(*tokens(self._cut, texts), len(texts))
        for vector, begin, end in zip(vectors, held.starts, held.starts[1:], strict=False):
            if begin < end:
                rows = self._table.rows(held.pieces[begin:end])
                vector[:] = self._pooling.vector(rows * held.values[begin:end, None])
        return vectors
