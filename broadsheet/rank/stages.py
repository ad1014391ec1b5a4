"""The stages that profiles are made of: retrieval by words and by meaning, features, and their blend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from broadsheet.query import Query
from broadsheet.rank import trending
from broadsheet.rank.evidence import Asked, Evidence
from broadsheet.rank.pipeline import Stage
from broadsheet.rank.ranking import Column, Ranking, Rows, View, normalised
from broadsheet.rank.voted import by_votes


class Lexical(Stage):
    """Papers that have the query's words, by BM25, or in the order that the query asks for."""

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        found = view.snapshot.lexical.search(query, limit, view.snapshot.mask(query.filters))
        if query.sort == "votes":
            rows = by_votes(query, found, view, limit)
            return Ranking(rows, np.zeros(len(rows), np.float32), total=found.total)
        by_words = query.sort == "relevance" and any(not term.negative for term in query.terms)
        columns = {"lexical": found.scores} if by_words else {}
        return Ranking(found.rows, found.scores, columns, columns, total=found.total)

    def __repr__(self) -> str:
        return "Lexical()"


class Dense(Stage):
    """Papers near in meaning, by the cosine of their vector with that of the query's words."""

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        rows, scores = view.snapshot.dense.search(vector_of(query, view), limit, view.snapshot.mask(query.filters))
        return Ranking(rows, scores, {"dense": scores})

    def __repr__(self) -> str:
        return "Dense()"


class Features(Stage):
    """Completes the features of all rows: `lexical` (BM25) and `dense` (cosine); leaves out what the query forbids.

    The index that serves the query computes them, whichever channel a row came by.
    """

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        lexical = completed(ranking, "lexical", lambda rows: _word_scores(query, view, ranking, rows))
        vector = vector_of(query, view)
        dense = completed(ranking, "dense", lambda rows: view.snapshot.dense.cosines(rows, vector))
        total = ranking.total if ranking.total >= 0 else _count(query, view)
        whole = replace(ranking, features={**ranking.features, "lexical": lexical, "dense": dense}, total=total)
        if any(term.required or term.negative for term in query.terms):  # meaning alone cannot tell
            return whole.take(np.flatnonzero(lexical > 0))
        return whole

    def __repr__(self) -> str:
        return "Features()"


class Blend(Stage):
    """Orders rows by a weighted sum of their features, each brought to 0..1 over the rows (min-max)."""

    def __init__(self, **weights: float) -> None:
        self.weights = weights

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        shares = {
            name: np.float32(weight) * normalised(ranking.features[name]) for name, weight in self.weights.items()
        }
        scores = np.asarray(np.sum(list(shares.values()), axis=0), np.float32)
        return ranking.scored(scores, view, shares)

    def __repr__(self) -> str:
        return f"Blend({', '.join(f'{name}={weight!r}' for name, weight in self.weights.items())})"


class Trending(Stage):
    """Orders rows by how much they trend now; papers that stand in no edition come last, with a score of 0."""

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        keys = view.snapshot.keys[ranking.rows].tolist()
        known = view.attention(keys)
        scores = [trending.score(known[key], view.now) if key in known else 0.0 for key in keys]
        return ranking.scored(np.array(scores, np.float32), view)

    def __repr__(self) -> str:
        return "Trending()"


def vector_of(query: Query, view: View) -> NDArray[np.float32]:
    """Return the (d,) vector of the query's words, zeros where there are none."""
    vector: NDArray[np.float32] = _encoded(view.snapshot.encoder.encode, query.plain)
    return vector


def vectors_of(queries: Sequence[Query], view: View) -> NDArray[np.float32]:
    """Return the (n, d) vectors of many queries, encoded together: several times as fast as one by one."""
    return view.snapshot.encoder.encode([query.plain for query in queries])


@lru_cache(maxsize=8_192)
def _encoded(encode: Callable[[Sequence[str]], NDArray[np.float32]], text: str) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = encode([text])[0]
    vector.flags.writeable = False
    return vector


def completed(ranking: Ranking, name: str, compute: Callable[[Rows], NDArray[np.float32]]) -> Column:
    """Return a feature's column, computed for the rows where it is not known yet."""
    column = ranking.features.get(name, np.full(len(ranking), np.nan, np.float32)).copy()
    unknown = np.isnan(column)
    if unknown.any():
        column[unknown] = compute(ranking.rows[unknown])
    return column


def _word_scores(query: Query, view: View, ranking: Ranking, rows: Rows) -> NDArray[np.float32]:
    """Return the BM25 scores of rows that search by words did not bring; 0 where it brought all that match.

    Those of plain words are taken from the papers' tokens, and are at most the least that the search brought:
    to ask the word index for given rows takes longer than the whole search.
    """
    if len(ranking) - len(rows) == ranking.total:
        return np.zeros(len(rows), np.float32)
    if any(term.required or term.negative or term.prefix or term.phrase for term in query.terms):
        return view.snapshot.lexical.scores(query, rows)
    estimated = Evidence(Asked.of(query, view.snapshot), view.snapshot, rows).bm25()
    return np.minimum(estimated, np.nanmin(ranking.features["lexical"])) if "lexical" in ranking.features else estimated


def _count(query: Query, view: View) -> int:
    return view.snapshot.lexical.search(query, 1, view.snapshot.mask(query.filters)).total
