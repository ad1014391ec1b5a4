"""Several vectors a paper as evidence for the gate (METHODS row 1): its title's and those of its sentences.

Exact vectors, which are the most that codes of them could give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.evaluation.collections import Collection, title_and_text
from broadsheet.text.sentences import sentences

NAMES = ("title_cosine", "sentence_cosine", "two_best_cosine")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Parts:
    """The vectors of each paper's title and sentences, by the paper's name."""

    vectors: Mapping[str, Floats]

    @classmethod
    def of(cls, collection: Collection, wanted: set[str]) -> Parts:
        """Return the parts of some papers of a collection."""
        held = {str(p["id"]): title_and_text(p) for p in collection.papers() if str(p["id"]) in wanted}
        parts = {name: [title, *sentences(text)] for name, (title, text) in held.items()}
        vectors = encode.load().encode([part for own in parts.values() for part in own])
        edges = np.cumsum([0, *map(len, parts.values())])
        return cls({name: vectors[a:b] for name, (a, b) in zip(parts, pairwise(edges.tolist()), strict=True)})

    def near(self, query: str, papers: list[str]) -> Floats:
        """Return (papers, 3): the cosine of a query with the title, the best sentence, the mean of the two best parts.

        A paper without sentences has the title's for all.
        """
        asked = encode.load().encode([query])[0]
        cosines = (self.vectors[paper] @ asked for paper in papers)
        found = [
            (own[0], own[1:].max(initial=own[0] if len(own) < 2 else -1), np.sort(own)[-2:].mean()) for own in cosines
        ]
        return np.array(found, np.float32).reshape(-1, len(NAMES))
