"""Which records become one paper (DESIGN.md, Identity), on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from making import NOW, TITLE, add, groups, only, record

from broadsheet.errors import NotFound
from broadsheet.store import Store

CRANES = "We fold cranes from square sheets and count the creases that every wing needs."
CRANES_AGAIN = (
    "In this article cranes are folded from sheets; the creases that wings need are counted and proved minimal."
)
WHALES = "Migrating humpbacks sing longer songs where shipping lanes are busy, as hydrophones moored off Maui show."


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with Store(database_url, tmp_path / "home") as opened:
        yield opened


def test_shared_identifiers_make_one_paper(store: Store) -> None:
    first = record("a", "Short", source="arxiv", identifiers=("arxiv:2501.00001",), authors=("A B",))
    second = record("b", "Quite Another Title", identifiers=("doi:10.1/x", "arxiv:2501.00001"), authors=("C D",))
    key = only(store, first, second)
    (paper,) = store.papers([key])
    assert paper.id == "arxiv:2501.00001"
    assert set(paper.identifiers) == {"arxiv:2501.00001", "doi:10.1/x"}
    assert store.records(key) == [first, second]
    assert store.resolve("doi:10.1/x") == key


def test_title_surname_and_near_year_make_one_paper(store: Store) -> None:
    only(
        store, record("a", date="2023-05-01"), record("b", TITLE.upper() + "!", authors=("Lovelace, A.",), date="2025")
    )


@pytest.mark.parametrize(
    "other",
    [
        record("b", date="2028"),
        record("b", authors=("Charles Babbage",)),
        record("b", date=None),
        record("b", title=TITLE + " and Boats"),
        record("b", abstract=WHALES),
    ],
    ids=["years apart", "another author", "no year", "another title", "another abstract"],
)
def test_what_does_not_agree_stays_apart(store: Store, other: object) -> None:
    add(store, record("a", date="2025", abstract=CRANES), other)  # type: ignore[arg-type]
    assert groups(store) == {frozenset("a"), frozenset("b")}


def test_abstracts_of_two_versions_agree(store: Store) -> None:
    only(store, record("a", abstract=CRANES), record("b", abstract=CRANES_AGAIN))


def test_short_titles_never_join(store: Store) -> None:
    add(store, record("a", "Attention Revisited Again"), record("b", "Attention Revisited Again"))
    assert len(store.keys(0, 10)) == 2


def test_front_matter_never_joins_and_is_not_ranked(store: Store) -> None:
    title = "Proceedings of the Fourth Workshop on Cranes"
    add(store, record("a", title), record("b", title))
    first, second = store.papers(store.keys(0, 10))
    assert first.front_matter
    assert second.front_matter
    assert store.newest(10) == []


def test_without_authors_it_joins_the_only_paper_of_its_title(store: Store) -> None:
    only(store, record("a", date="2019"), record("b", authors=(), date=None))


def test_without_authors_it_is_joined_by_the_first_that_has_some(store: Store) -> None:
    only(store, record("b", authors=(), date=None), record("a", date="2019"))


def test_without_authors_and_several_papers_it_is_perhaps_the_same(store: Store) -> None:
    add(store, record("a"), record("b", authors=("Charles Babbage",)), record("c", authors=()))
    a, b, c = store.keys(0, 10)
    assert store.perhaps_same(c) == [a, b]
    assert store.perhaps_same(a) == [c]


def test_the_same_title_on_two_pages_is_one_paper_with_both_texts(store: Store) -> None:
    one = record(source="page", authors=(), abstract=CRANES, date=None, title="Short Cranes")
    two = replace(one, abstract=WHALES)
    key = only(store, one, two)
    assert store.records(key) == [one, two]
    (paper,) = store.papers([key])
    assert paper.id.startswith("bs:")
    assert len(paper.id) == len("bs:") + 12
    last = store.last_change()
    assert add(store, two, one).counts()["unchanged"] == 2
    assert store.last_change() == last


def test_a_later_record_joins_two_papers_and_the_older_key_stays(store: Store) -> None:
    add(store, record("a", "First of the Titles Here", identifiers=("doi:10.1/a",)))
    add(store, record("b", "Second of the Titles Here", identifiers=("acl:P18-1001",)))
    a, b = store.keys(0, 10)
    added = add(store, record("c", "Third of the Titles Here", identifiers=("doi:10.1/a", "acl:P18-1001")))
    assert added.merged == 2
    assert store.keys(0, 10) == [a]
    assert store.resolve("acl:P18-1001") == a
    assert store.papers([b]) == []
    assert [(c.key, c.gone) for c in store.changes(0, 10)] == [(a, False), (b, True)]


def test_a_merge_can_be_undone_for_good(store: Store) -> None:
    one = record("a", identifiers=("arxiv:2501.00001",), abstract=CRANES)
    two = record("b", identifiers=("doi:10.1/b",), abstract=CRANES)
    key = only(store, one, two)
    (merge,) = store.merges(key)
    assert (merge.survivor, merge.reason, merge.undone) == (key, "title", None)
    before = store.last_change()
    kept, back = store.unmerge(merge.id, now=NOW)
    assert (kept, store.records(kept), store.records(back)) == (key, [one], [two])
    assert store.resolve("doi:10.1/b") == back
    assert {c.key for c in store.changes(before, 10)} == {kept, back}
    add(store, replace(two, note="changed, and still not the same"))
    assert store.keys(0, 10) == [kept, back]
    assert store.perhaps_same(back) == []
    with pytest.raises(NotFound):
        store.unmerge(merge.id, now=NOW)


def test_what_leaves_without_an_identifier_of_its_own_gets_an_address(store: Store) -> None:
    key = only(store, record("a", identifiers=("doi:10.1/x",)), record("b", identifiers=("doi:10.1/x",)))
    kept, back = store.unmerge(store.merges(key)[0].id, now=NOW)
    first, second = store.papers([kept, back])
    assert first.id == "doi:10.1/x"
    assert second.id.startswith("bs:")
    assert store.resolve(second.id) == back
    assert store.integrity() is None


def test_two_pages_of_one_title_can_be_told_apart(store: Store) -> None:
    one = record(source="page", authors=(), abstract=CRANES)
    key = only(store, one, replace(one, abstract=WHALES))
    kept, back = store.unmerge(store.merges(key)[0].id, now=NOW)
    ids = [paper.id for paper in store.papers([kept, back])]
    assert len(set(ids)) == 2
    assert [store.resolve(name) for name in ids] == [kept, back]


def test_what_was_told_apart_keeps_an_address_when_its_source_drops_its_own(store: Store) -> None:
    key = only(store, record("a", identifiers=("doi:10.1/x",)), record("b", identifiers=("doi:10.1/x", "doi:10.1/b")))
    _, back = store.unmerge(store.merges(key)[0].id, now=NOW)
    add(store, record("b", identifiers=("doi:10.1/x",)))
    (paper,) = store.papers([back])
    assert paper.id.startswith("bs:")
    assert store.resolve(paper.id) == back


def test_an_identifier_of_no_known_scheme_is_kept_but_gives_no_address(store: Store) -> None:
    key = only(store, record("a", identifiers=("isbn:978",)))
    assert store.resolve("isbn:978") == key
    assert store.papers([key])[0].id.startswith("bs:")


def test_undoing_takes_along_what_had_joined_before(store: Store) -> None:
    add(store, record("a", "First of the Titles Here", identifiers=("doi:10.1/a",)))
    add(store, record("b", "Second of the Titles Here", identifiers=("doi:10.1/b",)))
    add(store, record("c", "Second of the Titles Here", identifiers=("doi:10.1/c",)))
    add(store, record("d", "Last of the Titles Here", identifiers=("doi:10.1/a", "doi:10.1/b")))
    assert groups(store) == {frozenset("abcd")}
    (joining,) = [m for m in store.merges() if m.absorbed == 2]
    store.unmerge(joining.id, now=NOW)
    assert groups(store) == {frozenset("ad"), frozenset("bc")}


def test_an_identifier_that_a_source_drops_stays_valid(store: Store) -> None:
    key = only(store, record("a", identifiers=("doi:10.1/wrong",)))
    add(store, record("a", identifiers=("doi:10.1/right",)))
    assert store.resolve("doi:10.1/wrong") == store.resolve("doi:10.1/right") == key
    assert store.papers([key])[0].id == "doi:10.1/right"


def test_what_was_a_fallback_still_resolves_when_a_better_name_comes(store: Store) -> None:
    key = only(store, record("a"))
    fallback = store.papers([key])[0].id
    add(store, record("a", identifiers=("arxiv:2501.00001",)))
    assert store.resolve(fallback) == key
    assert store.papers([key])[0].id == "arxiv:2501.00001"


def test_deletion_marks_and_keeps_the_text(store: Store) -> None:
    whole = record("a", source="arxiv", identifiers=("arxiv:2501.00001",), abstract=CRANES)
    key = only(store, whole)
    gone = replace(whole, title="", abstract=None, authors=(), date=None, status="deleted")
    for expected in (1, 0):
        assert add(store, gone, now=NOW + timedelta(days=1)).updated == expected
    (paper,) = store.papers([key])
    assert (paper.status, paper.abstract) == ("deleted", CRANES)
    assert store.newest(10) == []
    assert [c.gone for c in store.changes(0, 10)] == [True]


def test_a_deletion_of_what_was_never_seen_is_nothing(store: Store) -> None:
    assert add(store, record("a", title="", status="deleted")).counts()["unchanged"] == 1
    assert store.counts()["records"] == 0
