"""Concepts through the front door: on papers, in searches, of a month; over a real library and the shipped concepts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import pytest
from starlette.testclient import TestClient

from broadsheet import Library
from broadsheet.app import create
from broadsheet.cli import main
from broadsheet.errors import InputError, NotFound
from broadsheet.settings import Settings

ABOUT = {
    "dark": ("Dark matter halos in galaxies", "We measure dark matter density profiles of halos with rotation curves."),
    "graph": ("Graph neural networks", "A graph neural network passes messages between the nodes of a graph."),
    "sail": ("A short history of sails", "Canvas, hemp and flax on the ships of the seventeenth century."),
}


def _records() -> Iterator[str]:
    for number in range(40):
        title, text = ABOUT["dark" if number % 4 else "sail"]
        yield json.dumps(
            {"id": f"2401.{number:05}", "title": f"{title}, part {number}", "abstract": text, "date": "2024-01-10"}
        )
    for number in range(20):
        title, text = ABOUT["graph" if number % 2 else "dark"]
        yield json.dumps(
            {"id": f"2406.{number:05}", "title": f"{title}, part {number}", "abstract": text, "date": "2024-06-10"}
        )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("topics")
    (home / "papers.jsonl").write_text("\n".join(_records()))
    with Library(Settings(home=home), clock=lambda: datetime(2024, 7, 1, tzinfo=UTC)) as library:
        library.add([home / "papers.jsonl"])
        library.refresh()
        yield library


def test_a_paper_is_about_what_its_words_mean(library: Library) -> None:
    assert "dark matter" in " ".join(library.concepts("2401.00001"))
    with pytest.raises(NotFound):
        library.concepts("2401.99999")


def test_a_search_within_a_concept_finds_its_papers_alone(library: Library) -> None:
    (concept, *_) = library.concepts("2401.00001")
    found = library.search(f'concept:"{concept}"', limit=100)
    assert found.total == len(found.hits)
    assert all(concept in hit.concepts for hit in found.hits)
    assert {hit.paper.id for hit in found.hits} >= {"arxiv:2401.00001", "arxiv:2401.00002"}
    assert not library.search(f'concept:"{concept}" flax').total
    assert library.search('concept:"no such thing"').total == 0


def test_facets_and_reasons_name_concepts(library: Library) -> None:
    listing = library.search("dark matter halos", explain=True)
    assert listing.facets is not None
    assert any("dark matter" in name for name, _ in listing.facets.concepts)
    reasons = listing.hits[0].reasons
    assert reasons is not None
    assert set(reasons.concepts) <= set(listing.hits[0].concepts)
    assert reasons.concepts


def test_a_month_is_about_what_rose_over_the_year_before(library: Library) -> None:
    month, found = library.topics()
    assert month == "2024-06"
    names = [topic.name for topic in found]
    new = set(library.concepts("2406.00001")) - set(library.concepts("2401.00001"))
    assert names[0] in new
    risen = found[0]
    assert risen.papers == 10 > risen.expected
    with pytest.raises(InputError):
        library.topics("June")


def test_a_concept_has_a_page_a_twin_and_a_line_in_the_terminal(
    library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(create(library.settings, library=library), base_url="http://localhost")
    listed = client.get("/topics.json", params={"month": "2024-06"}).json()
    top = listed["topics"][0]
    assert client.get("/topics", headers={"accept": "text/html"}).text.count(f"/topics/{top['slug']}") == 1
    papers = client.get(f"/topics/{top['slug']}.json").json()
    assert (papers["name"], papers["total"]) == (top["name"], 10)
    assert papers["hits"][0]["published"] >= papers["hits"][-1]["published"]
    feed = client.get(f"/topics/{top['slug']}.atom")
    assert feed.text.count("<entry>") == 10
    assert top["name"] in client.get("/papers/arxiv:2406.00001.json").json()["concepts"]
    assert client.get("/topics/no-such-concept", headers={"accept": "text/html"}).status_code == 404
    assert client.get("/topics", params={"month": "soon"}).status_code == 422
    monkeypatch.setenv("BROADSHEET_HOME", str(library.settings.home))
    with pytest.raises(SystemExit):
        main(["topics", "2024-06", "--json"])
    assert json.loads(capsys.readouterr().out)["topics"] == listed["topics"][:20]


def test_an_index_of_other_concepts_is_made_anew(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    from broadsheet.encode import concepts

    def read() -> tuple[str, ...]:
        with Library(library.settings) as other:  # sees the newest snapshot at once
            return other.concepts("2401.00001")

    before = read()
    assert before
    assert not library.behind
    monkeypatch.setattr(concepts, "load", lambda encoder: concepts.NOTHING)
    assert library.behind
    assert library.refresh()["indexed"] >= 50
    assert read() == ()
    monkeypatch.undo()
    library.refresh()
    assert read() == before


def test_a_concept_is_told_by_phrases_on_its_page_and_in_json(library: Library) -> None:
    client = TestClient(create(library.settings, library=library), base_url="http://localhost")
    told = library.told_by("dark-matter")
    assert told == library.told_by("dark matter")
    assert "dark energy" in told
    page = client.get("/topics/dark-matter", headers={"accept": "text/html"}).text
    assert 'Also told by <a href="/search?q=%22' in page
    assert all(f">{phrase}</a>" in page for phrase in told)
    assert client.get("/topics/dark-matter.json").json()["told_by"] == list(told)
    with pytest.raises(NotFound, match="nearest: “dark matter”"):
        library.told_by("dark-matters")


def test_a_concept_is_known_by_other_forms_of_its_name_and_by_a_phrase_that_it_alone_has(library: Library) -> None:
    found = library.search('concept:"dark matter"')
    assert found.total
    same = library.search("concept:“Dark Matters”")
    assert (same.total, same.notes) == (found.total, ())
    told = library.search("concept:dark")
    assert told.total == found.total
    assert told.notes == ("No concept here is called “dark”; it tells of “dark matter”, whose papers these are.",)
    other = library.search('concept:"graph neural network"')
    assert other.total == 0
    assert "nearest: “graph structure”" in other.notes[0]


def test_a_plain_listing_is_the_same_without_marks_and_facets(library: Library) -> None:
    for ask in (partial(library.search, "dark matter"), partial(library.similar, ["2401.00001"])):
        whole, plain = ask(), ask(plain=True)
        assert [hit.paper for hit in plain.hits] == [hit.paper for hit in whole.hits]
        assert whole.facets
        assert any(hit.title_marks for hit in whole.hits)
        assert any(hit.text_marks for hit in whole.hits)
        assert plain.facets is None
        assert not any(hit.title_marks or hit.text_marks for hit in plain.hits)
