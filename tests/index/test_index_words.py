"""What queries find, and in which order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hashing import Hashing
from papers import built, invented, keys, searched

from broadsheet.index import Entry
from broadsheet.index.snapshot import Snapshot
from broadsheet.query import Filters, Query, Term, parse

PAPERS = [
    Entry(
        key=1,
        title="Attention is all you need",
        text="The transformer needs nothing else.",
        authors=("Ashish Vaswani",),
    ),
    Entry(key=2, title="Graph networks", text="Attention of a graph is all the rage: you need it."),
    Entry(
        key=3,
        title="Learning to rank",
        text="Documents are retrieved and ranked, learning how.",
        authors=("Yann LeCun", "Ada Rank"),
    ),
    Entry(key=4, title="State of the art", text="", authors=("Le Cun Yann",)),
    Entry(key=5, title="Universal universities", text="Scalable retrievers"),
]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The papers above, indexed."""
    return built(tmp_path_factory.mktemp("words"), PAPERS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("attention", {1, 2}),
        ("ATTENTIONS", {1, 2}),
        ('"is all you need"', {1}),
        ('"need the transformer"', set()),  # no phrase reaches from the title into the text
        ('"attention of a graph"', {2}),
        ("attention -graph", {1}),
        ("-attention", {3, 4, 5}),
        ("title:attention", {1}),
        ("abstract:attention", {2}),
        ("abstract:learning", {3}),
        ("author:rank", {3}),
        ('author:"yann lecun"', {3}),
        ("vaswani", {1}),
        ("retriev*", {3, 5}),
        ("retrievi*", {3, 5}),
        ("univers*", {5}),
        ("zebra*", set()),
        ("the of", {1, 2, 4}),
        ("the transformer", {1}),
        ("zebra", set()),
        ('"state of the art"', {4}),
        ('"state of an art"', set()),
    ],
)
def test_finds(snapshot: Snapshot, text: str, found: set[int]) -> None:
    matches = snapshot.lexical.search(parse(text), 10)
    assert set(snapshot.keys[matches.rows].tolist()) == found
    assert matches.total == len(found)


def test_required_terms_narrow_and_others_add_score(snapshot: Snapshot) -> None:
    query = Query("", (Term(("attent",)), Term(("graph",), required=True), Term(("zebra",))))
    assert snapshot.keys[snapshot.lexical.search(query, 9).rows].tolist() == [2]


def test_the_title_counts_more(snapshot: Snapshot) -> None:
    assert keys(snapshot, "attention") == [1, 2]


@pytest.mark.parametrize(("typed", "meant"), [("attenton", {1, 2}), ("transfomrer", {1}), ("univrsalx", {5})])
def test_an_unknown_word_is_read_as_its_neighbour_and_that_is_said(
    snapshot: Snapshot, typed: str, meant: set[int]
) -> None:
    matches, notes = searched(snapshot, typed)
    assert set(snapshot.keys[matches.rows].tolist()) == meant
    assert len(notes) == 1


@pytest.mark.parametrize("typed", ["hoxb4", "transform3r", "HOXB", "atTenton"])
def test_names_and_identifiers_are_never_read_otherwise(tmp_path: Path, typed: str) -> None:
    snapshot = built(tmp_path, [Entry(key=1, title="Hoxb7, hoxc, a transformer, attention")])
    assert searched(snapshot, typed)[1] == ()
    assert searched(snapshot, "attenton")[1]


def test_long_queries_are_not_mended_and_short_ones_in_few_words(snapshot: Snapshot) -> None:
    assert len(searched(snapshot, "attenton transfomrer")[1]) == 2
    assert searched(snapshot, "attenton " + " ".join(f"zebra{'x' * n}" for n in range(20)))[1] == ()
    assert len(searched(snapshot, " ".join(f"{'a' * n}ttenton" for n in range(1, 9)) + " transfomrer")[1]) < 8


def test_a_rare_word_is_found_first_and_a_common_neighbour_too(tmp_path: Path) -> None:
    common = [Entry(key=key, title=f"A network of {key}") for key in range(600)]
    snapshot = built(tmp_path, [*common, Entry(key=600, title="A netwrok by name"), Entry(key=601, title="Neural")])
    matches, notes = searched(snapshot, "netwrok")
    assert snapshot.keys[matches.rows[0]] == 600
    assert matches.total == 601
    assert "too" in notes[0]
    assert searched(snapshot, '"netwrok by"')[0].total == 1
    assert searched(snapshot, "neural")[1] == ()


@pytest.mark.parametrize(
    ("text", "found"), [("tr*", set()), ("gr*", {2}), ("ya*", {3, 4}), ("title:gr*", {2}), ("tra*", {1})]
)
def test_two_letters_begin_words_of_titles_and_names(snapshot: Snapshot, text: str, found: set[int]) -> None:
    assert set(keys(snapshot, text)) == found
    assert any("two letters" in note for note in parse(text).notes) == (len(text) == 3)


def test_an_unknown_word_is_never_read_as_a_stop_word(tmp_path: Path) -> None:
    snapshot = built(tmp_path, [Entry(key=1, title="Your pouring of what is yours")])
    assert not any("your" in note for note in searched(snapshot, "yourr")[1])


def test_a_known_word_is_never_read_otherwise(snapshot: Snapshot) -> None:
    matches, notes = searched(snapshot, "rage")
    assert (snapshot.keys[matches.rows].tolist(), notes) == ([2], ())


def test_scores_of_given_rows_are_those_of_the_search(snapshot: Snapshot) -> None:
    query = parse("attention graph retrieval")
    matches = snapshot.lexical.search(query, 10)
    rows = np.arange(snapshot.rows)[::-1]
    scores = dict(zip(rows.tolist(), snapshot.lexical.scores(query, rows).tolist(), strict=True))
    assert {row: score for row, score in scores.items() if score} == dict(
        zip(matches.rows.tolist(), matches.scores.tolist(), strict=True)
    )
    assert snapshot.lexical.scores(query, []).tolist() == []


@pytest.mark.parametrize("text", ["graph sort:{}", "sort:{}", "-protein sort:{}"])
@pytest.mark.parametrize("sort", ["new", "old", "votes", "cited"])
def test_sorting_goes_over_all_matches(tmp_path: Path, text: str, sort: str) -> None:
    entries = {entry.key: entry for entry in invented(range(250))}
    snapshot = built(tmp_path, list(entries.values()))
    found = keys(snapshot, text.format(sort))

    def place(key: int) -> tuple[object, ...]:
        entry = entries[key]
        newest = (-entry.first_day, -key)
        if sort == "old":
            undated = entry.first_day < -(2**30)
            return (undated, entry.first_day, -key if undated else key)
        value = 0.0 if sort == "new" else entry.signals["votes" if sort == "votes" else "citations"]
        return (-value, *(newest if not value else (0, -key)))

    assert found == sorted(found, key=place)
    assert keys(snapshot, text.format(sort), 7) == found[:7]


def test_a_mask_narrows_exactly(tmp_path: Path) -> None:
    snapshot = built(tmp_path, invented(range(300)))
    everything = set(keys(snapshot, "graph learning cat:cs"))
    for share in (0.02, 0.5, 0.98):
        mask = np.random.default_rng(1).random(snapshot.rows) < share
        matches = snapshot.lexical.search(parse("graph learning cat:cs"), 1_000, mask)
        allowed = everything & set(snapshot.keys[mask].tolist())
        assert set(snapshot.keys[matches.rows].tolist()) == allowed
        assert matches.total == len(allowed)


def test_passing_the_filters_own_mask_changes_nothing(tmp_path: Path) -> None:
    snapshot = built(tmp_path, invented(range(100)))
    query = parse("graph venue:iclr")
    with_mask = snapshot.lexical.search(query, 50, snapshot.mask(query.filters))
    assert with_mask.rows.tolist() == snapshot.lexical.search(query, 50).rows.tolist()
    assert snapshot.mask(Filters(everything=True)) is None


def test_odd_words_do_no_harm(tmp_path: Path) -> None:
    snapshot = built(tmp_path, [Entry(key=1, title="x" * 70_000), Entry(key=2, title="naïve 中文 \x00 | ‖ graph")])
    for text in ("x" * 500, "中文", "|", '"| |"', "*", "a*", "-", "naive", '"graph"', "title:|"):
        snapshot.lexical.search(parse(text), 5)
    assert keys(snapshot, "naive") == [2]
    assert Hashing().encode([""]).any() == np.False_


VARIANTS = [
    Entry(key=1, title="Pre-trained auto-encoders", text="We use large language models."),
    Entry(key=2, title="A pretrained autoencoder", text="It learns."),
    Entry(key=3, title="LLMs in colour", text="They paint."),
    Entry(key=4, title="Training before noon", text="Auto repair and an encoder of color."),
]


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Papers that say the same in two ways."""
    return built(tmp_path_factory.mktemp("variants"), VARIANTS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pretrained", {1, 2}),
        ("title:pretrained", {1, 2}),
        ("autoencoders", {1, 2}),
        ("LLM", {1, 3}),
        ("color", {3, 4}),
        ("colour", {3, 4}),
        ('"pretrained"', {2}),
        ('"large language models"', {1}),
        ("pretrained -autoencoder", {1}),
    ],
)
def test_what_stands_for_a_word_is_found_too(variants: Snapshot, text: str, found: set[int]) -> None:
    assert set(keys(variants, text)) == found


@pytest.mark.parametrize("text", ["pre-trained auto-encoder", "pretrained autoencoder"])
def test_both_ways_of_writing_come_before_what_has_only_the_parts(variants: Snapshot, text: str) -> None:
    assert set(keys(variants, text)[:2]) == {1, 2}


def test_the_word_itself_comes_before_what_stands_for_it(variants: Snapshot) -> None:
    assert keys(variants, "title:pretrained")[0] == 2


def test_a_word_that_only_a_variant_has_is_no_typing_error(variants: Snapshot) -> None:
    assert not searched(variants, "large-language")[1]
    assert not searched(variants, "rag llm")[1]


def test_a_variant_is_found_where_its_words_stand_together(tmp_path: Path) -> None:
    foxo = [Entry(key=key, title="The foxo family") for key in (1, 2)]
    apart = built(tmp_path / "apart", [*foxo, Entry(key=3, title="A fox has 0 friends")])
    together = built(tmp_path / "together", [*foxo, Entry(key=3, title="The fox 0 family")])
    assert set(keys(apart, "foxoo")) == {1, 2}
    assert not keys(apart, "fox0")
    assert keys(together, "fox0") == [3]


@pytest.mark.parametrize("limit", [2, 100])
@pytest.mark.parametrize("text", ["graph", "graph learning", "graph dataset", '"graph" zebra*', "title:graph"])
def test_hidden_papers_are_neither_found_nor_counted(tmp_path: Path, text: str, limit: int) -> None:
    entries = [Entry(key=key, title=f"Graph data set {key}", hidden=key % 3 == 0) for key in range(1, 31)]
    built(tmp_path, entries)
    snapshot = built(tmp_path, [], 2, deleted=[3, 4])
    shown = [entry.key for entry in entries if not entry.hidden and entry.key != 4]
    matches = snapshot.lexical.search(parse(text), limit)
    assert snapshot.keys[matches.rows].tolist() == shown[:limit]
    assert matches.total == len(shown)
    everything = snapshot.lexical.search(replace(parse(text), filters=Filters(everything=True)), limit)
    assert everything.total == len(entries) - 2
