"""What roles may do, and what votes weigh."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broadsheet import rights


def test_each_role_may_do_what_those_before_it_may() -> None:
    acts: tuple[rights.Act, ...] = ("vote", "comment", "pick", "moderate", "administer")
    allowed = [sum(rights.may(role, act) for act in acts) for role in rights.ROLES]
    assert allowed == [2, 3, 4, 5]


def test_those_who_look_after_an_instance_may_do_more() -> None:
    reader, editor = rights.limit("reader", "comment"), rights.limit("editor", "comment")
    assert reader and editor and editor.count > reader.count
    assert rights.limit("reader", "moderate") is None


@given(st.floats(0, 1e4), st.floats(0, 1e4), st.integers(0, 1000))
def test_older_accounts_weigh_more_and_crowds_less(age: float, older: float, crowd: int) -> None:
    weight = rights.vote_weight(age, crowd)
    assert 0 < weight <= 1
    assert rights.vote_weight(age + older, crowd) >= weight >= rights.vote_weight(age, crowd + 1)


def test_a_burst_from_one_network_weighs_little() -> None:
    crowd = sum(rights.vote_weight(0.0, earlier) for earlier in range(100))
    assert crowd < 2
    assert rights.vote_weight(30.0) == 1
