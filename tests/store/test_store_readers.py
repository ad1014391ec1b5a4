"""Readers' marks on papers: one vote a paper, whatever is merged and told apart again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from making import NOW, add, record

from broadsheet.errors import NotFound
from broadsheet.records import Reader
from broadsheet.store import Store


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with Store(database_url, tmp_path / "home") as store:
        add(
            store,
            record("a", identifiers=("arxiv:1",)),
            record("b", "Another Title of Four Words", identifiers=("doi:10.1/b",)),
        )
        yield store


@pytest.fixture
def reader(store: Store) -> Reader:
    return store.readers.make_local(now=NOW)


def votes(store: Store, key: int) -> float:
    (paper,) = store.papers([key])
    return paper.signals.get("votes", 0.0)


def test_there_is_one_local_reader(store: Store, reader: Reader) -> None:
    assert reader.local and reader.role == "admin"
    assert store.readers.make_local(now=NOW) == reader == store.readers.local()
    assert not store.readers.has_accounts()


def test_one_reader_has_one_vote_a_paper(store: Store, reader: Reader) -> None:
    one, other = store.keys(0, 10)
    assert store.votes.add(reader.id, one, now=NOW, network=None)
    assert not store.votes.add(reader.id, one, now=NOW, network=None)
    assert (votes(store, one), votes(store, other)) == (1, 0)
    assert store.votes.remove(reader.id, one)
    assert not store.votes.remove(reader.id, one)
    assert votes(store, one) == 0


def test_what_one_reader_cannot_do_leaves_the_others_as_they_are(store: Store, reader: Reader) -> None:
    one, other = store.keys(0, 10)
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> None:
        begun.set()
        go_on.wait(10)

    with ThreadPoolExecutor(6) as people:  # those who come while something is being written are written together
        people.submit(store._database.durable, slow)
        begun.wait(10)
        first = people.submit(store.votes.add, reader.id, one, now=NOW, network=None)
        again = people.submit(store.votes.add, reader.id, one, now=NOW, network=None)
        wrong = people.submit(store.comments.add, reader.id, one, "?", parent=99, mentioned=(), now=NOW)
        twice = people.submit(store.readers.add, email=None, name="You", handle="you", role="reader", now=NOW)
        last = people.submit(store.votes.add, reader.id, other, now=NOW, network=None)
        while len(store._database._waiting) < 5:
            time.sleep(0.001)
        go_on.set()
        assert sorted((first.result(), again.result())) == [False, True]
        assert last.result() and twice.result().name == "You"
        with pytest.raises(NotFound):
            wrong.result()
    assert (votes(store, one), votes(store, other)) == (1, 1)
    assert store.comments.of_paper(one) == []


def test_votes_here_are_added_to_votes_elsewhere(store: Store, reader: Reader) -> None:
    from broadsheet.records import Signal

    add(store, record("c", "A Third Title of Many Words", signals=(Signal("votes", "2026-03-01", 41.0, "front_page"),)))
    key = store.keys(0, 10)[-1]
    store.votes.add(reader.id, key, now=NOW, network=None)
    assert votes(store, key) == 42
    assert [(s.source, s.value) for s in store.series(key) if s.kind == "votes"] == [("front_page", 41), ("here", 1)]
    assert store.newest(3) and [one.key for one in store.fronts.between("2026-03-14", "2026-03-14", 5)] == []


def test_merging_loses_no_vote_and_doubles_none(store: Store, reader: Reader) -> None:
    one, other = store.keys(0, 10)
    for key in (one, other):
        store.votes.add(reader.id, key, now=NOW, network=None)
        store.shelves.save(reader.id, key, shelf="Saved", note=None, now=NOW)
    add(store, record("c", identifiers=("arxiv:1", "doi:10.1/b")))
    assert votes(store, one) == 1, "one reader, one vote"
    assert store.votes.of_reader(reader.id) == [one]
    assert [saved.key for saved in store.shelves.saved(reader.id)] == [one]
    assert store.shelves.of(reader.id)[0].papers == 1
    (last, *_) = [merge for merge in store.merges() if merge.absorbed == other]
    store.unmerge(last.id, now=NOW)
    assert (votes(store, one), votes(store, other)) == (1, 1)
    assert len(store.shelves.saved(reader.id)) == 2


def test_taking_a_vote_back_after_a_merge_takes_all_of_it(store: Store, reader: Reader) -> None:
    one, other = store.keys(0, 10)
    for key in (one, other):
        store.votes.add(reader.id, key, now=NOW, network=None)
    add(store, record("c", identifiers=("arxiv:1", "doi:10.1/b")))
    assert store.votes.remove(reader.id, one)
    assert votes(store, one) == 0


def test_lists_count_what_papers_count(store: Store, reader: Reader) -> None:
    add(store, *(record(f"n{n}", f"Numbered Title of Words {n}", date="2026-03-10") for n in range(5)), cursor="2")

    def edition() -> list[int]:
        return [one.key for one in store.fronts.between("2026-03-10", "2026-03-10", 10)]

    keys = edition()
    store.votes.add(reader.id, keys[3], now=NOW, network=None)
    assert edition()[0] == keys[3]
    store.votes.remove(reader.id, keys[3])
    assert edition() == keys


def test_marks_are_a_readers_own(store: Store, reader: Reader) -> None:
    one, other = store.keys(0, 10)
    store.votes.add(reader.id, one, now=NOW, network=None)
    store.votes.hide(reader.id, other, now=NOW)
    store.votes.see(reader.id, other, now=NOW)
    store.shelves.save(reader.id, other, shelf="Later", note="why", now=NOW)
    marks = store.votes.marks(reader.id, [one, other])
    assert [set(some) for some in (marks.voted, marks.saved, marks.hidden, marks.seen)] == [
        {one},
        {other},
        {other},
        {other},
    ]
    assert not store.votes.marks(reader.id + 1, [one, other]).voted


def test_votes_come_with_what_weighs_them(store: Store, reader: Reader) -> None:
    (one, _) = store.keys(0, 10)
    store.votes.add(reader.id, one, now=NOW, network=7)
    (vote,) = store.votes.since(NOW)
    assert (vote.key, vote.reader, vote.age_days, vote.network) == (one, reader.id, 0.0, 7)


def test_a_note_stays_until_another_is_written(store: Store, reader: Reader) -> None:
    (one, _) = store.keys(0, 10)
    store.shelves.save(reader.id, one, shelf="Saved", note="first", now=NOW)
    store.shelves.save(reader.id, one, shelf="Saved", note=None, now=NOW)
    assert store.shelves.saved(reader.id)[0].note == "first"
    store.shelves.save(reader.id, one, shelf="Saved", note="", now=NOW)
    assert store.shelves.saved(reader.id)[0].note == ""
    assert store.shelves.unsave(reader.id, one, shelf=None)
    assert not store.shelves.unsave(reader.id, one, shelf="Saved")


def test_mail_waits_in_the_outbox(store: Store) -> None:
    assert store.outbox.add("login", "a@example.org", {"link": "x"}, priority=0, due=NOW) > 0
