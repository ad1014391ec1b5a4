"""Predicted interest: what counts as known before the votes, and that the shipped coefficients are for our encoder."""

from __future__ import annotations

import numpy as np

from broadsheet import encode
from broadsheet.rank import interest
from broadsheet.rank.interest import FACTS, PASTS, Pasts, facts
from broadsheet.records import Reception

PAST = Pasts(
    [
        Reception("2026-01-05", ("ada", "bob"), 200),
        Reception("2026-01-06", ("bob",), 0),
        Reception("2026-01-09", ("ada",), 0),
        Reception("2026-01-07", (), 50),
    ]
)


def past(authors: list[str], day: str) -> dict[str, float]:
    return dict(zip(PASTS, PAST.of(authors, day), strict=True))


def test_only_what_came_before_the_day_counts() -> None:
    assert not any(past(["ada", "bob"], "2026-01-05").values())
    assert past(["ada"], "2026-01-06")["papers"] == np.log1p(1)
    assert past(["ada"], "2026-01-10")["best"] < past(["ada"], "2026-01-09")["best"]


def test_a_good_past_counts_for_and_a_poor_one_against() -> None:
    assert past(["ada"], "2026-01-08")["sum"] > 0 > past(["bob"], "2026-01-08")["sum"] - 1
    assert past(["nobody"], "2026-01-08") == dict.fromkeys(PASTS, 0.0)
    assert past(["ada", "ada"], "2026-01-08") == past(["ada"], "2026-01-08")


def test_facts_are_unknown_where_a_paper_does_not_say() -> None:
    known = dict(zip(FACTS, facts("A: Title?", "Open source.", 3, "2026-01-02", "2026-01-05"), strict=True))
    assert known == {
        "authors": np.log1p(3),
        "length": np.log1p(12),
        "title words": 2,
        "waited": np.log1p(3),
        "digits": 0,
        "name": 1,
        "question": 1,
        "open": 1,
    }
    unknown = dict(zip(FACTS, facts("Title", "", 0, "2026", "2026-01-05"), strict=True))
    assert all(np.isnan(unknown[name]) for name in ("authors", "length", "waited"))


def test_the_shipped_coefficients_are_for_the_shipped_encoder() -> None:
    model, encoder = interest.shipped(), encode.load("static")
    assert (model.encoder, len(model.vector)) == (encoder.id, encoder.dimension)
    assert len(model.weights) == len(model.plain) == len(model.mean) == len(FACTS) + len(PASTS)


def test_papers_of_which_nothing_is_known_are_expected_to_get_a_few_votes() -> None:
    unknown = np.full((1, len(FACTS) + len(PASTS)), np.nan, np.float32)
    assert 1 < interest.shipped().votes(unknown, None)[0] < 20
