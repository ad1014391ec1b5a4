"""Submissions on both databases: claimed once, written with their papers, kept and forgotten with their files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from making import NOW, add, record

from broadsheet.store import Store


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with Store(database_url, tmp_path / "home") as store:
        add(store, record("a", "The Folding of Paper Cranes", identifiers=("arxiv:1",), authors=("Ada Lovelace",)))
        yield store


def send(store: Store, name: str, *, reader: int = 1, content: bytes | None = None) -> int:
    number, new = store.submissions.add(reader, "file", name, name, now=NOW, content=content)
    assert new
    return number


def test_each_is_claimed_by_one_until_its_lease_ends(store: Store) -> None:
    first, second = send(store, "a"), send(store, "b")
    assert store.submissions.add(1, "file", "a", "a", now=NOW) == (first, False)
    claims = [store.submissions.claim(now=NOW, lease=60) for _ in range(3)]
    assert [claim and (claim[0].id, claim[1]) for claim in claims] == [(first, False), (second, False), None]
    assert not store.submissions.due(now=NOW)
    later = NOW + timedelta(seconds=61)
    found = store.submissions.claim(now=later, lease=60)
    assert found is not None and (found[0].id, found[1], found[0].attempts) == (first, True, 2)
    store.submissions.postpone(first, "late", until=later + timedelta(hours=1))
    assert store.submissions.settle(second, "refused", "no", now=later)
    assert not store.submissions.due(now=later)
    assert store.submissions.counts(since=NOW) == {
        "waiting": 1,
        "waiting_since": store.submissions.open(9)[0].made,
        "taken": 0,
        "refused": 1,
    }


def test_what_came_is_written_once_however_often_it_is_done(store: Store) -> None:
    number = send(store, "a")
    here = record("x", "The folding of paper cranes.", identifiers=("doi:10.1/x",), authors=("A. Lovelace",))
    new = [record(f"n{n}", f"A New Title of Number {n}", identifiers=(f"doi:10.1/{n}",)) for n in range(120)]
    broken = record("w", "Half a \ud800 character", identifiers=("doi:10.1/w",))
    for _ in range(2):
        aside = store.submissions.take(number, [here, *new, broken], now=NOW, lease=60, trusted=False, live=False)
        assert len(aside) == 1
        found = store.submissions.get(number)
        assert found is not None and (found.new, found.here) == (120, 1)
    assert store.resolve("doi:10.1/x") is None, "a file adds nothing to what is here"
    store.submissions.take(number, [here], now=NOW, lease=60, trusted=True, live=False)
    assert store.resolve("doi:10.1/x") == store.resolve("arxiv:1")
    papers = store.submissions.papers(number, 500)
    assert (len(papers), papers[-1]) == (121, (store.resolve("arxiv:1"), False))


def test_files_are_kept_until_they_are_papers(store: Store) -> None:
    content = os.urandom(1_300_000)  # of several parts
    number = send(store, "x", content=content)
    assert store.submissions.content(number) == content
    assert 1_300_000 <= store.submissions.kept_bytes(1) < 1_301_000
    assert store.submissions.settle(number, "refused", "no", now=NOW)
    assert store.submissions.content(number) == content and store.submissions.again(number, now=NOW)
    assert store.submissions.settle(number, "found", None, now=NOW)
    assert (store.submissions.content(number), store.submissions.kept_bytes(1)) == (None, 0)


def test_a_file_that_did_not_arrive_whole_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = type(store.submissions)._keep

    def cut_off(self: object, number: int, reader: int, packed: bytes) -> None:
        calls.append(number)
        real(store.submissions, number, reader, packed[:-1])

    monkeypatch.setattr(type(store.submissions), "_keep", cut_off)
    number = send(store, "x", content=b"words " * 1000)
    assert calls == [number] and store.submissions.content(number) is None


def test_they_go_with_their_reader(store: Store) -> None:
    reader = store.readers.add(email="a@example.org", name="A", handle="a", role="reader", now=NOW)
    number = send(store, "x", reader=reader.id, content=b"words")
    other = send(store, "x", reader=reader.id + 1, content=b"words")
    store.submissions.take(number, [record("n", "A New Title of Four")], now=NOW, lease=60, trusted=False, live=False)
    store.forget(reader.id, now=NOW)
    assert store.submissions.get(number) is None and store.submissions.content(number) is None
    assert store.submissions.papers(number, 9) == []
    assert store.submissions.content(other) == b"words"
