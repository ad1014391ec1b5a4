"""What must hold for any records: hypothesis tries to find some for which it does not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import NOW, add, contents, groups, record

from broadsheet.records import Author, Signal, SourceRecord
from broadsheet.store import Store
from broadsheet.store.codec import pack, plain, unpack

TITLES = ("The Folding of Paper Cranes", "The Flight of Paper Cranes", "Cranes", "Proceedings of the Crane Workshop")
ABSTRACTS = (
    None,
    "Square sheets become birds after twelve exact creases.",
    "Hydrophones recorded humpback songs near busy shipping lanes.",
)
NAMES = ("doi:10.1/a", "doi:10.1/b", "arxiv:2501.00001", "acl:P18-1001")

Facts = tuple[str, str, int, str | None, tuple[str, ...]]
facts = st.tuples(
    st.sampled_from(TITLES),
    st.sampled_from(("Ada Lovelace", "Charles Babbage")),
    st.integers(2018, 2026),
    st.sampled_from(ABSTRACTS),
    st.lists(st.sampled_from(NAMES), max_size=2, unique=True).map(tuple),
)
many = st.lists(facts, min_size=1, max_size=9)
relaxed = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    Store(f"sqlite:///{folder / 'b.sqlite'}", folder).close()
    return folder / "b.sqlite"


@contextmanager
def fresh(empty: Path) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(empty, Path(name) / "b.sqlite")
        with Store(f"sqlite:///{name}/b.sqlite", Path(name)) as store:
            yield store


def records_of(drawn: Sequence[Facts]) -> list[SourceRecord]:
    return [
        record(f"r{i}", title, authors=(author,), date=str(year), abstract=abstract, identifiers=names)
        for i, (title, author, year, abstract, names) in enumerate(drawn)
    ]


def same(one: Facts, other: Facts) -> bool:
    """The rule of DESIGN.md in the words of this test."""
    if set(one[4]) & set(other[4]):
        return True
    agree = one[3] is None or other[3] is None or one[3] == other[3]
    return one[0] in TITLES[:2] and one[:2] == other[:2] and abs(one[2] - other[2]) <= 2 and agree


def expected_groups(drawn: Sequence[Facts]) -> set[frozenset[str]]:
    found: list[set[int]] = []
    for i in range(len(drawn)):
        touching = [g for g in found if any(same(drawn[i], drawn[j]) for j in g)]
        found = [g for g in found if g not in touching] + [{i}.union(*touching)]
    return {frozenset(f"r{i}" for i in g) for g in found}


@given(many, st.randoms(use_true_random=False), st.integers(1, 9))
@relaxed
def test_the_order_of_loading_does_not_matter(empty: Path, drawn: list[Facts], chance: object, size: int) -> None:
    shuffled = records_of(drawn)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    with fresh(empty) as store:
        for start in range(0, len(shuffled), size):
            add(store, *shuffled[start : start + size])
        assert groups(store) == expected_groups(drawn)
        assert store.integrity() is None


@given(many)
@relaxed
def test_loading_again_changes_nothing(empty: Path, drawn: list[Facts]) -> None:
    with fresh(empty) as store:
        add(store, *records_of(drawn))
        before, last = contents(store), store.last_change()
        added = add(store, *reversed(records_of(drawn)))
        assert (added.unchanged, store.last_change()) == (len(drawn), last)
        assert contents(store) == before


@given(many, st.data())
@relaxed
def test_undoing_every_merge_gives_every_record_back(empty: Path, drawn: list[Facts], data: st.DataObject) -> None:
    with fresh(empty) as store:
        add(store, *records_of(drawn))
        known = {name for paper in store.papers(store.keys(0, 99)) for name in paper.identifiers}
        for merge in data.draw(st.permutations(store.merges())):
            for key in store.unmerge(merge.id, now=NOW):
                (paper,) = store.papers([key])
                assert store.resolve(paper.id) == key
        assert groups(store) == {frozenset((f"r{i}",)) for i in range(len(drawn))}
        assert set(store.resolve_many(known)) == known
        assert store.integrity() is None
        last = store.last_change()
        add(store, *records_of(drawn))
        assert store.last_change() == last


@given(many)
@relaxed
def test_what_was_told_apart_stays_apart(empty: Path, drawn: list[Facts]) -> None:
    with fresh(empty) as store:
        add(store, *records_of(drawn))
        for merge in store.merges()[-1:]:
            kept, back = store.unmerge(merge.id, now=NOW)
            one, other = ([r.own_id for r in store.records(key)] for key in (kept, back))
            add(store, *(record(r.own_id, r.title, **_fields(r), note="changed") for r in records_of(drawn)))
            assert not any(set(one) & group and set(other) & group for group in groups(store))


def _fields(r: SourceRecord) -> dict[str, object]:
    return {"authors": (r.authors[0].name,), "date": r.date, "abstract": r.abstract, "identifiers": r.identifiers}


texts = st.text(st.characters(codec="utf-8"), max_size=30)


@given(
    st.builds(
        SourceRecord,
        source=texts,
        scheme=texts,
        own_id=texts,
        title=texts,
        abstract=st.none() | texts.filter(bool),
        authors=st.lists(st.builds(Author, texts, st.none() | texts.filter(bool)), max_size=3).map(tuple),
        date=st.none() | st.just("2025-01-02"),
        keywords=st.lists(texts, max_size=3).map(tuple),
        identifiers=st.lists(texts, max_size=3).map(tuple),
        links=st.dictionaries(texts, texts, max_size=2),
        status=st.sampled_from(("published", "rejected", "withdrawn", "deleted")),
        signals=st.lists(
            st.builds(Signal, texts, texts, st.floats(allow_nan=False, allow_infinity=False), texts), max_size=2
        ).map(tuple),
    )
)
def test_a_record_comes_out_as_it_went_in(given_record: SourceRecord) -> None:
    assert unpack(pack(plain(given_record))) == given_record
