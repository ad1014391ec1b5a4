"""For you: the page, its JSON, and what a reader's acts change at once."""

from __future__ import annotations

from collections.abc import Iterator

import desk
import pytest

from broadsheet.library import Library
from broadsheet.library import taste as module
from broadsheet.records import Batch

_TOPICS = {"crane": "folding paper cranes birds origami", "boat": "paper boats floating water hulls sails"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library whose local reader is asked to pick first; the tests build on each other's acts, in order."""
    with desk.library(tmp_path_factory.mktemp("home")) as library:
        records = tuple(
            desk.paper(f"arxiv:2602.{number:05}", title=f"{topic} {number}", abstract=f"{words} {number}")
            for topic, words in _TOPICS.items()
            for number in range(100 * len(topic), 100 * len(topic) + 8)
        )
        library.store.add(Batch(records, "2"), cursor_name="file:2", source="test", now=desk.NOW)
        library.refresh()
        yield library


def test_before_anything_is_saved_there_are_papers_to_pick_from(library: Library) -> None:
    with desk.browser(library) as browser:
        page = browser.get("/for-you").text
        assert "Save three papers" in page and "0 of 3" in page
        assert desk.CRANES in page
        assert browser.get("/for-you.json").json()["hits"] == []


def test_what_is_saved_counts_at_once_and_is_the_reason(library: Library) -> None:
    with desk.browser(library) as browser:
        desk.send(browser, "/papers/arxiv:2602.00500/save")
        hits = browser.get("/for-you.json").json()["hits"]
        assert [hit["title"].split()[0] for hit in hits[:5]] == ["crane"] * 5
        assert hits[0]["because"]["id"] == "arxiv:2602.00500"
        page = browser.get("/for-you").text
        assert "Because you saved" in page and "Less like this" in page and "Save 2 more" in page
        assert "private" in browser.get("/for-you.json").headers["cache-control"]


def test_less_like_this_works_at_once(library: Library) -> None:
    with desk.browser(library) as browser:
        first = browser.get("/for-you.json").json()["hits"][0]["id"]
        assert desk.send(browser, f"/papers/{first}/hide").status_code == 303
        assert first not in browser.get("/for-you").text
        hits = browser.get("/for-you.json?limit=100").json()["hits"]
        assert first not in [hit["id"] for hit in hits]


def test_papers_can_be_named_instead_of_a_shelf(library: Library) -> None:
    with desk.browser(library, local=False) as browser:
        assert browser.get("/for-you").status_code == 403
        assert browser.get("/for-you.json").status_code == 403
        hits = browser.get("/for-you.json?id=arxiv:2602.00400&not=arxiv:2602.00401").json()["hits"]
        assert [hit["title"].split()[0] for hit in hits[:6]] == ["boat"] * 6
        assert browser.get("/for-you.json?id=arxiv:9999.99999").status_code == 404


def test_narrowed_by_day_and_by_page(library: Library) -> None:
    reader = library.local_reader()
    assert library.recommend(reader, after="2026-03-14").hits == ()
    two = [library.recommend(reader, limit=3, page=page).hits for page in (1, 2)]
    assert not {hit.paper.id for hit in two[0]} & {hit.paper.id for hit in two[1]}
    with desk.browser(library) as browser:
        assert "This month" in browser.get("/for-you?after=2026-03-14").text


def test_older_papers_say_less_and_votes_say_half(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = library.local_reader()
    assert reader is not None
    library.vote(reader, "arxiv:2602.00402")
    weights = library._weights(reader)
    assert sorted(weights.values()) == [-1.0, 0.5, 1.0]
    monkeypatch.setattr(module, "_HALVED", 1e-9)
    assert library.recommend(reader).hits
    library.unvote(reader, "arxiv:2602.00402")


def test_few_other_readers_are_not_listened_to(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = library.local_reader()
    assert reader is not None
    pairs = [(100 + number, key) for number in range(5) for key in (1, 2)]
    monkeypatch.setattr(library, "_everybody", lambda: pairs)
    assert library._taste({1: 1.0}, reader).others == pairs
    monkeypatch.setattr(library, "_everybody", lambda: pairs[:8])
    assert library._taste({1: 1.0}, reader).others == ()
