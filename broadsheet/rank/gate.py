"""The gate: how much words, meaning and what else is known of a paper count, decided for each query and paper.

It looks at the query (length, rarity of its words), at the shapes of the two lists and what they share, and at the
evidence of each paper, and adds what trees learned from those to the fixed blend of words and meaning (deep fusion).
What serves a query is also what logs its features for training.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.query import Query
from broadsheet.rank.evidence import Asked, Evidence
from broadsheet.rank.pipeline import Stage
from broadsheet.rank.ranking import Column, Ranking, View, normalised
from broadsheet.rank.trees import Trees

LEARNED = Path(__file__).parent / "data" / "gate.json"
_CHANNELS = ("lexical", "dense", "refined")
_AS_THEY_ARE = ("bm25_long", "covered", "rarest_three", "title", "title_words", "pairs", "first_place")
_DAMPED = 20  # places of a list before its reciprocals fall


class Gate(Stage):
    """Orders the best rows anew: by blended score plus `weight` x what the trees say, both of one spread."""

    def __init__(self, best: int, weight: float) -> None:
        self.best, self.weight = best, weight

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        if len(ranking) < 2:
            return ranking
        top = ranking.cut(0, self.best)
        _, features = described(query, ranking, view, self.best)
        learned = np.float32(self.weight * top.scores.std()) * standard(learned_trees().scores(features))
        scores = np.concatenate([top.scores + learned, ranking.scores[len(top) :]])
        first, rest = scores[: len(top)], scores[len(top) :]
        rest -= max(0.0, float(rest.max(initial=-np.inf) - first.min()))  # those that it has not seen stay behind
        return ranking.scored(scores, view, {**ranking.shares, "evidence": scores - ranking.scores})

    def __repr__(self) -> str:
        return f"Gate(best={self.best!r}, weight={self.weight!r})"


@cache
def learned_trees() -> Trees:
    """Return the trees that ship with the program; `python -m broadsheet.training.gate` makes them."""
    return Trees.read(LEARNED)


def described(query: Query, ranking: Ranking, view: View, best: int) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Return the names and the (n, f) features of a ranking's best rows: of the query, of the lists, of each paper.

    A name ending in `~` is a feature brought to mean 0 and spread 1 among the rows.
    """
    top, asked = ranking.cut(0, best), Asked.of(query, view.snapshot)
    own = {"blend": top.scores, **{name: top.features[name] for name in _CHANNELS}}
    places = {f"{name}_place": _reciprocal(ranking.features[name])[: len(top)] for name in ("lexical", "dense")}
    share = {f"{name}_share": normalised(ranking.features[name])[: len(top)] for name in _CHANNELS}
    evidence = Evidence(asked, view.snapshot, top.rows).columns()
    among = {f"{name}~": standard(column) for name, column in {**own, **places, **share, **evidence}.items()}
    plain = {"dense": own["dense"], "refined": own["refined"], **places, **share}
    plain |= {name: evidence[name] for name in _AS_THEY_ARE}
    whole = {**_of_query(asked, ranking, view), **_of_lists(ranking)}
    columns = [*among.values(), *plain.values(), *(np.full(len(top), value) for value in whole.values())]
    return (*among, *plain, *whole), np.stack(columns, axis=1).astype(np.float32)


def standard(column: Column) -> Column:
    """Return a column with mean 0 and spread 1; zeros where all are equal."""
    spread = float(column.std())
    return (column - column.mean()) / np.float32(spread) if spread > 1e-6 else np.zeros(len(column), np.float32)


def _of_query(asked: Asked, ranking: Ranking, view: View) -> dict[str, float]:
    papers, rarity = view.snapshot.rows, asked.rarity
    return {
        "query_words": float(np.log1p(len(rarity))),
        "query_length": float(np.log1p((asked.weights / np.maximum(rarity, 1e-6)).sum())),
        "query_rarest": float(rarity.max(initial=0)) / float(np.log(papers + 2)),
        "query_rarity": float(rarity.mean()) / float(np.log(papers + 2)) if len(rarity) else 0.0,
        "query_unknown": 1 - float(asked.known.mean()) if len(rarity) else 1.0,
        "query_found": float(np.log((max(ranking.total, 0) + 1) / (papers + 1))),
    }


def _of_lists(ranking: Ranking) -> dict[str, float]:
    """Return what the two lists share, and how they fall from their first to their twentieth and hundredth paper."""
    words, meaning = ranking.features["lexical"], ranking.features["dense"]
    place, other = _place(words), _place(meaning)
    by_words, by_meaning = np.sort(words)[::-1], np.sort(meaning)[::-1]
    highest = max(float(by_words[0]), 1e-6)
    return {
        "shared_20": float(((place < 20) & (other < 20)).sum()) / 20,
        "shared_100": float(((place < 100) & (other < 100)).sum()) / 100,
        "words_gap": float(by_words[0] - by_words[:20].mean()) / highest,
        "words_fall": float(by_words[0] - by_words[:100].min()) / highest,
        "meaning_best": float(by_meaning[0]),
        "meaning_gap": float(by_meaning[0] - by_meaning[:20].mean()),
        "meaning_fall": float(by_meaning[0] - by_meaning[:100].min()),
        "pool": float(np.log(len(words))),
    }


def _place(column: Column) -> NDArray[np.intp]:
    order = np.argsort(-column, kind="stable")
    places = np.empty(len(order), np.intp)
    places[order] = np.arange(len(order))
    return places


def _reciprocal(column: Column) -> Column:
    return (1 / (_DAMPED + _place(column))).astype(np.float32)
