"""The named ways to rank: expressions of stages, their coefficients as data."""

from __future__ import annotations

from dataclasses import replace

from broadsheet.errors import InputError, Unavailable
from broadsheet.query import Query
from broadsheet.rank.pipeline import MOST, Stage
from broadsheet.rank.ranking import Ranking, View
from broadsheet.rank.stages import Blend, Dense, Features, Lexical, Refine, Similar

FIRST = {"lexical": 0.6, "dense": 0.4}
SECOND = {"lexical": 0.55, "refined": 0.45}
SIMILAR = {"nearest": 0.7, "against": 0.5}

PROFILES: dict[str, Stage] = {
    "lexical": Lexical() % MOST,
    "dense": Dense() % MOST >> Features() >> Blend(dense=1.0),
    "hybrid": (Lexical() % MOST | Dense() % 300)
    >> Features()
    >> Blend(**FIRST)
    >> Refine(papers=10, weight=3.0, limit=300)
    >> Blend(**SECOND) % MOST,
    "similar": Similar(**SIMILAR) % MOST,
}


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
    stage = profile_named(profile)
    if query.filters.ids and not query.filters.keys:
        return Ranking.empty("No paper here has the identifier that id: names.")
    if profile != "similar" and (query.sort != "relevance" or not any(not term.negative for term in query.terms)):
        stage = PROFILES["lexical"]
    try:
        return (stage % limit)(query, Ranking.empty(), view)
    except Unavailable as error:
        found = (PROFILES["lexical"] % limit)(query, Ranking.empty(), view)
        return replace(found, notes=(*found.notes, f"Found by words alone. {error}"))
