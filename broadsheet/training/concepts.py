"""Makes the concepts of an encoder: `python -m broadsheet.training.concepts --data ../shared/papers`.

A concept is a phrase of the corpus whose papers lie together: its direction is their mean (METHODS row 38). What
chooses among phrases, and the figures, are of papers that no direction was made of. `training.telling` comes next.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix

from broadsheet.encode import concepts as shipped
from broadsheet.encode.static import SHIPPED, Static
from broadsheet.training import corpus, naming, prototypes
from broadsheet.training.corpus import Corpus

Floats = NDArray[np.float32]
_EVERY = 9  # of the papers, one in nine is read
_PARTS, _SEEN, _LOOKED = 6, (0, 1, 2, 3), (4,)  # of six parts, four teach, one chooses, one is for the figures


def vectors_of(papers: Corpus, encoder: Static) -> Floats:
    """Return the (papers, d) vectors of a corpus of words, as the index would make them."""
    return encoder.encode_words([_words(papers, number) for number in range(len(papers))])


def _words(papers: Corpus, number: int) -> list[str]:
    return [papers.vocabulary[token] for token in papers.tokens[papers.starts[number] : papers.starts[number + 1]]]


def having(vectors: Floats, directions: Floats, least: Floats) -> csr_matrix:
    """Return which of (n, d) vectors have which concepts, (n, concepts) of 0 or 1, at most eight a vector."""
    found = shipped.Concepts("", (), directions, least).of(vectors)
    columns = np.concatenate([np.array(numbers, np.int64) for numbers in found])
    rows = np.repeat(np.arange(len(found)), [len(numbers) for numbers in found])
    return csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), (len(found), len(directions)))


def named(has: csr_matrix, concepts: csr_matrix) -> float:
    """Return how well its name tells the papers of a concept: the median area under the curve, n papers of each.

    The other way round than `auc`: given whether a paper has the phrase, does it have the concept?
    """
    own = np.arange(has.shape[1])
    return float(np.nanmedian(naming.predictions(naming.Phrases(has, own, own), own[:, None], concepts)))


def category_share(papers: Corpus, concepts: csr_matrix, mask: NDArray[np.bool_], arxiv: NDArray[np.bool_]) -> float:
    """Return how often the category that an unseen paper's concepts mostly stand for is its own: micro F1, arXiv."""
    groups = csr_matrix((np.ones(len(papers)), (np.arange(len(papers)), papers.groups)))
    learnt = mask & arxiv
    together = (concepts[learnt].T @ groups[learnt]).toarray()
    profile = together / np.maximum(together.sum(axis=1, keepdims=True), 1)
    unseen = ~mask & arxiv
    return float((np.asarray(concepts[unseen] @ profile).argmax(axis=1) == papers.groups[unseen]).mean())


def make(data: Path, weights: Path, out: Path, wanted: int, limit: int | None = None) -> dict[str, Any]:
    """Make concepts of the free files of a folder, write them, and return the figures, of papers that none was made of.

    Raises:
        InputError: the folder holds no file that may be trained on.
    """
    encoder = Static(weights)
    papers = corpus.read(islice(corpus.records(corpus.files(data), limit), 0, None, _EVERY))
    vectors, found = vectors_of(papers, encoder), naming.phrases(papers)
    seen, looked = (np.isin(np.arange(len(papers)) % _PARTS, part) for part in (_SEEN, _LOOKED))
    directions = prototypes.prototypes(found.has[seen], vectors[seen])
    areas = prototypes.telling(found.has[looked], vectors[looked], directions)
    chosen = prototypes.chosen(found, areas, directions, wanted)
    directions, has = directions[chosen], found.has[:, chosen]
    least = prototypes.least(has[seen], vectors[seen], directions)
    unseen = ~(seen | looked)
    concepts = having(vectors, directions, least)
    area = prototypes.telling(has[unseen], vectors[unseen], directions)
    figures = {
        "concepts": len(chosen),
        "alive": round(float((np.asarray(concepts[unseen].sum(axis=0)).ravel() > 0).mean()), 4),
        "auc": round(float(np.nanmedian(area)), 4),
        "named": round(named(has[unseen], concepts[unseen]), 4),
        "each": round(float(concepts[unseen].sum(axis=1).mean()), 2),
        "category_f1": round(category_share(papers, concepts, ~unseen, arxiv(papers)), 4),
        "papers": len(papers),
        "cpu_seconds": round(time.process_time()),
    }
    save(out, encoder.id, directions, least, naming.written(papers, found, chosen), figures)
    return figures


def arxiv(papers: Corpus) -> NDArray[np.bool_]:
    """Return which papers have a category of arXiv, and not a venue of the ACL Anthology."""
    return np.array(["." in name or "-" in name for name in papers.group_names])[papers.groups]


def save(path: Path, encoder: str, directions: Floats, least: Floats, names: list[str], figures: Any) -> None:
    """Write the file that `broadsheet.encode.concepts` reads, directions in 8 bits a number."""
    steps = np.abs(directions).max(axis=1, keepdims=True) / 127
    tensors = {
        "directions": np.rint(directions / steps).astype(np.int8),
        "least": least.astype(np.float32),
        "names": np.frombuffer("\n".join(names).encode(), np.uint8),
    }
    digest = hashlib.sha256(b"".join(tensor.tobytes() for tensor in tensors.values())).hexdigest()
    about = {"id": f"concepts-{len(names)}-{digest[:8]}", "encoder": encoder, "figures": json.dumps(figures)}
    save_file(tensors, path, {**about, "licence": "Apache-2.0"})


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--encoder", type=Path, default=SHIPPED, help="the weights file of the static encoder")
    parser.add_argument("--out", type=Path, default=shipped.SHIPPED, help="the safetensors file to write")
    parser.add_argument("--count", type=int, default=4_096, help="how many concepts at most")
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    chosen = parser.parse_args()
    print(json.dumps(make(chosen.data, chosen.encoder, chosen.out, chosen.count, chosen.limit)))


if __name__ == "__main__":
    main()
