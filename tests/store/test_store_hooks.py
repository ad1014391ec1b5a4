"""What is posted to addresses and what is opened from mail, as the store keeps it, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from making import NOW, add, record

from broadsheet.records import Follow, Hook, Pick, Reader, Section
from broadsheet.store import Store
from broadsheet.store.freshness import stamp
from broadsheet.store.hooks import Posting

LATER = NOW + timedelta(minutes=10)
DAYS = timedelta(days=3)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with Store(database_url, tmp_path / "home") as store:
        add(store, record("a", identifiers=("arxiv:1",)), record("b", "Another Title of Four Words"))
        yield store


@pytest.fixture
def reader(store: Store) -> Reader:
    return store.readers.add(email="ada@example.org", name="Ada", handle="ada", role="reader", now=NOW)


@pytest.fixture
def hook(store: Store, reader: Reader) -> Hook:
    follow = store.follows.add(Follow(id=0, reader=reader.id, kind="search", text="paper", name="paper"))
    made = {"format": "json", "token": "", "secret": "s", "newest": 0, "looked": stamp(NOW), "due": stamp(NOW)}
    return store.hooks.add(Hook(id=0, reader=reader.id, follow=follow.id, url="https://example.org/x", **made))  # type: ignore[arg-type]


def posting(hook: Hook, *keys: int, next_due: datetime = LATER) -> Posting:
    section = Section(hook.follow, "paper", tuple(Pick(key=key, score=0.9) for key in keys)) if keys else None
    return Posting(hook, max(keys, default=0), section, next_due)


def test_a_hook_is_due_until_it_was_looked_at_and_while_nothing_waits(store: Store, hook: Hook) -> None:
    (key, _) = store.keys(0, 10)
    assert store.hooks.due(NOW, 9) == [hook] and store.hooks.due(NOW - timedelta(seconds=1), 9) == []
    assert store.hooks.plan(posting(hook, key), now=NOW)
    assert store.hooks.due(LATER, 9) == []  # its post waits
    (mail,) = store.outbox.claim(9, now=NOW, lease=60, hooks=True)
    assert mail.payload["hook"] == hook.id and mail.payload["section"]["picks"][0]["key"] == key
    assert store.outbox.claim(9, now=NOW, lease=60) == []  # what is posted is no mail
    store.outbox.sent([mail.id], now=NOW)
    store.hooks.arrived(hook.id, now=NOW)
    (due,) = store.hooks.due(LATER, 9)
    assert (due.newest, due.looked, due.due, due.posted) == (key, stamp(NOW), stamp(LATER), stamp(NOW))


def test_two_who_plan_at_once_post_once(store: Store, hook: Hook) -> None:
    keys = store.keys(0, 10)
    assert store.hooks.plan(posting(hook, *keys), now=NOW)
    assert not store.hooks.plan(posting(hook, *keys), now=NOW)
    assert len(store.outbox.claim(9, now=NOW, lease=60, hooks=True)) == 1


def test_what_was_posted_hidden_or_merged_is_not_posted_again(store: Store, reader: Reader, hook: Hook) -> None:
    add(store, record("c", "A Third Title of Five Words", identifiers=("doi:10.1/c",)))
    first, hidden, posted = store.keys(0, 10)
    assert store.hooks.known_to(hook, {first, hidden, posted}) == set()
    store.hooks.plan(posting(hook, posted), now=NOW)
    store.votes.hide(reader.id, hidden, now=NOW)
    assert store.hooks.known_to(hook, {first, hidden, posted}) == {hidden, posted}
    add(store, record("d", identifiers=("arxiv:1", "doi:10.1/c")), cursor="2")  # the first and the posted one are one
    (one,) = {store.present(first), store.present(posted)}
    assert store.hooks.known_to(hook, {first, posted}) >= {one}
    other = store.hooks.add(replace(hook, url="https://example.org/y"))
    assert one not in store.hooks.known_to(other, {one})  # elsewhere it was not


def test_a_hook_stops_when_it_failed_for_too_long_and_a_test_starts_it(store: Store, hook: Hook) -> None:
    store.hooks.plan(posting(hook, *store.keys(0, 10)), now=NOW)
    assert not store.hooks.failed(hook.id, "It answered 500.", now=NOW, patience=DAYS)
    assert not store.hooks.failed(hook.id, "It answered 502.", now=NOW + DAYS / 2, patience=DAYS)
    failing = store.hooks.get(hook.id)
    assert failing is not None and (failing.failing, failing.reason) == (stamp(NOW), "It answered 502.")
    assert store.hooks.failed(hook.id, "It answered 503.", now=NOW + DAYS, patience=DAYS)
    stopped = store.hooks.get(hook.id)
    assert stopped is not None and stopped.stopped == stamp(NOW + DAYS)
    assert store.outbox.claim(9, now=NOW + DAYS, lease=60, hooks=True) == [] == store.hooks.due(NOW + 2 * DAYS, 9)
    store.hooks.test(hook, now=NOW + DAYS)
    (mail,) = store.outbox.claim(9, now=NOW + DAYS, lease=60, hooks=True)
    again = store.hooks.get(hook.id)
    assert mail.payload == {"hook": hook.id} and again is not None
    assert (again.stopped, again.failing, again.reason) == (None, None, None)


def test_a_hook_goes_by_itself_with_its_follow_and_with_its_reader(store: Store, reader: Reader, hook: Hook) -> None:
    store.hooks.plan(posting(hook, *store.keys(0, 10)), now=NOW)
    assert not store.hooks.remove(reader.id + 1, hook.id, now=NOW)
    assert store.hooks.remove(reader.id, hook.id, now=NOW) and store.hooks.of(reader.id) == []
    assert store.outbox.claim(9, now=NOW, lease=60, hooks=True) == []
    store.hooks.add(hook)
    assert store.follows.remove(reader.id, hook.follow) and store.hooks.of(reader.id) == []
    store.hooks.add(hook)
    store.forget(reader.id, now=NOW)
    assert store.hooks.of(reader.id) == [] and store.belongings(reader.id)["hooked"] == []


def test_what_is_opened_is_kept_only_of_those_who_ask_for_it(store: Store, reader: Reader) -> None:
    one, other = store.keys(0, 10)
    store.follows.opened(reader.id, one, now=NOW)
    assert store.follows.opens_of(reader.id) == []
    store.follows.keep_opens(reader.id, True)
    store.follows.opened(reader.id, one, now=NOW)
    store.follows.opened(reader.id, other, now=LATER)
    store.follows.opened(reader.id, one, now=LATER)  # again: as before
    assert store.follows.deliveries([reader.id], "UTC")[reader.id].opens
    assert store.follows.opens_of(reader.id) == [other, one]
    store.follows.keep_opens(reader.id, False)
    assert store.follows.opens_of(reader.id) == [] and not store.follows.deliveries([reader.id], "UTC")[reader.id].opens


def test_what_was_opened_is_one_after_a_merge_and_goes_with_its_reader(store: Store, reader: Reader) -> None:
    add(store, record("c", "A Third Title of Five Words", identifiers=("doi:10.1/c",)))
    first, _, third = store.keys(0, 10)
    store.follows.keep_opens(reader.id, True)
    for key in (first, third):
        store.follows.opened(reader.id, key, now=NOW)
    add(store, record("d", identifiers=("arxiv:1", "doi:10.1/c")), cursor="2")
    assert store.follows.opens_of(reader.id) == [store.present(first)]
    store.forget(reader.id, now=NOW)
    assert store.follows.opens_of(reader.id) == []
