"""Papers like examples: by the words that weigh most in them, and by meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import concepts
from broadsheet.encode.concepts import Concepts
from broadsheet.index.forward import MARK, numbers
from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Query, Term
from broadsheet.rank.evidence import Asked, Evidence
from broadsheet.rank.nearness import from_middle
from broadsheet.rank.personal import remembered
from broadsheet.rank.pipeline import Stage
from broadsheet.rank.ranking import Column, Ranking, Rows, View, normalised

_MOST_EXAMPLES = 32  # papers that a ranking by example looks at, of each kind
_NEAR = 200  # candidates that an example brings by words, and by meaning
_TITLE = 3  # times that a word of an example's title counts
_MOST_WORDS = 256  # that are scored, of all examples
_LOOKED_UP = (4, 32, 48)  # words that are looked for: of an example at least and at most, and of all
_UNNAMED = 0.0007  # share of papers that have a number which rare words share (1 % of all words, 590,000 papers)
_SATURATION, _LENGTH = 2.0, 0.9  # k1 and b of BM25

Vectors = NDArray[np.float32]


class Similar(Stage):
    """Papers like the query's examples, which are left out themselves.

    A paper is like an example by `words` x BM25 of the example's words, its title's counting thrice, the rest by
    nearness as seen from the middle of the collection, both brought to 0..1 over the candidates. Its score is `nearest`
    x its likeness to the example that it is most like, the rest for the mean over all, less `against` x its nearness to
    the unwanted example that it is nearest to. A composed query moves the examples `more` towards the directions of the
    concepts asked for and `less` away from those not wanted, and what lies there gains and loses as much.
    """

    def __init__(self, words: float, nearest: float, against: float, more: float, less: float) -> None:
        self.words, self.nearest, self.against, self.more, self.less = words, nearest, against, more, less

    def rank(self, query: Query, ranking: Ranking, view: View, limit: int) -> Ranking:
        like, unlike = (present(view.snapshot, keys) for keys in (query.like, query.unlike))
        ways = dict.fromkeys(query.more, self.more) | dict.fromkeys(query.less, -self.less)
        known, said = concepts.load(view.snapshot.encoder.id), Said.by(like, view.snapshot)
        wanted = known.moved(view.snapshot.dense.vectors(like), ways)
        found = _candidates(query, view, wanted, said, limit)
        rows = np.setdiff1d(found, np.concatenate([like, unlike])).astype(np.int32)
        if not len(rows):
            return replace(Ranking.empty("There is no paper with text to compare with."), total=0)
        vectors, middle = view.snapshot.dense.vectors(rows), remembered(view.snapshot).middle
        by_meaning = from_middle(vectors, middle) @ from_middle(wanted, middle).T
        lexical, dense = self._pooled(said.found_in(rows, view.snapshot), by_meaning)
        dense = dense + _about(known, ways, vectors)
        if len(unlike):
            away = view.snapshot.dense.vectors(unlike)
            dense = dense - np.float32(self.against) * np.maximum(vectors @ away.T, 0).max(axis=1)
        closest = np.asarray((vectors @ wanted.T).max(axis=1), np.float32)
        unordered = Ranking(rows, closest, {"dense": closest}, total=len(rows))
        return unordered.scored(lexical + dense, view, {"lexical": lexical, "dense": dense})

    def _pooled(self, by_words: Vectors, by_meaning: Vectors) -> tuple[Column, Column]:
        """Return what words and meaning give to the score of n rows, from their (n, m) likeness to m examples."""
        lexical = np.float32(self.words) * np.apply_along_axis(normalised, 0, by_words)
        dense = np.float32(1 - self.words) * np.apply_along_axis(normalised, 0, by_meaning)
        best = (lexical + dense).argmax(axis=1)[:, None]
        nearest = np.float32(self.nearest)

        def pooled(part: Vectors) -> Column:
            return np.asarray(nearest * np.take_along_axis(part, best, 1)[:, 0] + (1 - nearest) * part.mean(axis=1))

        return pooled(lexical), pooled(dense)

    def __repr__(self) -> str:
        weights = ("words", "nearest", "against", "more", "less")
        return f"Similar({', '.join(f'{name}={getattr(self, name)!r}' for name in weights)})"


@dataclass(frozen=True)
class Said:
    """What examples say: (q,) distinct numbers of words, as the index has them, and their (q, m) weights in each."""

    numbers: NDArray[np.int64]
    weights: Vectors

    @classmethod
    def by(cls, rows: Rows, snapshot: Snapshot) -> Said:
        """Return the words of m rows, each weighing (1 + ln tf) x its rarity; of very many the heaviest."""
        held = snapshot.forward.of(rows)
        marks = held.tokens == MARK
        before = np.concatenate([[0], np.cumsum(marks)])  # marks before each token
        in_title = before[:-1] == before[held.starts[:-1]][held.owners]
        own, tokens = held.owners[~marks], held.tokens[~marks]
        distinct, places = np.unique(tokens, return_inverse=True)
        times = np.bincount(
            own * len(distinct) + places, np.where(in_title[~marks], _TITLE, 1), len(rows) * len(distinct)
        ).reshape(len(rows), len(distinct))
        weights = np.where(times > 0, 1 + np.log(np.maximum(times, 1)), 0) * _rarity(distinct, snapshot)
        heaviest = np.sort(np.argsort(-weights.max(axis=0, initial=0), kind="stable")[:_MOST_WORDS])
        return cls(distinct[heaviest].astype(np.int64), weights[:, heaviest].T.astype(np.float32))

    def terms(self, example: int, most: int) -> tuple[Term, ...]:
        """Return the words that weigh most in an example, the heaviest first, as the word index can look them up."""
        best = np.argsort(-self.weights[:, example], kind="stable")
        named = (numbers().term(int(self.numbers[place])) for place in best if self.weights[place, example] > 0)
        return tuple(Term((word,)) for word in named if word is not None)[:most]

    def found_in(self, rows: Rows, snapshot: Snapshot) -> Vectors:
        """Return the (n, m) BM25 scores of n rows for the words of m examples."""
        ones = np.ones(len(self.numbers), np.float32)
        asked = Asked(self.numbers, ones, self.weights, ones, np.empty(0, np.int64))  # a column of weights an example
        return Evidence(asked, snapshot, rows).bm25(_SATURATION, _LENGTH)

    def one_by_one(self) -> Said:
        """Return the same as if each word, at its heaviest, were all that one example says."""
        return Said(self.numbers, np.diag(self.weights.max(axis=1, initial=0)))

    def heaviest(self, stems: Sequence[str]) -> Column:
        """Return the most that each index term weighs in an example, 0 where none has it."""
        most = dict(zip(self.numbers.tolist(), self.weights.max(axis=1, initial=0).tolist(), strict=True))
        return np.array([most.get(numbers()[stem], 0.0) for stem in stems], np.float32)


def _about(known: Concepts, ways: Mapping[str, float], vectors: Vectors) -> Column:
    """Return the sum of how near (n, d) vectors are to concepts, each brought to 0..1, times what it counts."""
    about = np.zeros(len(vectors), np.float32)
    for direction, name in zip(known.directions, known.names, strict=True) if ways else ():
        if name in ways:
            about += np.float32(ways[name]) * normalised(vectors @ direction)
    return about


def _rarity(distinct: NDArray[np.integer], snapshot: Snapshot) -> Column:
    """Return the idf of BM25 of words by their numbers."""
    words = [numbers().term(number) for number in distinct.tolist()]
    papers = np.full(len(words), _UNNAMED * snapshot.rows, np.float32)
    named = [place for place, word in enumerate(words) if word is not None]
    papers[named] = snapshot.lexical.frequencies([word for word in words if word is not None])
    return np.asarray(np.log1p((snapshot.rows - papers + 0.5) / (papers + 0.5)), np.float32)


def present(snapshot: Snapshot, keys: tuple[int, ...]) -> Rows:
    """Return the rows of examples that the snapshot has, of very many the first."""
    rows = snapshot.rows_of(keys[:_MOST_EXAMPLES]) if keys else np.empty(0, np.int32)
    return rows[rows >= 0]


def _candidates(query: Query, view: View, wanted: Vectors, said: Said, limit: int) -> Rows:
    """Return the rows that have each example's heaviest words or are nearest to it, in all at least about `limit`."""
    mask = view.snapshot.mask(query.filters)
    each = max(_NEAR, limit // max(2 * len(wanted), 1)) + len(query.like) + len(query.unlike)
    least, most, all_of_them = _LOOKED_UP
    words = min(max(all_of_them // max(len(wanted), 1), least), most)
    found = [np.empty(0, np.int32)]
    for example, vector in enumerate(wanted):
        found.append(view.snapshot.dense.search(vector, each, mask)[0])
        if terms := said.terms(example, words):
            asked = Query(text="", terms=terms, filters=query.filters)
            found.append(view.snapshot.lexical.search(asked, each, mask).rows)
    return np.concatenate(found)
