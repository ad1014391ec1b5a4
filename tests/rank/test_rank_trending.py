"""The trending formula: what it orders first, how it fades, and that rings gain little."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rank import trending
from broadsheet.records import Attention, Vote

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TODAY = "2026-07-01"


def vote(reader: int, *, key: int = 1, age: float = 100.0, network: int | None = None, made: str = "") -> Vote:
    return Vote(key, reader, made or f"2026-07-01T{reader % 24:02}:00:00", age, network)


def test_the_score_is_what_the_page_says() -> None:
    paper = Attention(1, TODAY, votes=9, comments=3, stars=6.5, saves=2)
    told = trending.explain(paper, NOW)
    assert told.age == 12
    assert told.decay == pytest.approx((24 / 36) ** 0.8)
    assert told.score == pytest.approx(100 * sum(told.parts.values()) * told.decay)
    assert set(told.parts) == {"votes", "comments", "stars", "saves"}


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 60))
def test_more_of_anything_never_lowers_and_age_never_raises(votes: float, more: float, days: int) -> None:
    day = (NOW.date() - timedelta(days=days)).isoformat()
    before = (NOW.date() - timedelta(days=days + 1)).isoformat()
    for kind in ("votes", "comments", "stars", "citations", "mentions", "expected", "saves"):
        less, greater = (trending.score(Attention(1, day, **{kind: n}), NOW) for n in (votes, votes + more))
        assert less <= greater + 1e-9
        assert trending.score(Attention(1, before, **{kind: votes}), NOW) <= less


def test_a_day_without_votes_is_ordered_by_what_was_expected() -> None:
    papers = [Attention(key, TODAY, expected=float(n)) for key, n in ((1, 2), (2, 30), (3, 0), (4, 8))]
    assert trending.standing(papers, NOW) == [2, 4, 1, 3]
    assert trending.standing(papers, NOW + timedelta(days=90)) == [2, 4, 1, 3]


def test_votes_decide_against_expectation_once_they_are_there() -> None:
    hoped, liked = Attention(1, TODAY, votes=2, expected=40), Attention(2, TODAY, votes=6, expected=1)
    assert [key for key, _ in trending.order([hoped, liked], NOW)] == [1, 2]
    later = NOW + timedelta(days=3)
    assert [key for key, _ in trending.order([hoped, liked], later)] == [2, 1]


def test_equals_stand_newest_first_then_by_key() -> None:
    papers = [Attention(7, "2026-06-01"), Attention(3, "2026-06-02"), Attention(2, "2026-06-02")]
    assert trending.order(papers, NOW) == [(2, 0.0), (3, 0.0), (7, 0.0)]


def test_the_day_begins_where_the_reader_is() -> None:
    kiritimati = NOW.astimezone(ZoneInfo("Pacific/Kiritimati"))  # 2 July, 02:00
    assert trending.age("2026-07-02", kiritimati) == 2
    assert trending.age("2026-07-02", NOW) == 0
    assert trending.age("2026-06-30", NOW.astimezone(ZoneInfo("America/New_York"))) == 32


def test_a_vote_of_a_new_account_weighs_less() -> None:
    (old,), (new,) = (trending.weighed([Attention(1, TODAY, votes=5)], [vote(1, age=age)], {}) for age in (100.0, 0.0))
    assert old.votes == 5
    assert 4 < new.votes < 4.5


def test_a_ring_of_fifty_new_accounts_gains_less_than_four_readers() -> None:
    ring = [vote(n, age=0.1, network=7) for n in range(50)]
    readers = [vote(n, key=2, network=n) for n in range(4)]
    papers = [Attention(1, TODAY, votes=50), Attention(2, TODAY, votes=4)]
    found = {paper.key: paper for paper in trending.weighed(papers, ring + readers, {2: 1})}
    assert found[1].votes < found[2].votes == 4
    assert (found[1].saves, found[2].saves) == (0, 1)


def test_votes_from_elsewhere_stay() -> None:
    (paper,) = trending.weighed([Attention(1, TODAY, votes=58)], [vote(1)], {})
    assert paper.votes == 58
