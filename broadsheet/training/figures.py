"""What an encoder finds alone: `python -m broadsheet.training.figures --collections ../shared/collections`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import ir_measures
import numpy as np
import orjson
from ir_measures import R, nDCG

from broadsheet import encode
from broadsheet.encode import Encoder
from broadsheet.encode.static import Static

COLLECTIONS = ("scifact", "nfcorpus_tokenised", "cranfield", "cisi", "cacm", "medline1033", "npl_vaswani")
MEASURES = (nDCG @ 10, R @ 100)
_DEPTH = 100


def judgements(path: Path) -> Iterator[ir_measures.Qrel]:
    """Yield the lines of a file "query, paper, score"; the heading is left out."""
    for line in path.read_text(encoding="utf-8").splitlines():
        query, paper, score = line.split("\t")
        if score.strip().isdigit():
            yield ir_measures.Qrel(query, paper, int(score))


def answers(encoder: Encoder, folder: Path, width: int) -> Iterator[ir_measures.ScoredDoc]:
    """Yield the 100 nearest papers of each query of a collection, by exact cosine at a width."""
    papers = [orjson.loads(line) for line in (folder / "corpus.jsonl").open("rb")]
    queries = [orjson.loads(line) for line in (folder / "queries.jsonl").open("rb")]
    texts = [encode.paper_text(paper.get("title") or "", paper.get("text") or "") for paper in papers]
    rows = encoder.encode(texts)[:, :width]
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    for query, vector in zip(queries, encoder.encode([query["text"] for query in queries]), strict=True):
        scores = rows @ vector[:width]
        for row in np.argsort(-scores, kind="stable")[:_DEPTH]:
            yield ir_measures.ScoredDoc(query["id"], papers[row]["id"], float(scores[row]))


def figures(encoder: Encoder, folder: Path, width: int) -> list[float]:
    """Return the means of MEASURES over the judged queries of a collection."""
    judged = list(judgements(folder / "qrels.tsv"))
    found = ir_measures.calc_aggregate(MEASURES, judged, answers(encoder, folder, width))
    return [float(found[measure]) for measure in MEASURES]


def main() -> None:
    """Print one line a collection and width."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collections", type=Path, required=True)
    parser.add_argument("--encoder", default="static", help="a name as in the settings, or a weights file")
    chosen = parser.parse_args()
    encoder = Static(Path(chosen.encoder)) if Path(chosen.encoder).is_file() else encode.load(chosen.encoder)
    for width in encoder.prefixes:
        rows = [figures(encoder, chosen.collections / name, width) for name in COLLECTIONS]
        for name, row in zip((*COLLECTIONS, "mean"), [*rows, np.mean(rows, axis=0)], strict=True):
            print(f"{encoder.id} {width:4} {name:20} nDCG@10 {row[0]:.4f} R@100 {row[1]:.4f}", flush=True)


if __name__ == "__main__":
    main()
