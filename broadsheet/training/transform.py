"""Old vectors carried into a new encoder's space (METHODS row 35): `python -m broadsheet.training.transform`.

A store that changes its encoder may map the vectors it has instead of encoding every paper again. The map is learnt
from papers that both encoders have encoded, as a rotation (Procrustes) or as any linear map (ridge).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import ScoredDoc, nDCG
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.encode.static import SHIPPED, Static
from broadsheet.evaluation.collections import Collection, find, title_and_text
from broadsheet.training import corpus
from broadsheet.training.alone import DEVELOPMENT

_EVERY = 19  # of the papers, one in nineteen is learnt from
_RIDGE = 1e-2
_DEPTH = 100

Floats = NDArray[np.float32]


def rotation(old: Floats, new: Floats) -> Floats:
    """Return the (d, d) rotation that brings (n, d) vectors nearest to others (Schönemann, 1966)."""
    left, _, right = np.linalg.svd(old.T @ new)
    return np.asarray(left @ right, np.float32)


def linear(old: Floats, new: Floats) -> Floats:
    """Return the (d, e) linear map of least squares from (n, d) vectors to (n, e) others, a little regularised."""
    square = old.T @ old
    damped = square + _RIDGE * np.trace(square) / len(square) * np.eye(len(square), dtype=np.float32)
    return np.asarray(np.linalg.solve(damped, old.T @ new), np.float32)


MAPS: dict[str, Callable[[Floats, Floats], Floats]] = {"rotation": rotation, "linear": linear}


def carried(vectors: Floats, along: Floats) -> Floats:
    """Return (n, d) vectors mapped and of length 1 again."""
    mapped: Floats = vectors @ along
    mapped /= np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return mapped


def quality(collection: Collection, papers: Floats, questions: Floats) -> float:
    """Return nDCG@10 of exact cosine between papers' and questions' vectors."""
    ids = [str(paper["id"]) for paper in collection.papers()]
    asked = collection.questions()
    found = (
        ScoredDoc(question.id, ids[row], float(scores[row]))
        for question, scores in zip(asked, questions @ papers.T, strict=True)
        for row in np.argsort(-scores, kind="stable")[:_DEPTH]
    )
    return float(ir_measures.calc_aggregate([nDCG @ 10], collection.judgements(), found)[nDCG @ 10])


def measured(old: Static, new: Static, maps: dict[str, Floats]) -> dict[str, list[float]]:
    """Return for each way to have papers' vectors the nDCG@10 of the new encoder's queries on development data."""
    found: dict[str, list[float]] = {}
    for name, split in DEVELOPMENT:
        collection = find(name, split)
        texts = [encode.paper_text(*title_and_text(paper)) for paper in collection.papers()]
        before, after = old.encode(texts), new.encode(texts)
        asked = [question.text for question in collection.questions()]
        questions = new.encode(asked)
        ways = {"old papers, old queries": before, "new papers, new queries": after}
        ways |= {f"{way}, new queries": carried(before, along) for way, along in maps.items()}
        for way, papers in ways.items():
            own = old.encode(asked) if papers is before else questions
            found.setdefault(way, []).append(quality(collection, papers, own))
    return found


def main() -> None:
    """Learn the maps and measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--old", type=Path, default=SHIPPED, help="the weights that the stored vectors are of")
    parser.add_argument("--new", type=Path, required=True, help="the weights that take their place")
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    chosen = parser.parse_args()
    old, new = Static(chosen.old), Static(chosen.new)
    records = islice(corpus.records(corpus.files(chosen.data), chosen.limit), 0, None, _EVERY)
    texts = [encode.paper_text(record["title"], record["abstract"]) for record in records]
    began = time.process_time()
    after = new.encode(texts)
    encoding = time.process_time() - began
    before = old.encode(texts)
    began = time.process_time()
    maps = {name: make(before, after) for name, make in MAPS.items()}
    learning = time.process_time() - began
    began = time.process_time()
    carried(before, maps["linear"])
    mapping = time.process_time() - began
    each = 1e6 / len(texts)
    print(f"{len(texts)} papers learnt from in {learning:.1f} s")
    print(f"CPU seconds for a million papers: encoding {encoding * each:.0f}, mapping {mapping * each:.1f}")
    for way, values in measured(old, new, maps).items():
        print(f"{way:26} {' '.join(f'{value:.4f}' for value in values)}  mean {np.mean(values):.4f}")


if __name__ == "__main__":
    main()
