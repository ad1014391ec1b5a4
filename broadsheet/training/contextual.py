"""Small encoders that read the rows of a text in order (rows 53 and 54), over a table that has learnt before."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import gelu, normalize, softplus

from broadsheet.encode.pieces import Pieces
from broadsheet.training.model import Floats
from broadsheet.training.objectives import softmax
from broadsheet.training.reading import in_parts, tokens
from broadsheet.training.recipe import Recipe
from broadsheet.training.views import Places, bags

Ints = NDArray[np.int64]
_QUIET = 0.4  # share of the tokens, those of the shortest rows, that are not read
MOST = 128  # pieces of a text
_AT_ONCE = 64  # texts of like length that are read together
_KEYS, _VALUES, _HIDDEN = 32, 128, 512


class Reader(Protocol):
    """Makes (texts, d) vectors of the (texts, length, d) rows of their pieces, each of length 1."""

    parameters: list[torch.nn.Parameter]

    def __call__(self, rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return vectors; `weights` (texts, length) says how much each place counts, 0 where there is none."""


def _matrix(rows: int, columns: int, scale: float = 1.0) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.randn(rows, columns) * scale / math.sqrt(rows))


def _shifted(rows: torch.Tensor, by: int) -> torch.Tensor:
    moved = rows.roll(by, 1)
    moved[:, 0 if by > 0 else -1] = 0
    return moved


class Attention:
    """Gated linear attention within a text over rows and their neighbours, then a gated sum (after Yang et al., 2024).

    All that is linear is done once a text instead of once a piece: the state's values and the way out. It begins as the
    weighted sum of the rows.
    """

    def __init__(self, d: int) -> None:
        self.near = torch.nn.Parameter(torch.tensor([0.3, 1.0, 0.3])[:, None].repeat(1, d))
        self.asked, self.held, self.gates = (torch.nn.Parameter(torch.randn(d, n)) for n in (_KEYS, _KEYS, _VALUES))
        self.values, self.wide = _matrix(d, _VALUES), _matrix(d, _HIDDEN)
        self.written, self.counted = (torch.nn.Parameter(torch.zeros(d)) for _ in range(2))
        self.out = torch.nn.Parameter(torch.zeros(_VALUES, d))
        self.narrow = torch.nn.Parameter(torch.zeros(_HIDDEN, d))
        within = [self.near, self.asked, self.held, self.gates, self.values, self.written, self.counted, self.out]
        self.parameters = [*within, self.wide, self.narrow]

    def __call__(self, rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the vectors of texts."""
        here = torch.addcmul(rows * self.near[1], _shifted(rows, 1), self.near[0])
        here = torch.addcmul(here, _shifted(rows, -1), self.near[2])
        asked, held = softplus(here @ self.asked), softplus(here @ self.held)
        held = held * (torch.sigmoid(here @ self.written) * (weights > 0))[..., None]
        state = held.transpose(1, 2) @ here @ self.values
        read = asked @ state / (asked @ held.sum(1)[..., None] + 1e-6)
        counts = (weights * torch.sigmoid(here @ self.counted))[:, None]
        told = counts @ (torch.sigmoid(here @ self.gates) * read)
        units = normalize((counts @ rows + told @ self.out)[:, 0], dim=1)
        return units + gelu(units @ self.wide * 4) @ self.narrow


class Convolution:
    """One convolution that halves a text again and again until one vector is left (Malik et al., 2018)."""

    def __init__(self, d: int) -> None:
        self.first, self.second, self.third = (_matrix(d, d, scale=0.1) for _ in range(3))
        self.parameters = [self.first, self.second, self.third]

    def __call__(self, rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the vectors of texts."""
        rows = rows * weights[..., None]
        while rows.shape[1] > 1:
            if rows.shape[1] % 2:
                rows = torch.cat((rows, torch.zeros_like(rows[:, :1])), 1)
            pairs = rows[:, ::2], rows[:, 1::2], _shifted(rows[:, ::2], -1)
            made = pairs[0] @ self.first + pairs[1] @ self.second + pairs[2] @ self.third
            rows = (pairs[0] + pairs[1]) + gelu(made)
        return rows[:, 0]


READERS: dict[str, Callable[[int], Reader]] = {"attention": Attention, "convolution": Convolution}


class Contextual:
    """A reader over the rows of a table, which stay as they are."""

    def __init__(self, rows: Floats, frequencies: Ints, recipe: Recipe) -> None:
        self.rows = normalize(torch.from_numpy(rows), dim=1)
        self.reader: Reader = READERS[recipe.method](rows.shape[1])
        self._lengths = lengths = np.linalg.norm(rows, axis=1)
        order = np.argsort(lengths)
        quiet = np.searchsorted(np.cumsum(frequencies[order]), _QUIET * frequencies.sum())
        self._loud = lengths >= lengths[order[quiet]]
        self._sharpness = torch.tensor(1 / recipe.temperature)

    def vectors(self, pieces: NDArray[np.int32], texts: Ints, count: int) -> torch.Tensor:
        """Return the (count, d) vectors of texts, from the pieces of each in order; zeros where nothing is left."""
        held = bags(pieces, texts, count)
        keys, at = held.texts << 32 | held.pieces, texts << 32 | pieces
        values = held.values[np.searchsorted(keys, at)]
        weights = values / np.exp(values - 1) * self._lengths[pieces]
        order = np.argsort(texts[loud := self._loud[pieces]], kind="stable")
        pieces, weights, texts = (part[loud][order] for part in (pieces, weights, texts))
        starts = np.searchsorted(texts, np.arange(count + 1))
        sizes = np.minimum(np.diff(starts), MOST)
        by_size = np.argsort(-sizes, kind="stable")
        found = [
            self._read(pieces, weights, starts[some], sizes[some])
            for some in np.split(by_size, range(_AT_ONCE, count, _AT_ONCE))
        ]
        return torch.cat(found)[torch.from_numpy(np.argsort(by_size))]

    def _read(self, pieces: NDArray[np.int32], weights: Floats, starts: Ints, sizes: Ints) -> torch.Tensor:
        where = starts[:, None] + np.arange(max(1, int(sizes.max())))
        held = np.arange(where.shape[1]) < sizes[:, None]
        where = np.where(held, where, 0)
        shares = torch.from_numpy(np.where(held, weights[where], 0).astype(np.float32))
        rows = self.rows[torch.from_numpy(pieces[where])] * (shares > 0)[..., None]
        return self.reader(rows, shares)

    def contrast(self, pieces: NDArray[np.int32], places: Places, recipe: Recipe) -> torch.Tensor:
        """Return what pairs of views cost, the mean of the prefixes."""
        first, second = self.vectors(pieces, places.texts, places.count).chunk(2)
        costs = [softmax(first[:, :w], second[:, :w], self._sharpness, None) for w in recipe.prefixes]
        return torch.stack(costs).mean()


class ContextualRows:
    """An encoder that reads texts in order."""

    def __init__(self, model: Contextual, vocabulary: Sequence[str]) -> None:
        self._model, self._cut = model, Pieces(vocabulary)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dimension) rows of length 1; zeros for an empty text."""
        return in_parts(texts, self._vectors, self._model.rows.shape[1])

    def _vectors(self, texts: Sequence[str]) -> Floats:
        with torch.no_grad():
            return np.asarray(self._model.vectors(*tokens(self._cut, texts), len(texts)).numpy())


class Path:
    """A decoder that walks from a text's vector to the piece at a place, by two maps as the place's bits say."""

    def __init__(self, pieces: int, d: int) -> None:
        self.left, self.right, self.words = _matrix(d, d), _matrix(d, d), torch.nn.Parameter(torch.zeros(pieces, d))
        self.parameters = [self.left, self.right, self.words]

    def __call__(self, vectors: torch.Tensor, places: Ints) -> torch.Tensor:
        """Return (n, d) states at places, one for each vector."""
        for bit in range((MOST - 1).bit_length() - 1, -1, -1):
            right = torch.from_numpy((places >> bit & 1).astype(np.float32))[:, None]
            vectors = normalize(vectors, dim=1)
            vectors = vectors + right * gelu(vectors @ self.right) + (1 - right) * gelu(vectors @ self.left)
        return vectors
