"""Filters against an oracle that looks at each paper."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from papers import built, invented

from broadsheet.index import Entry
from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Filters, Query, Term
from broadsheet.records import day_range

ENTRIES = invented(range(400))
DELETED = range(0, 400, 17)
DATES = st.none() | st.sampled_from(["1950", "1999", "2004-02", "2010-06-15", "2024"])


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Invented papers, some deleted again."""
    return built(tmp_path_factory.mktemp("filters"), ENTRIES, deleted=DELETED)


def passes(entry: Entry, filters: Filters) -> bool:
    """Tell what `Filters` says, in the plainest words."""
    first, last = (
        (date(1970, 1, 1) + timedelta(day)).isoformat() if day > -(2**30) else None
        for day in (entry.first_day, entry.last_day)
    )
    checks = [
        entry.key not in DELETED,
        filters.everything or not entry.hidden,
        not filters.after or (last or "") >= day_range(filters.after)[0],
        not filters.before or (first or "9999") < day_range(filters.before)[0],
        not filters.categories
        or any(c == w or c.startswith(w + ".") for c in entry.categories for w in filters.categories),
        not filters.venues or any((entry.venue or "").lower().startswith(w) for w in filters.venues),
        not filters.sources or bool(set(filters.sources) & set(entry.sources)),
        not filters.keys or entry.key in filters.keys,
    ]
    return all(checks)


@given(
    filters=st.builds(
        Filters,
        after=DATES,
        before=DATES,
        categories=st.sampled_from([(), ("cs",), ("cs.CL",), ("math", "stat.ML"), ("nowhere",)]),
        venues=st.sampled_from([(), ("iclr",), ("iclr 2024", "acl"), ("nature",), ("nowhere",)]),
        sources=st.sampled_from([(), ("acl",), ("acl", "arxiv"), ("elsewhere",)]),
        everything=st.booleans(),
        keys=st.sampled_from([(), (3, 34, 50, 399), (12_345,)]),
    )
)
def test_mask_and_search_agree_with_the_oracle(snapshot: Snapshot, filters: Filters) -> None:
    expected = {entry.key for entry in ENTRIES if passes(entry, filters)}
    mask = snapshot.mask(filters)
    assert set(snapshot.keys[np.ones(snapshot.rows, bool) if mask is None else mask].tolist()) == expected
    matches = snapshot.lexical.search(Query("", (Term(("graph",)),), filters), 1_000)
    with_word = {e.key for e in ENTRIES if "graph" in f"{e.title} {e.text}".split()}
    assert set(snapshot.keys[matches.rows].tolist()) == expected & with_word
    assert matches.total == len(expected & with_word)
    assert snapshot.lexical.search(Query("", (), filters), 3).total == len(expected)
