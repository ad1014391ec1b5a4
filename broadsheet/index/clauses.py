"""A query's terms and filters as clauses of the word index."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import tantivy
from numpy.typing import NDArray
from tantivy import FieldType, Occur

from broadsheet.index import schema
from broadsheet.index.columns import HIDDEN
from broadsheet.index.masks import Choice
from broadsheet.query import SHORT_BEGINNING, Term
from broadsheet.text.tokens import STOP_WORDS, stem, terms

Clause = tuple[Occur, tantivy.Query]

TITLE_WEIGHT = 0.25  # of a word's BM25 in the title, beside that in the whole paper
AUTHORS_WEIGHT = 0.25
VARIANT_WEIGHT = 0.8  # of what stands for a word, beside the word itself
_MOST_EXPANSIONS = 64  # terms that a beginning stands for, the most frequent
_BEHIND = -1e9  # x BM25, puts papers behind all others
_MOST_ONE_BY_ONE = 2_000  # rows
_REMEMBERED = 1 << 15  # terms in how many papers each stands
_ENDINGS = (
    "",
    "e",
    "s",
    "es",
    "d",
    "ed",
    "g",
    "ng",
    "ing",
    "l",
    "al",
    "n",
    "on",
    "ion",
    "tion",
    "y",
    "ly",
    "ity",
    "r",
    "er",
    "ment",
)

STOPS = frozenset(stem(word) for word in STOP_WORDS)
_FIELDS = {"any": ("words", "authors"), "title": ("title",), "abstract": ("words",), "author": ("authors",)}


def fields_of(term: Term) -> tuple[str, ...]:
    """Return the fields of the word index that a term is looked for in."""
    return _FIELDS[term.field]


class Clauses:
    """Makes the clauses for one open word index."""

    def __init__(self, fields: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._schema, self._searcher = fields, searcher
        self.papers = lru_cache(_REMEMBERED)(searcher.doc_freq)  # (field, index term); each search asks several times

    def words(self, terms: Sequence[Term]) -> list[Clause]:
        """Return the clauses of a query's terms: each required one, any of the others, none of the negative ones."""
        optional = _without_stops([term for term in terms if not (term.negative or term.required)])
        required = [(Occur.Must, self._any_of([term])) for term in terms if term.required and not term.negative]
        negative = [(Occur.MustNot, self._any_of([term])) for term in terms if term.negative]
        if required and optional:
            return [*required, (Occur.Should, self._any_of(optional)), *negative]
        if optional:
            return [(Occur.Must, self._any_of(optional)), *negative]
        return [*(required or [(Occur.Must, _unscored(tantivy.Query.all_query()))]), *negative]

    def behind_others(self, terms: Sequence[Term]) -> tantivy.Query:
        """Return the query of papers that have any of the terms, and of all hidden papers, which score less than 0.

        To leave these out of what was found takes 0.5 ms less than to exclude them, of 6.
        """
        return self._any_of(_without_stops(list(terms)), [tantivy.Query.boost_query(self.hidden(), _BEHIND)])

    def hidden(self) -> tantivy.Query:
        """Return the query of hidden papers."""
        return self._term("flags", HIDDEN)

    def filters(self, choice: Choice) -> list[Clause]:
        """Return clauses that say what the mask of the same filters does; they add nothing to scores."""
        wanted = []
        if choice.from_day is not None:
            wanted.append(self._range("last_day", FieldType.Integer, choice.from_day, None))
        if choice.until_day is not None:
            wanted.append(self._range("new", FieldType.Unsigned, *schema.dated(choice.until_day)))
        named = (("v", choice.venues), ("c", choice.categories), ("s", choice.sources), ("k", choice.concepts))
        for letter, numbers in named:
            if numbers is not None:
                wanted.append(self._set("flags", [f"{letter}{number}" for number in numbers]))
        if choice.rows is not None:
            wanted.append(self._set("row", choice.rows))
        clauses = [(Occur.Must, _unscored(query)) for query in wanted]
        if not choice.everything:
            clauses.append((Occur.MustNot, self.hidden()))
        return clauses

    def among(self, rows: NDArray[Any]) -> Clause:
        """Return the clause that only given rows match.

        Up to thousands of terms are looked up one by one, which takes a third of the time that a set takes.
        """
        if len(rows) > _MOST_ONE_BY_ONE:
            return Occur.Must, _unscored(self._set("row", rows.tolist()))
        return Occur.Must, _unscored(_either([self._term("row", row) for row in rows.tolist()]))

    def having(self, field: str) -> tantivy.Query:
        """Return the query of papers with a value to sort by: a first day, or any votes or citations."""
        if field == "new":
            return _unscored(self._range("new", FieldType.Unsigned, *schema.dated()))
        return _unscored(tantivy.Query.exists_query(field))

    def found(self, field: str, words: Sequence[str]) -> bool:
        """Return whether any paper has words side by side in a field."""
        if not all(self.papers(field, word) for word in words):
            return False
        result: Any = self._searcher.search(self._in(field, words), 1, count=False)
        return bool(result.hits)

    def _any_of(self, terms: Iterable[Term], beside: Sequence[tantivy.Query] = ()) -> tantivy.Query:
        """Return the query of papers that have any of the terms; words stand by themselves, which is quicker."""
        words, others = list(beside), list[tantivy.Query]()
        for term in terms:
            (words if _is_word(term) else others).extend(self._parts(term))
        return _either([_either(words), *others]) if words and others else _either(words or others)

    def _parts(self, term: Term) -> list[tantivy.Query]:
        """Return the queries of which a paper that has the term matches at least one."""
        if term.prefix:
            return [self._beginning(term)]
        if term.field == "abstract":
            return [self._in_abstract(term)]
        parts = [self._in(field, term.words) for field in fields_of(term)]
        if term.field == "any":
            weights = (1.0, AUTHORS_WEIGHT)
            parts = [tantivy.Query.boost_query(part, weight) for part, weight in zip(parts, weights, strict=True)]
            parts.append(tantivy.Query.boost_query(self._in("title", term.words), TITLE_WEIGHT))
        return [self._or_variants(term, _either(parts))] if term.also else parts

    def _or_variants(self, term: Term, own: tantivy.Query) -> tantivy.Query:
        """Return a query for a term or what stands for it, whichever says more of a paper."""
        field = "title" if term.field == "title" else "words"
        most = self._rarity(field, terms(term.typed) or term.words)
        others = [
            tantivy.Query.boost_query(
                self._in(field, words), VARIANT_WEIGHT * min(1.0, most / self._rarity(field, words))
            )
            for words in term.also
        ]
        return tantivy.Query.disjunction_max_query([own, *others])

    def _rarity(self, field: str, words: Sequence[str]) -> float:
        """Return the sum of the words' weights by BM25: a rare variant must not say more than what was asked for."""
        papers = self._searcher.num_docs
        found = (self.papers(field, word) for word in words)
        return sum(math.log1p((max(papers - n, 0) + 0.5) / (n + 0.5)) for n in found)

    def _in(self, field: str, words: Sequence[str]) -> tantivy.Query:
        if len(words) == 1:
            return self._term(field, words[0])
        return tantivy.Query.phrase_query(self._schema, field, list(words)) if words else tantivy.Query.empty_query()

    def _in_abstract(self, term: Term) -> tantivy.Query:
        """Return a query for the text alone: the paper has it, and not because of its title.

        A phrase that stands in the title, and whose words but not itself stand in the text, is taken as found.
        """
        lacking = [self._in("absent", [word]) for word in term.words]
        only_title = tantivy.Query.boolean_query(
            [(Occur.Must, self._in("title", term.words)), (Occur.Must, _either(lacking))]
        )
        return tantivy.Query.boolean_query([(Occur.Must, self._in("words", term.words)), (Occur.MustNot, only_title)])

    def _beginning(self, term: Term) -> tantivy.Query:
        short = term.field == "any" and len(term.words[0]) < SHORT_BEGINNING
        fields = ("title", "authors") if short else fields_of(term)
        parts = [self._term(field, word) for field in fields for word in self._expanded(field, term.words[0])]
        return tantivy.Query.disjunction_max_query(parts) if parts else tantivy.Query.empty_query()

    def _expanded(self, field: str, beginning: str) -> list[str]:
        """Return the index terms of words that begin so: longer ones, and those that a usual ending is cut from."""
        found = [word for word, _ in self._searcher.terms_with_prefix(field, beginning, limit=_MOST_EXPANSIONS)]
        cut = {stem(beginning + ending) for ending in _ENDINGS}
        return found + sorted(word for word in cut if beginning.startswith(word) and word != beginning)

    def _term(self, field: str, value: str | int) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value, "freq")

    def _set(self, field: str, values: Sequence[str | int]) -> tantivy.Query:
        return tantivy.Query.term_set_query(self._schema, field, values)

    def _range(self, field: str, kind: FieldType, low: int | None, high: int | None) -> tantivy.Query:
        return tantivy.Query.range_query(self._schema, field, kind, low, high)


def _is_word(term: Term) -> bool:
    """Tell whether a term is looked for as single words of the index and nothing else."""
    return len(term.words) == 1 and not (term.also or term.prefix or term.field == "abstract")


def _unscored(query: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.const_score_query(query, 0.0)


def _either(queries: Sequence[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(Occur.Should, query) for query in queries])


def _without_stops(terms: list[Term]) -> list[Term]:
    """Return terms without plain stop words, unless there is nothing else."""
    content = [
        term for term in terms if term.phrase or term.prefix or term.field != "any" or term.words[0] not in STOPS
    ]
    return content or terms
