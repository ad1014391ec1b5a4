"""A tiny real snapshot of papers on four subjects, with an encoder that knows which words mean the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import Encoder
from broadsheet.index import Entry
from broadsheet.index.build import Builder
from broadsheet.index.snapshot import open_current
from broadsheet.rank import View
from broadsheet.records import Author, Paper
from broadsheet.text.tokens import terms

_MEANINGS = ("felin cat kitten", "dog hound puppy", "protein fold enzym", "galaxi star telescop")
_SUBJECTS = (
    ("Cats at night", "A study of sleep. Kittens hunt at night."),
    ("Dogs and their owners", "Every dog has a puppy phase. Owners walk."),
    ("Protein folding", "How an enzyme folds, slowly."),
    ("Galaxies far away", "A telescope sees stars and old galaxies."),
)


class Meanings:
    """An encoder of four dimensions, one a subject, and a little of a fifth that tells texts apart."""

    name, id, dimension = "meanings", "meanings-1", 8
    prefixes: tuple[int, ...] = (8,)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, 8) rows of length 1; zeros for a text about none of the subjects."""
        vectors = np.zeros((len(texts), 8), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for term in terms(text):
                vector[:4] += [term in meaning.split() for meaning in _MEANINGS]
            if vector.any():
                vector[4 + len(text) % 4] += 0.2
            vector /= max(float(np.sqrt(vector @ vector)), 1e-9)
        return vectors


def paper(key: int) -> Paper:
    """Return a paper; its subject goes by its key."""
    title, text = _SUBJECTS[key % 4]
    return Paper(
        key=key,
        id=f"bs:{key}",
        identifiers=(f"bs:{key}",),
        title=f"{title} {'again ' * (key // 4)}",
        abstract=text,
        authors=(Author("Ada Hound" if key == 9 else f"Ada A{key}"),),
        date=f"20{10 + key:02}-05-01",
        venue=("Zoo", "ACL", None)[key % 3],
        categories=("q-bio", "astro-ph")[: key % 3],
    )


class Others(Meanings):
    """Another edition of the same encoder."""

    id = "meanings-2"


def view(folder: Path, papers: int = 16, *, opened_with: Encoder | None = None) -> View:
    """Return a view of the first papers, 1 to n."""
    with Builder(folder, Meanings(), processes=0) as builder:
        builder.add([Entry.of(paper(key)) for key in range(1, papers + 1)])
        builder.publish(1)
    return View(open_current(folder, lambda _: opened_with or Meanings()), datetime(2026, 11, 21, tzinfo=UTC))
