"""Texts as parts whose vectors are fused into one: sentences (row 55) and fields (row 57)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize, softplus

from broadsheet.encode.pieces import Pieces
from broadsheet.encode.static import Static
from broadsheet.training import corpus
from broadsheet.training.corpus import Corpus
from broadsheet.training.model import Floats, Model, Start
from broadsheet.training.reading import in_parts, tokens
from broadsheet.training.recipe import Recipe
from broadsheet.training.views import Bags, Places, Views, bags

Ints = NDArray[np.int64]
WHOLE, SENTENCE = 0, 1


@dataclass(frozen=True, slots=True)
class Parts:
    """Bags that are parts of `count` texts: the text that each belongs to, and what kind of part it is."""

    bags: Bags
    texts: Ints
    kinds: Ints
    count: int


class Fusion(Protocol):
    """Makes one vector of the parts of each text."""

    parameters: list[torch.nn.Parameter]

    def __call__(self, vectors: torch.Tensor, parts: Parts) -> torch.Tensor:
        """Return (texts, d) vectors of the (parts, d) vectors of their parts."""

    def divided(self, papers: Corpus, places: Places) -> Parts:
        """Return the parts of texts that are positions of a corpus."""

    def read(self, cut: Pieces, texts: Sequence[str]) -> Parts:
        """Return the parts of texts as they are encoded: papers have a line break after their titles."""


def parted(pieces: NDArray[np.int32], texts: Ints, part: Ints, count: int) -> Parts:
    """Return the wholes of texts, then their sentences, from the text and the sentence that each piece stands in."""
    keys, sentence = np.unique(texts << 32 | part, return_inverse=True)
    both, where = np.tile(pieces, 2), np.concatenate((texts, count + sentence))
    kinds = np.repeat((WHOLE, SENTENCE), (count, len(keys)))
    return Parts(bags(both, where, count + len(keys)), np.concatenate((np.arange(count), keys >> 32)), kinds, count)


class Orthogonal:
    """What sentences say beside the whole, their parts at right angles to it, joined to it (DOLG, Yang et al., 2021).

    A learned attention says how much each sentence counts. It begins as the whole alone.
    """

    def __init__(self, recipe: Recipe) -> None:
        d = recipe.dimension
        self.attention = torch.nn.Parameter(torch.zeros(d))
        self.projection = torch.nn.Parameter(torch.cat((torch.eye(d), torch.zeros(d, d))))
        self.parameters = [self.attention, self.projection]

    def __call__(self, vectors: torch.Tensor, parts: Parts) -> torch.Tensor:
        """Return the fused vectors of texts."""
        units, of = normalize(vectors, dim=1), torch.from_numpy(parts.texts[parts.count :])
        whole, local = units[: parts.count], units[parts.count :]
        along = whole[of]
        apart = local - (local * along).sum(1, keepdim=True) * along
        attention = softplus(local @ self.attention)[:, None]
        sums = torch.zeros_like(whole).index_add(0, of, attention * apart)
        shares = whole.new_zeros(parts.count, 1).index_add(0, of, attention)
        return torch.cat((whole, sums / shares.clamp(min=1e-9)), dim=1) @ self.projection

    def divided(self, papers: Corpus, places: Places) -> Parts:
        """Return wholes and sentences of texts of a corpus; what stands before the first sentence is one, the title."""
        sentence = np.searchsorted(papers.sentences, places.where, side="right")
        return parted(papers.tokens[places.where], places.texts, sentence, places.count)

    def read(self, cut: Pieces, texts: Sequence[str]) -> Parts:
        """Return wholes and sentences of texts."""
        sentences = [[one for line in text.split("\n") for one in corpus.sentences(line)] for text in texts]
        pieces, number = tokens(cut, [sentence for of in sentences for sentence in of])
        text = np.repeat(np.arange(len(texts)), [len(of) for of in sentences])
        return parted(pieces, text[number], number, len(texts))


class Fused(Model):
    """A table that learns together with a fusion of the parts of texts."""

    def __init__(self, begun: Start, recipe: Recipe, fusion: Fusion, papers: Corpus) -> None:
        self.fusion, self._papers = fusion, papers
        super().__init__(begun, recipe, fusion.parameters)

    def learn(self, views: Views, papers: Ints) -> float:
        """Learn from two views of each of some papers, and return the loss."""
        parts = self.fusion.divided(self._papers, views.places(papers))
        return self._descend(parts.bags, lambda vectors: self._loss(*self.fusion(vectors, parts).chunk(2)))

    def titles_and_abstracts(self, views: Views, papers: Ints) -> torch.Tensor:
        """Return the vectors of the titles of papers, then those of their abstracts."""
        parts = self.fusion.divided(self._papers, views.titles_and_abstracts(papers))
        with torch.no_grad():
            return self.fusion(self.encode(parts.bags), parts)


class FusedRows:
    """An encoder that fuses the parts of texts, with the rows of a weights file."""

    def __init__(self, path: Path, fusion: Fusion) -> None:
        self._table, self._fusion = Static(path), fusion
        self._cut = Pieces(self._table.vocabulary)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return (n, dimension) rows of length 1; zeros for an empty text."""
        return in_parts(texts, self._vectors, self._table.dimension)

    def _vectors(self, texts: Sequence[str]) -> Floats:
        parts = self._fusion.read(self._cut, texts)
        held = parts.bags
        rows = self._table.rows(held.pieces) * held.values[:, None]
        vectors = torch.zeros(len(parts.kinds), self._table.dimension)
        vectors.index_add_(0, torch.from_numpy(held.texts), torch.from_numpy(rows))
        with torch.no_grad():
            return np.asarray(self._fusion(vectors, parts).numpy())
