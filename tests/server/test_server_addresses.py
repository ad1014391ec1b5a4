"""Addresses: their forms, any identifier leading to the best one, and identifiers that look like something else."""

from __future__ import annotations

import pytest
from fakes import PAPERS, client
from starlette.testclient import TestClient

from broadsheet.records import Paper
from broadsheet.server.addresses import paper_path
from broadsheet.server.suffix import FORMS, form_of

PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def web() -> TestClient:
    return client()


def test_forms_are_tried_longest_first() -> None:
    assert list(FORMS) == sorted(FORMS, key=len, reverse=True)
    assert [form_of(path) for path in ("/a.csl.json", "/a.feed.json", "/a.json", "/a.bib", "/a", "/a.txt")] == [
        ".csl.json",
        ".feed.json",
        ".json",
        ".bib",
        "",
        "",
    ]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.id)
def test_every_paper_has_a_page_and_its_forms(web: TestClient, paper: Paper) -> None:
    page = web.get(paper_path(paper.id), headers=PAGE)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert web.get(paper_path(paper.id, ".json")).json()["id"] == paper.id
    for form, kind in ((".bib", "bibtex"), (".ris", "ris"), (".csl.json", "csl")):
        response = web.get(paper_path(paper.id, form))
        assert (response.status_code, response.text) == (200, f"{kind}: {paper.title}\n")
    assert web.get(paper_path(paper.id, ".md")).text.startswith("# ")
    assert web.get(paper_path(paper.id, "/similar.json")).status_code == 200


@pytest.mark.parametrize(
    ("asked", "best"),
    [
        ("/papers/2603.00001", "/papers/arxiv:2603.00001"),
        ("/papers/doi:10.1000/reading", "/papers/arxiv:2603.00001"),
        ("/papers/doi:10.1000/reading.json", "/papers/arxiv:2603.00001.json"),
        ("/papers/DOI:10.1000/Reading.csl.json?x=1&y=%2F", "/papers/arxiv:2603.00001.csl.json?x=1&y=%2F"),
        ("/papers/hep-th/9901001", "/papers/arxiv:hep-th/9901001"),
        ("/papers/hep-th/9901001/similar", "/papers/arxiv:hep-th/9901001/similar"),
        ("/papers/hep-th/9901001/similar.json?limit=3", "/papers/arxiv:hep-th/9901001/similar.json?limit=3"),
        ("/papers/10.1000/a%3Cb%3E%3Fc%23d%20%C3%A9", paper_path("doi:10.1000/a<b>?c#d é")),
    ],
)
def test_any_identifier_redirects_to_the_best_one(web: TestClient, asked: str, best: str) -> None:
    response = web.get(asked)
    assert (response.status_code, response.headers["Location"]) == (308, best)


def test_an_identifier_that_ends_like_a_form_is_its_own_page(web: TestClient) -> None:
    page = web.get("/papers/doi:10.1000/data.json", headers=PAGE)
    assert page.headers["Content-Type"].startswith("text/html")
    twin = web.get("/papers/doi:10.1000/data.json.json")
    assert twin.json()["id"] == "doi:10.1000/data.json"
    assert web.get("/papers/10.1000/data.json").headers["Location"] == "/papers/doi:10.1000/data.json"


@pytest.mark.parametrize(
    "path", ["/papers/doi:10.1/none", "/papers/doi:10.1/none.json", "/papers/", "/papers/%00", "/x.md"]
)
def test_what_is_not_there_is_404(web: TestClient, path: str) -> None:
    assert web.get(path).status_code == 404


def test_head_is_get_without_content(web: TestClient) -> None:
    got, head = web.get("/search.json?q=paper"), web.head("/search.json?q=paper")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["ETag"] == got.headers["ETag"]
