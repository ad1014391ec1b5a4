"""Words: BM25 over titles, texts and names, with phrases, beginnings, filters and sorting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Occur, Order

from broadsheet.index import schema
from broadsheet.index.clauses import Clauses, fields_of
from broadsheet.index.columns import Columns, best_first
from broadsheet.index.entry import MISSING_DAY
from broadsheet.index.masks import Mask, Masks
from broadsheet.index.spelling import Speller
from broadsheet.query import Filters, Query, Term

Rows = NDArray[np.int32]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Matches:
    """Rows best first with their scores; `total` counts all that match.

    Scores are BM25's, or, when sorted by something else, zero.
    """

    rows: Rows
    scores: Scores
    total: int


@dataclass(frozen=True, slots=True)
class _Sorting:
    """A fast field to sort by; papers without it come after the others, the newest first."""

    field: str
    order: Order


_SORTINGS = {
    "new": _Sorting("new", Order.Desc),
    "old": _Sorting("new", Order.Asc),
    "votes": _Sorting("votes", Order.Desc),
    "cited": _Sorting("cited", Order.Desc),
}


class Lexical:
    """The words of a snapshot; thread-safe, one thread a search."""

    def __init__(self, folder: Path, columns: Columns, masks: Masks) -> None:
        index = schema.open_index(folder)
        index.config_reader("manual")
        self._searcher = index.searcher()
        self._columns, self._masks = columns, masks
        self._clauses = Clauses(index.schema, self._searcher)
        self._speller = Speller(self._searcher, self._clauses)
        self._hidden = self._count(self._clauses.hidden())

    def corrected(self, query: Query) -> tuple[Query, tuple[str, ...]]:
        """Return the query with its typing errors mended, and a note on each; correcting it again changes nothing."""
        terms, notes = self._speller.corrected(query.terms)
        return (replace(query, terms=terms) if notes else query), notes

    def search(self, query: Query, limit: int, mask: Mask | None = None) -> Matches:
        """Return the papers that have the query's words and pass its filters, and the mask where one is given.

        Without words, those are all papers that pass, the newest first unless the query sorts otherwise.
        """
        if not query.terms:
            return self._without_words(query, limit, mask)
        narrowed = self._narrowed(query, mask)
        if query.sort == "relevance" and not narrowed and _is_plain(query):
            matches = self._ranked(self._clauses.behind_others(query.terms), limit)
            return replace(matches, total=matches.total - self._hidden)
        filters = self._clauses.filters(self._masks.choose(query.filters))
        found = tantivy.Query.boolean_query([*self._clauses.words(query.terms), *filters, *narrowed])
        only_negative = all(term.negative for term in query.terms)
        if query.sort == "relevance" and not only_negative:
            return self._ranked(found, limit)
        return self._sorted(found, _SORTINGS.get(query.sort, _SORTINGS["new"]), limit)

    def scores(self, query: Query, rows: Sequence[int] | NDArray[np.integer]) -> Scores:
        """Return the BM25 scores of given rows for the query's words, its filters aside; 0 where no word matches."""
        wanted = np.asarray(rows, np.int64)
        scores = np.zeros(len(wanted), np.float32)
        if not len(wanted) or not any(not term.negative for term in query.terms):
            return scores
        clauses = [*self._clauses.words(query.terms), self._clauses.among(wanted)]
        matches = self._ranked(tantivy.Query.boolean_query(clauses), len(wanted))
        order = np.argsort(wanted, kind="stable")
        scores[order[np.searchsorted(wanted[order], matches.rows)]] = matches.scores
        return scores

    def having(self, term: Term, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return which of the given rows have a term."""
        clauses = [*self._clauses.words([term]), self._clauses.among(rows)]
        matches = self._ranked(tantivy.Query.boolean_query(clauses), len(rows))
        return np.isin(rows, matches.rows)

    def document_frequency(self, word: str) -> int:
        """Return how many papers, deleted ones too, have a stemmed word."""
        return int(self._clauses.papers("words", word))

    def frequency(self, term: Term) -> int:
        """Return how many papers have a term; one that has a word in its text and in an author's name counts twice."""
        if term.field == "any" and not (term.phrase or term.prefix):
            return sum(int(self._clauses.papers(field, term.words[0])) for field in fields_of(term))
        return self._count(tantivy.Query.boolean_query(self._clauses.words([term])))

    def frequencies(self, terms: Sequence[str]) -> NDArray[np.float32]:
        """Return in how many papers each index term stands, in title or text."""
        return np.array([self._clauses.papers("words", term) for term in terms], np.float32)

    def _count(self, found: tantivy.Query) -> int:
        result: Any = self._searcher.search(found, 1, count=True)
        return int(result.count)

    def _ranked(self, found: tantivy.Query, limit: int) -> Matches:
        result: Any = self._searcher.search(found, max(limit, 1), count=True)  # its types lack `count`
        hits = result.hits[:limit]
        rows = self._rows([address for _, address in hits])
        scores = np.fromiter((score for score, _ in hits), np.float32, len(hits))
        best = best_first(scores, self._columns.keys[rows])[: np.count_nonzero(scores >= 0)]
        return Matches(rows[best], scores[best], result.count)

    def _sorted(self, found: tantivy.Query, by: _Sorting, limit: int) -> Matches:
        having = self._clauses.having(by.field)
        has, lacks = (Occur.Must, having), (Occur.MustNot, having)
        total, rows, room = 0, list[Rows](), limit
        for clause, field, order in ((has, by.field, by.order), (lacks, "new", Order.Desc)):
            narrowed = tantivy.Query.boolean_query([(Occur.Must, found), clause])
            result: Any = self._searcher.search(narrowed, max(room, 1), count=True, order_by_field=field, order=order)
            total += result.count
            rows.append(self._rows([address for _, address in result.hits[:room]]))
            room -= len(rows[-1])
        together = np.concatenate(rows)
        return Matches(together, np.zeros(len(together), np.float32), total)

    def _rows(self, addresses: list[tantivy.DocAddress]) -> Rows:
        return np.array(self._searcher.fast_field_values("row", addresses), np.int32)

    def _narrowed(self, query: Query, mask: Mask | None) -> list[tuple[Occur, tantivy.Query]]:
        """Return a clause for a mask that says more than the query's own filters do: by the fewer of its two sides."""
        own = self._masks.mask(query.filters)
        if mask is None or mask is own:
            return []
        eligible = np.ones(len(mask), bool) if own is None else own
        excluded, admitted = np.flatnonzero(eligible & ~mask), np.flatnonzero(eligible & mask)
        if len(excluded) < len(admitted):
            return [(Occur.MustNot, self._clauses.among(excluded)[1])] if len(excluded) else []
        return [self._clauses.among(admitted)]

    def _without_words(self, query: Query, limit: int, mask: Mask | None) -> Matches:
        own = self._masks.mask(query.filters)
        eligible = np.ones(len(self._columns.keys), bool) if own is None else own
        rows = np.flatnonzero(eligible if mask is None else eligible & mask).astype(np.int32)
        best = rows[self._order(rows, query.sort, limit)]
        return Matches(best, np.zeros(len(best), np.float32), len(rows))

    def _order(self, rows: Rows, sort: str, limit: int) -> NDArray[np.int64]:
        """Return the first places of rows in the order of `_sorted`: by value, the newest first where there is none."""
        columns = self._columns
        days = columns.first_day[rows].astype(np.int64)
        values = {
            "old": -days,
            "votes": columns.votes[rows].astype(np.int64),
            "cited": columns.citations[rows].astype(np.int64),
        }
        has = days != MISSING_DAY if sort in ("new", "old") else values.get(sort, days) > 0
        value = np.where(has, values.get(sort, days), days)
        worth = value + has * (np.ptp(value) + 1) if len(value) else value
        places = np.arange(len(rows))
        if 0 < limit < len(rows):  # to order them all takes seven times as long as to find the first thousand
            places = np.flatnonzero(worth >= np.partition(worth, -limit)[-limit])
        keys = columns.keys[rows[places]]
        return places[np.lexsort((np.where(has[places] & (sort == "old"), keys, -keys), -worth[places]))[:limit]]


def _is_plain(query: Query) -> bool:
    """Tell whether any of a query's words will do, in any paper that is not hidden."""
    return query.filters == Filters() and not any(term.required or term.negative for term in query.terms)
