"""Papers by the address of their page: what it says it is about is fetched from its source, else its word is taken."""

from __future__ import annotations

import pytest
from standin import Answer, Clock, StandIn, csl, fetchers, oai, tagged
from test_submitting import Town
from test_submitting import town as town  # a library with a reader, and a world for it
from test_submitting import world as world

from broadsheet.errors import SourceError
from broadsheet.records import Author
from broadsheet.sources import FETCHERS

PAGE = "https://journal.example/2026/folding.html"
TAGS = (
    ("citation_title", "On Folding & Unfolding"),
    ("citation_author", "Lovelace, Ada"),
    ("Citation_Author", "Augusta Byron"),
    ("citation_publication_date", "2026/03/01"),
    ("citation_journal_title", "Journal of Folding"),
    ("citation_abstract", "It folds <b>well</b>."),
    ("citation_pdf_url", "https://journal.example/2026/folding.pdf"),
)


def test_a_page_without_a_known_name_is_taken_at_its_word(town: Town) -> None:
    town.world.answers.update([tagged(PAGE, *TAGS)])
    done = town.fetched(PAGE + "#abstract")
    assert (done.state, done.kind, done.name) == ("found", "url", PAGE)
    ((paper, new),) = town.library.submitted(done)
    assert new and (paper.title, paper.date, paper.venue) == (
        "On Folding & Unfolding",
        "2026-03-01",
        "Journal of Folding",
    )
    assert paper.authors == (Author("Ada Lovelace"), Author("Augusta Byron")) and paper.sources == ("submitted",)
    assert paper.links["page"] == PAGE
    assert town.fetched("http://JOURNAL.example/2026/folding.html").state == "merged", "the same page, once"


@pytest.mark.parametrize("tag", [("citation_doi", "10.1000/FOLD"), ("DC.identifier", "doi:10.1000/fold")])
def test_what_a_page_is_about_is_fetched_from_its_source(town: Town, tag: tuple[str, str]) -> None:
    forged = (("citation_title", "Owned"), tag)
    town.world.answers.update([tagged(PAGE, *forged), csl("10.1000/fold", "The Agency's Own Title")])
    assert town.titles(town.fetched(PAGE)) == [("The Agency's Own Title", True)]
    assert town.library.paper("doi:10.1000/fold").sources == ("doi",)


def test_a_page_about_a_paper_that_is_here_changes_nothing(town: Town) -> None:
    forged = (("citation_title", "Owned"), ("citation_arxiv_id", "2603.00001"), ("citation_doi", "10.1000/mine"))
    town.world.answers.update([tagged(PAGE, *forged)])
    done = town.fetched(PAGE)
    assert (done.state, town.titles(done)) == ("merged", [("On the Folding of Paper Cranes", False)])
    assert town.library.store.resolve("doi:10.1000/mine") is None


def test_a_page_that_names_an_arxiv_paper(town: Town) -> None:
    number, title = "2603.09999", "On Folding Newspapers Well"
    pdf = ("citation_pdf_url", f"https://arxiv.org/pdf/{number}v2")
    town.world.answers.update([tagged(PAGE, ("citation_title", "x"), pdf), oai(number, title)])
    assert town.titles(town.fetched(PAGE)) == [(title, True)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (tagged(PAGE)[1], "does not say which paper"),
        (tagged(PAGE, ("citation_title", "x" * 3000))[1], "at most 2,000"),
        (tagged(PAGE, ("citation_title", "?!"))[1], "no letters"),
        (Answer(b"%PDF-1.7", "application/pdf"), "not with html"),
        (Answer(b"", "text/html", 403), "403"),
        (Answer(b"", "text/html", 404), "There is no paper"),
        (
            Answer(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
            "no address of the public",
        ),
    ],
)
def test_other_pages_are_refused(town: Town, answer: Answer, reason: str) -> None:
    town.world.answers[tagged(PAGE)[0]] = answer
    done = town.fetched(PAGE)
    assert done.state == "refused" and reason in str(done.reason)


def test_an_empty_page_and_a_broken_one_are_asked_for_again(town: Town) -> None:
    for answer in (Answer(b"", "text/html"), Answer(b"", "text/html", 502)):
        town.world.answers[tagged(PAGE)[0]] = answer
        sent = town.fetched(PAGE)
        assert sent.state == "waiting"
        town.library.take_back(town.reader, sent.id)


def test_the_real_one_asks_nobody_on_this_machine(world: StandIn) -> None:
    clock = Clock()
    made = FETCHERS["https"](now=clock.now, sleep=clock.sleep, jitter=lambda: 0.5)
    with pytest.raises(SourceError, match="no address of the public web"):
        made.fetch(f"{world.url}/web/x")
    assert world.asked == []
    assert fetchers(world.url).keys() == FETCHERS.keys()
