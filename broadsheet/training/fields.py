"""Fields of papers fused into one vector, any of which may be missing (row 57)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import normalize

from broadsheet.encode.pieces import Pieces
from broadsheet.training.corpus import Corpus
from broadsheet.training.fusion import Fused, Parts
from broadsheet.training.model import known_item
from broadsheet.training.reading import tokens
from broadsheet.training.recipe import Recipe
from broadsheet.training.views import Places, Views, bags

Ints = NDArray[np.int64]
QUERY, TITLE, ABSTRACT, GROUP, AUTHORS = range(5)
_BEGIN = (0.0, 0.0, 0.7, -1.5, -2.0)  # logarithms of what each kind counts at first
_SHOWN = {
    "title": (QUERY, TITLE),
    "title, category or venue": (QUERY, TITLE, GROUP),
    "title, category or venue, authors": (QUERY, TITLE, GROUP, AUTHORS),
    "everything": (QUERY, TITLE, ABSTRACT, GROUP, AUTHORS),
}


class Fields:
    """Title, abstract, category or venue and authors, each of length 1, summed by what its kind counts.

    In training the abstract, the category and the authors of a paper are each missing by the chance `dropout`
    (after MICDrop, Yang et al., 2024), so that what is left is found as well.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.counts = torch.nn.Parameter(torch.tensor(_BEGIN))
        self.parameters = [self.counts]
        self._dropout = recipe.numbers["dropout"]
        self._random = np.random.default_rng(recipe.seed)

    def __call__(self, vectors: torch.Tensor, parts: Parts) -> torch.Tensor:
        """Return the fused vectors of texts."""
        weights = self.counts.exp()[torch.from_numpy(parts.kinds)]
        units = normalize(vectors, dim=1) * weights[:, None]
        return units.new_zeros(parts.count, units.shape[1]).index_add(0, torch.from_numpy(parts.texts), units)

    def divided(self, papers: Corpus, places: Places) -> Parts:
        """Return first views as they are, and the fields of the second ones, some of them dropped."""
        pieces, texts, kinds = _in_fields(papers, places)
        titled = np.zeros(places.count, bool)
        titled[texts[kinds == TITLE]] = True
        lost = self._random.random((places.count, len(_BEGIN))) < self._dropout
        lost[:, [QUERY, TITLE]] = False
        lost[~titled, ABSTRACT] = False
        return _parts(pieces, texts, kinds, places.count, ~lost[texts, kinds])

    def shown(self, papers: Corpus, places: Places, kinds: Sequence[int]) -> Parts:
        """Return the fields of these kinds alone."""
        pieces, texts, of = _in_fields(papers, places)
        return _parts(pieces, texts, of, places.count, np.isin(of, kinds))

    def read(self, cut: Pieces, texts: Sequence[str]) -> Parts:
        """Return titles and abstracts of papers, which have a line break between them, and queries."""
        lines = [text.split("\n", 1) for text in texts]
        pieces, number = tokens(cut, [line for of in lines for line in of])
        kinds = np.concatenate([(QUERY,) if len(of) == 1 else (TITLE, ABSTRACT) for of in lines])
        text = np.repeat(np.arange(len(texts)), [len(of) for of in lines])
        return _parts(pieces, text[number], kinds[number], len(texts), np.ones(len(pieces), bool))


def rows(papers: Corpus) -> Ints:
    """Return how often each row occurs: pieces, then categories and venues, then the authors' buckets."""
    return np.concatenate((papers.counts(), np.bincount(papers.groups), np.bincount(papers.authors)))


def _in_fields(papers: Corpus, places: Places) -> tuple[NDArray[np.int32], Ints, Ints]:
    """Return the rows of texts, the text and the kind of each; the second half of the texts have labels."""
    paper = np.searchsorted(papers.starts, places.where, side="right") - 1
    kinds = np.where(places.where < papers.title_ends[paper], TITLE, ABSTRACT)
    kinds[places.texts < places.count // 2] = QUERY
    of_text = np.zeros(places.count, np.int64)
    of_text[places.texts] = paper
    second = np.arange(places.count // 2, places.count)
    base = len(papers.vocabulary)
    groups = base + papers.groups[of_text[second]]
    sizes = np.diff(papers.author_starts)[of_text[second]]
    first = np.repeat(papers.author_starts[of_text[second]] - np.cumsum(sizes) + sizes, sizes)
    authors = base + papers.groups.max() + 1 + papers.authors[first + np.arange(sizes.sum())]
    return (
        np.concatenate((papers.tokens[places.where], groups, authors)).astype(np.int32),
        np.concatenate((places.texts, second, np.repeat(second, sizes))),
        np.concatenate((kinds, np.full(len(second), GROUP), np.full(len(authors), AUTHORS))),
    )


def _parts(pieces: NDArray[np.int32], texts: Ints, kinds: Ints, count: int, kept: NDArray[np.bool_]) -> Parts:
    keys, part = np.unique(texts[kept] << 8 | kinds[kept], return_inverse=True)
    return Parts(bags(pieces[kept], part, len(keys)), keys >> 8, keys & 0xFF, count)


def sentences_for_papers(model: Fused, fields: Fields, papers: Corpus, chosen: Ints) -> dict[str, float]:
    """Return the mean reciprocal rank of a sentence's own paper, of which these fields are known."""
    places = Views(papers, {"sentence": 1.0}, 0.0, seed=1).places(chosen)
    found = {}
    for name, kinds in _SHOWN.items():
        parts = fields.shown(papers, places, kinds)
        with torch.no_grad():
            found[name] = known_item(fields(model.encode(parts.bags), parts))
    return found
