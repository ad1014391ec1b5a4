"""The words of a query as the papers that have them use them, and the papers nearest to what they then mean."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode.static import Static
from broadsheet.index.forward import numbers
from broadsheet.query import Query
from broadsheet.rank.evidence import Asked, Evidence
from broadsheet.rank.nearness import from_middle
from broadsheet.rank.personal import remembered
from broadsheet.rank.pipeline import Stage
from broadsheet.rank.ranking import Ranking, Rows, View, united
from broadsheet.rank.stages import completed, vector_of
from broadsheet.text.tokens import stem, words

_COMMON = 0.05  # share of papers that have a word of which there is nothing to learn
_WHOLE, _IN_PIECES = 0.4, 0.65  # how far a word goes towards its papers, by whether the encoder knows it whole
_ENOUGH = 12  # words of a query; those of a longer text, which says itself what it means, go less far
_LOUDER = 1.5  # times that a word in pieces counts once its papers tell what it is

Vectors = NDArray[np.float32]
_NOTHING = np.finfo(np.float32).tiny


class Nearest(Stage):
    """Adds the `limit` papers nearest to the query, read as its best `papers` use its words; the feature `dense`."""

    def __init__(self, papers: int, limit: int) -> None:
        self.papers, self.limit = papers, limit

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        vector = read(query, ranking.rows[: self.papers], view)
        near, cosines = view.snapshot.dense.search(vector, self.limit, view.snapshot.mask(query.filters))
        rows, features = united((ranking, Ranking(near, cosines, {"dense": cosines})))
        joined = replace(ranking, rows=rows, scores=np.zeros(len(rows), np.float32), features=features, shares={})
        dense = completed(joined, "dense", lambda unknown: view.snapshot.dense.cosines(unknown, vector))
        return replace(joined, features={**features, "dense": dense})

    def __repr__(self) -> str:
        return f"Nearest(papers={self.papers!r}, limit={self.limit!r})"


def read(query: Query, rows: Rows, view: View) -> Vectors:
    """Return the (d,) vector of the query's words, each moved towards those of the given papers that have it.

    What an encoder knows of a word is what its training made of it; papers at hand tell what it means among them, most
    of all where the encoder has it in pieces only. Word vectors from their contexts (Khodak et al., 2018, A La Carte
    Embedding) and from the papers that a query finds (Diaz et al., 2016). Of an encoder that reads no words one by one,
    the vector is its own.
    """
    encoder, said = view.snapshot.encoder, words(query.plain)
    if not isinstance(encoder, Static) or not said:
        return vector_of(query, view)
    times = Counter(said)
    distinct = list(times)
    own, whole = encoder.of_words(distinct)
    used = _used([stem(word) for word in distinct], rows, view)
    told = used.any(axis=1)
    lengths = _lengths(own)
    far = min(1.0, _ENOUGH / len(distinct))
    share = np.where(told, np.where(whole, np.float32(far * _WHOLE), np.float32(far * _IN_PIECES)), 0)[:, None]
    louder = np.where(told & ~whole, np.float32(_LOUDER), 1)[:, None]
    often = 1 + np.log(np.fromiter(times.values(), np.float32))
    vector = often @ (louder * ((1 - share) * own + share * lengths * used))
    return np.asarray(vector / max(np.sqrt(vector @ vector), _NOTHING), np.float32)


def _used(stems: list[str], rows: Rows, view: View) -> Vectors:
    """Return the (q, d) directions of the papers among some that have each word; zeros for common and unknown ones."""
    papers = view.snapshot.lexical.frequencies(stems)
    rare = (papers > 0) & (papers < _COMMON * view.snapshot.rows)
    distinct, places = np.unique([numbers()[name] for name in stems], return_inverse=True)
    ones = np.ones(len(distinct), np.float32)
    has = Evidence(Asked(distinct, ones, ones, ones, np.empty(0, np.int64)), view.snapshot, rows).held()
    vectors = from_middle(view.snapshot.dense.vectors(rows), remembered(view.snapshot).middle)
    sums = (has[:, places] & rare).T.astype(np.float32) @ vectors
    return np.asarray(sums / np.maximum(_lengths(sums), _NOTHING), np.float32)


def _lengths(vectors: Vectors) -> Vectors:
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None], np.float32)
