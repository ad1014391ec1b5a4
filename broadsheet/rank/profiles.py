"""The named ways to rank: expressions of stages, their coefficients as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from broadsheet.errors import InputError, Unavailable
from broadsheet.query import Query
from broadsheet.rank.duplicates import Collapse
from broadsheet.rank.gate import Gate
from broadsheet.rank.personal import Personal
from broadsheet.rank.pipeline import MOST, Stage, Then
from broadsheet.rank.ranking import Ranking, View
from broadsheet.rank.rerank import Rerank
from broadsheet.rank.similar import Similar
from broadsheet.rank.stages import Blend, Features, Lexical, Trending
from broadsheet.rank.understanding import understood
from broadsheet.rank.usage import Nearest

BLEND = {"lexical": 0.6, "dense": 0.4}
READ_BY = 100  # papers, the best by words, that say what the query's words mean
SIMILAR = {"words": 0.65, "nearest": 0.3, "against": 0.5, "more": 0.7, "less": 0.4}

TRANSFORMER, HEARD_AGAIN, BROUGHT = 0.5, 3, 300  # its weight, the papers its query moves to, those it brings
BEST, GATE_WEIGHT = 150, 0.5  # rows that the gate orders, and how much it counts beside the blend

BLENDED: Stage = Lexical() % MOST >> Nearest(READ_BY, limit=300) >> Features() >> Blend(**BLEND) % MOST

GATED: Stage = BLENDED >> Gate(BEST, GATE_WEIGHT)

PROFILES: dict[str, Stage] = {
    "lexical": Lexical() % MOST,
    "dense": Lexical() % READ_BY >> Nearest(READ_BY, limit=MOST) >> Features() >> Blend(dense=1.0),
    "hybrid": GATED >> Collapse(),
    "trending": Lexical() % MOST >> Trending(),
    "similar": Similar(**SIMILAR) % MOST >> Collapse(),
    "personal": Personal() % MOST >> Collapse(),
}
PROFILES["rerank"] = GATED >> Rerank(TRANSFORMER, papers=HEARD_AGAIN, nearest=BROUGHT) >> Collapse()

_WITHOUT_WORDS = ("similar", "personal")  # these need none


def profile_named(name: str) -> Stage:
    """Return the expression of a profile.

    Raises:
        InputError: there is no such profile.
    """
    if name not in PROFILES:
        raise InputError(f"There is no profile {name!r}; choose one of {', '.join(PROFILES)}.")
    return PROFILES[name]


def run(profile: str, query: Query, view: View, limit: int = MOST) -> Ranking:
    """Return the best `limit` papers for a query; equals stand in the order of their keys.

    Where no words are given, or another order is asked for than relevance, the words alone decide what is shown; also,
    with a note, where the encoder that made the index cannot be had.

    Raises:
        InputError: there is no such profile.
    """
    return run_all([profile], query, view, limit)[0]


def run_all(profiles: Sequence[str], query: Query, view: View, limit: int = MOST) -> list[Ranking]:
    """Return what `run` does for each of several profiles; first stages that they share are computed once.

    Raises:
        InputError: there is no such profile.
    """
    known: _Known = {(): Ranking.empty()}
    query, notes = understood(query, view)
    rankings = [_ranked(name, query, view, limit, known) for name in profiles]
    return [replace(ranking, notes=(*notes, *ranking.notes)) for ranking in rankings]


_Known = dict[tuple[Stage, ...], Ranking]  # what first stages, one after another, made of one query


def _ranked(profile: str, query: Query, view: View, limit: int, known: _Known) -> Ranking:
    stage = profile_named(profile)
    if query.filters.ids and not query.filters.keys:
        return Ranking.empty("No paper here has the identifier that id: names.")
    if profile == "trending":
        query = replace(query, sort="new")
    elif profile not in _WITHOUT_WORDS and (query.sort != "relevance" or all(term.negative for term in query.terms)):
        stage = PROFILES["lexical"]
    try:
        return _shared(stage, query, view, limit, known)
    except Unavailable as error:
        found = (PROFILES["lexical"] % limit)(query, Ranking.empty(), view)
        return replace(found, notes=(*found.notes, f"Found by words alone. {error}"))


def _shared(stage: Stage, query: Query, view: View, limit: int, known: _Known) -> Ranking:
    """Return what `stage % limit` makes of nothing, with what is known of its first stages, and remember them."""
    *first, last = stage.parts() if isinstance(stage, Then) else (stage,)
    done: tuple[Stage, ...] = ()
    for part in first:
        before, done = known[done], (*done, part)
        if done not in known:
            known[done] = part(query, before, view)
    return (last % limit)(query, known[done], view)
