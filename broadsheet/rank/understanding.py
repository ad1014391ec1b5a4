"""What is looked for of what was asked: typing errors mended, and of a long text the words that say most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Query, Term
from broadsheet.rank.ranking import View

MOST_WORDS = 64  # of a whole abstract or a long topic; each costs 0.3 ms at 0.6 million papers
_MOST_TIMES = 4  # that a word is looked for, each time for that price again


def understood(query: Query, view: View) -> tuple[Query, tuple[str, ...]]:
    """Return the query that is looked for, and a note on each word mended; of that query, the same without notes."""
    mended, notes = view.snapshot.lexical.corrected(query)
    return _shortened(mended, view.snapshot), notes


def _shortened(query: Query, snapshot: Snapshot) -> Query:
    """Return a query with the plain words that weigh most in it, by BM25's rarity x times asked for."""
    times = Counter(term.words[0] for term in query.terms if _is_plain(term))
    if len(times) <= MOST_WORDS and max(times.values(), default=0) <= _MOST_TIMES:
        return query
    room = dict.fromkeys(_heaviest(times, snapshot), _MOST_TIMES)
    return replace(query, terms=tuple(term for term in query.terms if not _is_plain(term) or _taken(term, room)))


def _taken(term: Term, room: dict[str, int]) -> bool:
    """Tell whether there is room for a term's word once more, and take it."""
    (word,) = term.words
    room[word] = room.get(word, 0) - 1
    return room[word] >= 0


def _heaviest(times: Mapping[str, int], snapshot: Snapshot) -> list[str]:
    papers = snapshot.lexical.frequencies(list(times)).astype(np.float64)
    rarity = np.where(papers > 0, np.log1p((snapshot.rows - papers + 0.5) / (papers + 0.5)), 0)
    weights = dict(zip(times, rarity * np.array(list(times.values())), strict=True))
    return sorted(times, key=lambda word: -weights[word])[:MOST_WORDS]


def _is_plain(term: Term) -> bool:
    return len(term.words) == 1 and not (term.required or term.negative or term.prefix)
