"""Why a hit stands where it does, and what a ranking is made of: pure looks at rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from heapq import nlargest
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import concepts
from broadsheet.index import MISSING_DAY
from broadsheet.index.forward import numbers
from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Query, Term
from broadsheet.rank.profiles import profile_named
from broadsheet.rank.ranking import Ranking, View
from broadsheet.rank.similar import Said, present
from broadsheet.rank.stages import vector_of
from broadsheet.records import Facets, Paper, Reasons
from broadsheet.text import highlight
from broadsheet.text.sentences import sentences
from broadsheet.text.tokens import content_terms, terms

_MOST_WEIGHED = 24  # terms of a query that are weighed
_MOST_SHARED = 8  # words that a paper shares with those it is like
_MOST_VALUES = 12
_CALLED = {"lexical": "words", "dense": "meaning"}  # what readers call features


def explain(
    profile: str, query: Query, view: View, page: Ranking, papers: Sequence[Paper | None]
) -> list[Reasons | None]:
    """Return the reasons of each hit of a page, None where its paper is gone; a word's weight is its own BM25 score.

    Of papers like others the words that weigh most are given.

    Raises:
        InputError: there is no such profile.
    """
    profile_named(profile)
    found, asked = _weights(query, view, page, papers), _asked(query, view)
    reasons: list[Reasons | None] = []
    for place, (paper, weights) in enumerate(zip(papers, found, strict=True)):
        own = {term: round(weight, 3) for term, weight in weights.items() if weight > 0}
        reasons.append(_reasons(paper, query, view, own, _shares(page, place)) if paper else None)
    return [_with_concepts(why, asked, view, row) for why, row in zip(reasons, page.rows.tolist(), strict=True)]


def _asked(query: Query, view: View) -> set[str]:
    """Return the concepts of the words that were asked for, or of the papers that results are to be like."""
    liked = view.snapshot.rows_of(query.like) if query.like else np.empty(0, np.int32)
    if len(liked):
        return {name for row in liked[liked >= 0].tolist() for name in view.snapshot.concepts_of(row)}
    known = concepts.load(view.snapshot.manifest.encoder_id)
    return set(known.named(vector_of(query, view)[None])[0]) if query.plain else set()


def _with_concepts(why: Reasons | None, asked: set[str], view: View, row: int) -> Reasons | None:
    shared = tuple(name for name in view.snapshot.concepts_of(row) if name in asked)
    return replace(why, concepts=shared) if why and shared else why


def facets(ranking: Ranking, view: View) -> Facets:
    """Return the years, categories, venues and concepts of the papers whose words match; of all where none do."""
    snapshot = view.snapshot
    rows = ranking.rows if ranking.by_meaning.all() else ranking.rows[~ranking.by_meaning]
    days = snapshot.first_day[rows]
    years = days[days != MISSING_DAY].astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    venues = snapshot.venue[rows]
    return Facets(
        years=tuple((int(year), int(n)) for year, n in zip(*np.unique(years, return_counts=True), strict=True)),
        categories=_most(snapshot.categories.among(rows), snapshot.category_names),
        venues=_most(venues[venues >= 0], snapshot.venue_names),
        concepts=_most(snapshot.concepts.among(rows), snapshot.concept_names),
    )


def categories(snapshot: Snapshot) -> list[tuple[str, int]]:
    """Return (code, number of papers that lists may show) of every category, by code."""
    named = zip(snapshot.category_names, snapshot.category_counts.tolist(), strict=True)
    return sorted((code, count) for code, count in named if count)


def _most(numbers: NDArray[np.int32], names: Sequence[str]) -> tuple[tuple[str, int], ...]:
    counts = np.bincount(numbers)
    there = np.flatnonzero(counts)
    times = counts[there]
    least = np.sort(times)[-_MOST_VALUES] if len(times) > _MOST_VALUES else 1
    counted = [(names[number], int(counts[number])) for number in there[times >= least].tolist()]
    return tuple(sorted(counted, key=lambda value: (-value[1], value[0]))[:_MOST_VALUES])


def _weights(query: Query, view: View, page: Ranking, papers: Sequence[Paper | None]) -> list[dict[Term, float]]:
    """Return the words that each hit of a page matched, with their weights."""
    if query.like:
        return _weights_of_likeness(query, view, page, papers)
    wanted = [term for term in dict.fromkeys(query.terms) if not term.negative][:_MOST_WEIGHED]
    columns = {term: view.snapshot.lexical.scores(Query(text="", terms=(term,)), page.rows) for term in wanted}
    return [{term: float(column[place]) for term, column in columns.items()} for place in range(len(papers))]


def _weights_of_likeness(
    query: Query, view: View, page: Ranking, papers: Sequence[Paper | None]
) -> list[dict[Term, float]]:
    said = Said.by(present(view.snapshot, query.like), view.snapshot)
    known = {number: place for place, number in enumerate(said.numbers.tolist())}
    weights: list[dict[Term, float]] = []
    for paper, scores in zip(papers, said.one_by_one().found_in(page.rows, view.snapshot), strict=True):
        stems = dict.fromkeys(content_terms(f"{paper.title}\n{paper.text}")) if paper else ()
        own = {Term((stem,)): float(scores[known[numbers()[stem]]]) for stem in stems if numbers()[stem] in known}
        weights.append(dict(nlargest(_MOST_SHARED, own.items(), key=itemgetter(1))))
    return weights


def _shares(page: Ranking, place: int) -> dict[str, float]:
    shares: dict[str, float] = {}
    for feature, column in page.shares.items():
        name = _CALLED.get(feature, feature)
        shares[name] = shares.get(name, 0.0) + max(float(column[place]), 0.0)
    whole = sum(shares.values())
    return {name: share / whole for name, share in shares.items()} if whole else {}


def _reasons(
    paper: Paper, query: Query, view: View, weights: Mapping[Term, float], shares: Mapping[str, float]
) -> Reasons:
    written = highlight.matched(f"{paper.title}\n{paper.text}", weights)
    words = {_named(term, written.get(term)): weight for term, weight in weights.items()}
    return Reasons(words=words, sentence=_sentence(paper.text, query, view, weights), shares=shares)


def _named(term: Term, written: str | None) -> str:
    """Return a matched word as the paper writes it; where it only stands for the one asked for, with that."""
    if written is None:
        return " ".join(term.words)
    stands = term.also and tuple(terms(written)) in term.also
    return f"{written} (for {term.typed})" if stands else written


def _sentence(text: str, query: Query, view: View, weights: Mapping[Term, float]) -> str | None:
    """Return the sentence with the rarest of the words, else the one nearest in meaning."""
    best = highlight.best_sentence(text, weights, weights)
    parts = sentences(text)
    if best or not parts:
        return best
    nearness = view.snapshot.encoder.encode(parts) @ vector_of(query, view)
    return parts[int(nearness.argmax())] if nearness.max() > 0 else None
