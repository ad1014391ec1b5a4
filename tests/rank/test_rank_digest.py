"""Composition of digests: properties that hold whatever was found."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from broadsheet.rank.digest import MOST, Found, compose
from broadsheet.records import Follow, Pick, Section


def follow(number: int, **more: object) -> Follow:
    return Follow(id=number, reader=1, kind="search", text="q", name=f"follow {number}", **more)  # type: ignore[arg-type]


def found(number: int, *scored: tuple[int, float], **more: object) -> Found:
    return Found(follow(number, **more), [Pick(key=key, score=score) for key, score in scored])


def keys(section: Section) -> list[int]:
    return [pick.key for pick in section.picks]


picks = st.lists(st.tuples(st.integers(1, 90), st.floats(0, 1)), max_size=60)
follows = st.lists(st.tuples(picks, st.integers(1, 30), st.floats(0, 1)), max_size=8)


@given(follows, st.sets(st.integers(1, 90)))
def test_nothing_twice_nothing_sent_before_nothing_weak_and_no_section_too_long(
    given_: list[tuple[list[tuple[int, float]], int, float]], sent: set[int]
) -> None:
    every = [found(n, *scored, size=size, threshold=t) for n, (scored, size, t) in enumerate(given_)]
    sections = compose(every, sent)
    chosen = [key for section in sections for key in keys(section)]
    assert len(chosen) == len(set(chosen)) <= MOST
    assert not sent.intersection(chosen)
    for section in sections:
        own = every[section.follow].follow
        scores = [pick.score for pick in section.picks]
        assert 0 < len(scores) <= own.size
        assert min(scores) >= own.threshold
        assert scores == sorted(scores, reverse=True)


@given(follows, st.sets(st.integers(1, 90)))
def test_whatever_may_be_sent_is_sent_or_counted_as_more(
    given_: list[tuple[list[tuple[int, float]], int, float]], sent: set[int]
) -> None:
    every = [found(n, *scored, size=size, threshold=t) for n, (scored, size, t) in enumerate(given_)]
    sections = {section.follow: section for section in compose(every, sent)}
    chosen = {key for section in sections.values() for key in keys(section)}
    for number, one in enumerate(every):
        may = {p.key for p in one.picks if p.score >= one.follow.threshold and p.key not in sent}
        if number in sections:
            assert sections[number].more == len(may - chosen)
        elif len(chosen) < MOST:
            assert may <= chosen  # another follow has them all


@given(follows, st.sets(st.integers(1, 90)))
def test_a_second_digest_right_after_the_first_has_only_what_the_first_had_no_room_for(
    given_: list[tuple[list[tuple[int, float]], int, float]], sent: set[int]
) -> None:
    every = [found(n, *scored, size=size, threshold=t) for n, (scored, size, t) in enumerate(given_)]
    first = {key for section in compose(every, sent) for key in keys(section)}
    second = {key for section in compose(every, sent | first) for key in keys(section)}
    assert not first & second


def test_a_broad_follow_does_not_empty_a_narrow_one() -> None:
    broad = found(1, (1, 1.0), (2, 0.99), (3, 0.98), (4, 0.97), size=3)
    narrow = found(2, (1, 0.9), (2, 0.8), size=3)
    assert [keys(section) for section in compose([broad, narrow], ())] == [[1, 3, 4], [2]]


def test_the_other_follows_that_found_a_paper_are_named() -> None:
    (section, _) = compose([found(1, (1, 1.0)), found(2, (1, 1.0), (2, 0.9))], ())
    assert section.picks[0].also == ("follow 2",)


def test_nothing_new_is_no_digest() -> None:
    assert compose([found(1, (1, 1.0)), found(2, (2, 0.1))], {1}) == ()
