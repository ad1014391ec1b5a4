"""The gate: how much words, meaning and what else is known of a paper count, decided for each query and paper.

It looks at the query (length, rarity of its words), at the shapes of the two lists and what they share, and at the
evidence of each paper, and adds what trees learned from those to the fixed blend of words and meaning (deep fusion).
What serves a query is also what logs its features for training.
"""

from __future__ import annotations

from collections.abc import Mapping
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
_CHANNELS = ("lexical", "dense")
_AS_THEY_ARE = ("bm25_long", "covered", "rarest_three", "title", "title_words", "pairs", "first_place")
_DAMPED = 20  # places of a list before its reciprocals fall

Places = NDArray[np.intp]


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
    order = {name: np.argsort(-ranking.features[name], kind="stable") for name in ("lexical", "dense")}
    place = {name: _place(found) for name, found in order.items()}
    places = {f"{name}_place": _reciprocal(found[: len(top)]) for name, found in place.items()}
    share = {f"{name}_share": normalised(ranking.features[name])[: len(top)] for name in _CHANNELS}
    evidence = Evidence(asked, view.snapshot, top.rows).columns()
    among = {**own, **places, **share, **evidence}
    plain = {"dense": own["dense"], **places, **share}
    plain |= {name: evidence[name] for name in _AS_THEY_ARE}
    whole = {**_of_query(asked, ranking, view), **_of_lists(ranking, order, place)}
    described = np.empty((len(among) + len(plain) + len(whole), len(top)), np.float32)
    described[: len(among)] = standard(np.stack(list(among.values()), dtype=np.float32))
    described[len(among) : -len(whole)] = list(plain.values())
    described[-len(whole) :] = np.array(list(whole.values()))[:, None]
    return (*(f"{name}~" for name in among), *plain, *whole), np.ascontiguousarray(described.T)


def standard(columns: Column) -> Column:
    """Return one column, or one a row, with mean 0 and spread 1; zeros where all are equal."""
    spread = columns.std(axis=-1, keepdims=True)
    centred = columns - columns.mean(axis=-1, keepdims=True)
    return np.asarray(np.divide(centred, spread, out=np.zeros_like(columns), where=spread > 1e-6), np.float32)


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


def _of_lists(ranking: Ranking, order: Mapping[str, Places], places: Mapping[str, Places]) -> dict[str, float]:
    """Return what the two lists share, and how they fall from their first to their twentieth and hundredth paper."""
    place, other = places["lexical"], places["dense"]
    by_words, by_meaning = (ranking.features[name][order[name]] for name in ("lexical", "dense"))
    highest = max(float(by_words[0]), 1e-6)
    return {
        "shared_20": float(((place < 20) & (other < 20)).sum()) / 20,
        "shared_100": float(((place < 100) & (other < 100)).sum()) / 100,
        "words_gap": float(by_words[0] - by_words[:20].mean()) / highest,
        "words_fall": float(by_words[0] - by_words[:100].min()) / highest,
        "meaning_best": float(by_meaning[0]),
        "meaning_gap": float(by_meaning[0] - by_meaning[:20].mean()),
        "meaning_fall": float(by_meaning[0] - by_meaning[:100].min()),
        "pool": float(np.log(len(place))),
    }


def _place(order: Places) -> Places:
    places = np.empty(len(order), np.intp)
    places[order] = np.arange(len(order))
    return places


def _reciprocal(places: Places) -> Column:
    return (1 / (_DAMPED + places)).astype(np.float32)
