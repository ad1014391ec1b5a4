"""Records that readers bring: matched as all records are, saved in one go, the rest remembered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from making import NOW, add, record

from broadsheet.store import Store


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with Store(database_url, tmp_path / "home") as store:
        add(
            store,
            record("a", "The Folding of Paper Cranes", identifiers=("arxiv:1",), authors=("Ada Lovelace",)),
            record("b", "Another Title of Four Words", identifiers=("doi:10.1/b",)),
        )
        yield store


def test_a_record_matches_what_it_would_join_and_nothing_is_added(store: Store) -> None:
    before = store.counts()
    by_id = record("x", "Called Something Else Here", identifiers=("doi:10.1/b",))
    by_title = record("y", "The folding of paper cranes.", authors=("A. Lovelace",))
    other = record("z", "The Folding of Paper Cranes", authors=("Bob Babbage",))
    broken = record("w", "Half a \ud800 character", identifiers=("arxiv:1",))
    found = store.imports.match([by_id, by_title, other, broken])
    assert found == [store.resolve("doi:10.1/b"), store.resolve("arxiv:1"), None, None]
    assert store.counts() == before
    assert store.imports.match([]) == []


def test_papers_are_saved_once(store: Store) -> None:
    reader = store.readers.make_local(now=NOW)
    one, two = (store.resolve(name) for name in ("arxiv:1", "doi:10.1/b"))
    assert one and two
    store.shelves.save(reader.id, one, shelf="Read", note="mine", now=NOW)
    assert store.imports.save(reader.id, [one, two, two], shelf="Read", now=NOW) == 1
    assert store.imports.save(reader.id, [one, two], shelf="Read", now=NOW) == 0
    notes = {saved.key: saved.note for saved in store.shelves.saved(reader.id)}
    assert notes == {one: "mine", two: ""}


def test_what_is_missing_is_remembered_until_dropped_or_forgotten(store: Store) -> None:
    reader = store.readers.make_local(now=NOW)
    missing = [record("m", "A Paper Not Here Yet"), record("n", "Nor Is This One Here")]
    for _ in range(2):
        store.imports.keep(reader.id, "Read", missing)
    assert {(shelf, one.title) for shelf, one in store.imports.missing(reader.id)} == {
        ("Read", one.title) for one in missing
    }
    store.imports.drop(reader.id, "Read", missing[:1])
    assert [one.title for _, one in store.imports.missing(reader.id)] == ["Nor Is This One Here"]
    store.forget(reader.id, now=NOW)
    assert store.imports.missing(reader.id) == []
