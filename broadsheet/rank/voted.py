"""The order by votes as they are now: the index knows those that were there when it last looked at a paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from broadsheet.index.words import Matches
from broadsheet.query import Query
from broadsheet.rank.ranking import Rows, View


def by_votes(query: Query, found: Matches, view: View, limit: int) -> Rows:
    """Return the rows that match a query by the votes they have now; those without, and equals, the newest first.

    `found` are the first by the index's votes. Among the others only papers that readers voted for here can have more.
    """
    rows = np.concatenate([found.rows, np.setdiff1d(_matching(query, view), found.rows)]).astype(np.int32)
    keys = view.snapshot.keys[rows]
    counted, indexed = view.votes(keys.tolist()), view.snapshot.votes[rows].tolist()
    votes = np.array([counted.get(key, then) for key, then in zip(keys.tolist(), indexed, strict=True)])
    days = np.where(votes > 0, 0, view.snapshot.first_day[rows].astype(np.int64))
    return rows[np.lexsort((-keys, -days, -votes))][:limit]


def _matching(query: Query, view: View) -> Rows:
    """Return the rows that match a query of the papers that somebody voted for here."""
    here = set(view.voted())
    wanted = here & set(query.filters.keys) if query.filters.keys else here
    if not wanted:
        return np.empty(0, np.int32)
    narrowed = replace(query, filters=replace(query.filters, keys=tuple(sorted(wanted))))
    return view.snapshot.lexical.search(narrowed, len(wanted), view.snapshot.mask(narrowed.filters)).rows
