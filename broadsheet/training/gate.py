"""How the gate of `broadsheet.rank` was learned, from queries whose answers are known.

The queries are those of `broadsheet.training.queries`, and of scifact train and nfcorpus dev. The code that serves
queries computes the features of each query's best papers; LightGBM (Ke et al., 2017) learns trees from them by a
listwise loss (XE-NDCG, Bruch, 2021). `--check` leaves out one collection after another and says what the trees of the
others make of it; with `--parts` once more where vectors of title and sentences are evidence, too.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

import broadsheet
from broadsheet.evaluation.collections import Collection, Shelf, indexed
from broadsheet.evaluation.measures import measured, parsed
from broadsheet.query import plain
from broadsheet.rank import Ranking, View, understood
from broadsheet.rank.gate import LEARNED, described, standard
from broadsheet.rank.profiles import BEST, BLENDED, GATE_WEIGHT
from broadsheet.rank.trees import Trees
from broadsheet.training import queries
from broadsheet.training.parts import NAMES, Parts

# People's judgements and multiple answers count more than the one paper that a sentence was taken from.
_WEIGHTS = {
    "cites": 2,
    "examples": 1.5,
    "keywords": 1.5,
    "topics": 1.5,
    "scifact": 2,
    "nfcorpus_tokenised": 2,
    "halves": 0.5,
}
_MOST = 250  # queries of a collection
_NEVER_AGAINST = ("blend~", "lexical~", "dense~")  # more of these never puts a paper lower: other collections differ
_ROUNDS, _DEPTH = 60, 5
_PARAMETERS = {
    "objective": "rank_xendcg",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "max_depth": _DEPTH,
    "max_bin": 63,
    "min_data_in_leaf": 300,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 20,
    "num_threads": 1,
    "seed": 1,
    "deterministic": True,
    "verbose": -1,
}


@dataclass(frozen=True, slots=True)
class Logged:
    """One query: its (n, f) features, blended scores, papers and their grades, best first."""

    query: str
    features: NDArray[np.float32]
    blend: NDArray[np.float32]
    papers: list[str]
    grades: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Log:
    """The logged queries of a collection."""

    collection: Collection
    names: tuple[str, ...]
    queries: list[Logged]

    @property
    def name(self) -> str:
        """The collection's."""
        return self.collection.name

    def answered(self) -> list[Logged]:
        """Return the queries that can be learned from: an answer is among their papers."""
        return [query for query in self.queries if query.grades.any()]


def logged(collection: Collection, now: datetime) -> Log:
    """Return the queries of a collection as the gate sees them."""
    shelf, judged = indexed(collection), collection.judgements()
    names: list[tuple[str, ...]] = []
    found = []
    for question in islice((q for q in collection.questions() if q.id in judged), _MOST):
        view = View(shelf.snapshot, now)
        query, _ = understood(plain(question.text), view)
        ranking = BLENDED(query, Ranking.empty(), view)
        if "lexical" in ranking.features and len(ranking) > 1:
            own, features = described(query, ranking, view, BEST)
            names.append(own)
            found.append(
                _joined(question.id, question.paper, features, ranking.cut(0, BEST), shelf, judged[question.id])
            )
    print(f"{collection.name}: {len(found)} queries", flush=True)
    return Log(collection, names[0], found)


def _joined(
    query: str,
    made_from: str | None,
    features: NDArray[np.float32],
    ranking: Ranking,
    shelf: Shelf,
    judged: Mapping[str, int],
) -> Logged:
    papers = [shelf.ids[key] for key in shelf.snapshot.keys[ranking.rows]]
    other = np.array([paper != made_from for paper in papers])
    grades = np.array([max(judged.get(paper, 0), 0) for paper in papers], np.float32)
    kept = [paper for paper in papers if paper != made_from]
    return Logged(query, features[other], ranking.scores[other], kept, grades[other])


def fit(logs: Sequence[Log]) -> Trees:
    """Return the trees that order the papers of these queries best."""
    answered = [(log, query) for log in logs for query in log.answered()]
    counts = {log.name: len(log.answered()) for log in logs}
    data = lightgbm.Dataset(
        np.concatenate([query.features for _, query in answered]),
        np.minimum(np.concatenate([query.grades for _, query in answered]), 3),
        group=[len(query.papers) for _, query in answered],
        weight=np.concatenate(
            [np.full(len(q.papers), _WEIGHTS.get(log.name, 1.0) * _MOST / counts[log.name]) for log, q in answered]
        ),
    )
    monotone = [int(name in _NEVER_AGAINST) for name in logs[0].names]
    parameters = {**_PARAMETERS, "monotone_constraints": monotone}
    return flat(lightgbm.train(parameters, data, _ROUNDS).dump_model(), logs[0].names)


def flat(model: Mapping[str, Any], names: tuple[str, ...]) -> Trees:
    """Return LightGBM's trees as flat arrays."""
    nodes: list[tuple[int, float, int, int, float]] = []

    def add(node: Mapping[str, Any]) -> int:
        place = len(nodes)
        nodes.append((0, 0.0, place, place, float(node.get("leaf_value", 0.0))))
        if "split_feature" in node:
            left, right = add(node["left_child"]), add(node["right_child"])
            nodes[place] = (int(node["split_feature"]), float(node["threshold"]), left, right, 0.0)
        return place

    roots = [add(tree["tree_structure"]) for tree in model["tree_info"]]
    column, threshold, left, right, value = zip(*nodes, strict=True)
    whole = [np.array(part, np.int32) for part in (roots, column, left, right)]
    return Trees(names, whole[0], whole[1], np.array(threshold), whole[2], whole[3], np.array(value), _DEPTH)


def _order(query: Logged, trees: Trees | None) -> list[str]:
    scores = (
        query.blend if trees is None else standard(query.blend) + GATE_WEIGHT * standard(trees.scores(query.features))
    )
    return [query.papers[place] for place in np.argsort(-scores, kind="stable")]


def quality(log: Log, trees: Trees | None) -> float:
    """Return the mean nDCG@10 of a log's queries, as blended or with trees."""
    found = {query.query: _order(query, trees) for query in log.queries}
    values = measured(log.collection.judgements(), found, parsed(["nDCG@10"]))["nDCG@10"]
    return float(np.mean(list(values.values())))


def left_out(logs: Sequence[Log]) -> Iterator[tuple[str, float, float]]:
    """Yield each collection with its nDCG@10 as blended and with the trees of all others."""
    for log in logs:
        yield log.name, quality(log, None), quality(log, fit([other for other in logs if other is not log]))


def with_parts(log: Log) -> Log:
    """Return a log with what the title and the sentences of each paper are as vectors of their own."""
    parts = Parts.of(log.collection, {paper for query in log.queries for paper in query.papers})
    texts = {question.id: question.text for question in log.collection.questions()}
    more = []
    for query in log.queries:
        near = parts.near(texts[query.query], query.papers)
        features = np.concatenate([query.features, near, standard(near.T).T], axis=1)
        more.append(replace(query, features=np.ascontiguousarray(features)))
    return replace(log, names=(*log.names, *NAMES, *(f"{name}~" for name in NAMES)), queries=more)


def _check(logs: Sequence[Log], of: str) -> None:
    values = []
    for name, before, after in left_out(logs):
        values.append((before, after))
        print(f"{name:20} blended {before:.4f}, with the trees of the others {after:.4f}{of}", flush=True)
    before, after = np.mean(values, axis=0)
    print(f"{'mean':20} blended {before:.4f}, with the trees of the others {after:.4f}{of}")


def main() -> None:
    """Learn as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--collections", type=Path, required=True, help="folder with the test collections")
    parser.add_argument("--work", type=Path, required=True, help="folder for the collections that are made")
    parser.add_argument("--out", type=Path, default=LEARNED, help="the file of trees")
    parser.add_argument("--check", action="store_true", help="only leave out one collection after another")
    parser.add_argument("--parts", action="store_true", help="with --check: once more with vectors of parts of papers")
    chosen = parser.parse_args()
    made = [Collection(folder) for folder in queries.make(chosen.papers, chosen.collections, chosen.work)]
    own = [
        Collection(chosen.collections / name, split)
        for name, split in (("scifact", "train"), ("nfcorpus_tokenised", "dev"))
    ]
    logs = [logged(collection, broadsheet.now()) for collection in (*made, *own)]
    if chosen.check:
        _check(logs, "")
        if chosen.parts:
            _check([with_parts(log) for log in logs], ", parts of papers too")
    else:
        chosen.out.write_text(json.dumps(fit(logs).plain()) + "\n", encoding="utf-8")
        print(f"{chosen.out}: {chosen.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
