"""Concepts as readers call them: by their name in another form, by a phrase that tells one, or by what is near."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from broadsheet.encode import concepts, telling
from broadsheet.errors import Unavailable
from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Query
from broadsheet.text.tokens import terms

NEAREST = 3  # concepts that are offered where none is called so
_FAR = 0.3  # a concept whose direction has no greater cosine with a text is not near it


def told_by(snapshot: Snapshot, name: str) -> tuple[str, ...]:
    """Return the phrases that tell a concept's papers besides its name, the most telling first."""
    return telling.load(snapshot.manifest.encoder_id).get(name, ())


def meant(query: Query, snapshot: Snapshot) -> tuple[Query, tuple[str, ...]]:
    """Return a query whose concepts are called as in a snapshot, and a note on each that is called otherwise there.

    A name is known in any form ("wireless sensor network"). A phrase stands for the concept that it alone tells, where
    that is the nearest in meaning, too.
    """
    if not query.filters.concepts:
        return query, ()
    found = [_meant(wanted, snapshot) for wanted in query.filters.concepts]
    named = tuple(dict.fromkeys(name for name, _ in found))
    return replace(query, filters=replace(query.filters, concepts=named)), tuple(note for _, note in found if note)


def unknown(snapshot: Snapshot, wanted: str) -> str:
    """Return what to say to who asks for a concept that there is not."""
    near = ", ".join(f"“{name}”" for name in nearest(snapshot, wanted))
    offered = f"; nearest: {near}" if near else ""
    return f"No concept here is called “{wanted:.60}”{offered}. /topics lists those of the month."


def nearest(snapshot: Snapshot, wanted: str) -> list[str]:
    """Return the at most three concepts of a snapshot that are nearest to a text in meaning, none that is far."""
    known = concepts.load(snapshot.manifest.encoder_id)
    if not known.names:
        return []
    try:
        cosines = known.directions @ snapshot.encoder.encode([wanted])[0]
    except Unavailable:  # the search says so
        return []
    here = set(snapshot.concept_names)
    near = (known.names[number] for number in np.argsort(-cosines, kind="stable").tolist() if cosines[number] > _FAR)
    return [name for name in near if name in here][:NEAREST]


def _meant(wanted: str, snapshot: Snapshot) -> tuple[str, str]:
    """Return what a concept is called in a snapshot, or what was asked for, and what to say, if anything."""
    name, names = wanted.casefold(), snapshot.concept_names
    if found := next((known for known in names if known.casefold() == name), None):
        return found, ""
    stems = terms(wanted)  # takes some milliseconds for all names, so that it comes second
    if found := next((known for known in names if terms(known) == stems), None):
        return found, ""
    told = telling.told(snapshot.manifest.encoder_id).get(" ".join(stems), ())
    if len(told) == 1 and nearest(snapshot, wanted)[:1] == list(told):
        return told[0], f"No concept here is called “{wanted:.60}”; it tells of “{told[0]}”, whose papers these are."
    return wanted, unknown(snapshot, wanted)
