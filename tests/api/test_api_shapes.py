"""The JSON twins hold what their models say, the OpenAPI document says what is served, and nothing is left out."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson
import pytest
from fakes import HOSTILE, PAPERS, client
from pydantic import ConfigDict, TypeAdapter
from starlette.testclient import TestClient

from broadsheet.api import shapes
from broadsheet.api.markdown import paper_markdown
from broadsheet.records import Hit, Listing, Paper, Reasons
from broadsheet.server import reference

STRICT = ConfigDict(extra="forbid", strict=True)


@pytest.fixture(scope="module")
def web() -> TestClient:
    return client()


@pytest.fixture(scope="module")
def document(web: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = web.get("/openapi.json").json()
    return found


def assert_shape(shape: Any, content: bytes) -> None:
    for part in (shape, *shape.__orig_bases__):
        if hasattr(part, "__annotations__"):
            part.__pydantic_config__ = STRICT
    TypeAdapter(shape).validate_json(content)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/front.json", shapes.EditionShape),
        ("/date/2026-03-13.json", shapes.EditionShape),
        ("/date/1999-01-01.json", shapes.EditionShape),
        ("/search.json?q=paper&explain=true", shapes.ListShape),
        ("/search.json?q=arxiv:2603.00001", shapes.ListShape),
        ("/week.json", shapes.EditionShape),
        ("/week/2026-W53.json", shapes.EditionShape),
        ("/month/2026-03.json", shapes.EditionShape),
        ("/trending.json", shapes.ListShape),
        ("/categories.json", shapes.CategoriesShape),
        ("/category/cs.CL.json?sort=trending", shapes.ListShape),
        ("/new.json?limit=200", shapes.ListShape),
        ("/similar.json?id=2603.00001&not=acl:X26-1001", shapes.ListShape),
        ("/papers/arxiv:2603.00001/similar.json", shapes.ListShape),
        ("/authors/ada-example.json", shapes.AuthorListShape),
        ("/venues/journal-of-invented-results.json", shapes.VenueListShape),
        *((f"/papers/{paper.id}.json", shapes.PaperShape) for paper in PAPERS[:11]),
    ],
)
def test_answers_are_what_their_models_say(web: TestClient, path: str, shape: Any) -> None:
    response = web.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert_shape(shape, response.content)


def test_a_list_is_the_same_object_everywhere(web: TestClient) -> None:
    names = {"query", "total", "page", "next", "notes", "hits", "snapshot", "milliseconds"}
    for path in (
        "/search.json?q=",
        "/new.json",
        "/front.json",
        "/similar.json?id=2603.00001",
        "/authors/ada-example.json",
    ):
        assert names <= set(web.get(path).json())


def test_a_hit_has_the_fixed_names(web: TestClient) -> None:
    (hit,) = web.get("/search.json?q=newspapers").json()["hits"]
    assert hit["id"] == "arxiv:2603.00001"
    assert hit["title"] == "Reading Newspapers with $O(n \\log n)$ Attention"
    assert (hit["published"], hit["announced"]) == ("2026-03-13", "2026-03-14")
    assert hit["url"] == "/papers/arxiv:2603.00001"
    assert hit["authors"] == [{"name": "Ada Example", "orcid": "0000-0002-1825-0097"}, {"name": "José Ñandú"}]
    assert (hit["votes"], hit["stars"], hit["comments"], hit["citations"]) == (41, 1300, 7, 3)
    assert "reasons" not in hit


def test_paging_goes_through_everything_once(web: TestClient) -> None:
    seen, page = [], 1
    while page:
        found = web.get(f"/search.json?q=&limit=4&page={page}").json()
        seen += [hit["id"] for hit in found["hits"]]
        page = found["next"]
    assert len(seen) == len(set(seen)) == found["total"]


def test_what_is_asked_reaches_the_library() -> None:
    web = client()
    web.get(
        "/search.json?q=a+b&limit=7&page=2&profile=dense&after=2024&before=2025-01&category=cs.CL&venue=ACL&sort=new"
    )
    name, arguments = web.app.state.library.calls[-1]  # type: ignore[attr-defined]
    assert (name, arguments) == (
        "search",
        {
            "text": "a b",
            "limit": 7,
            "page": 2,
            "explain": False,
            "profile": "dense",
            "after": "2024",
            "before": "2025-01",
            "category": "cs.CL",
            "venue": "ACL",
            "sort": "new",
            "plain": True,
        },
    )


def test_similar_needs_a_paper_and_takes_several(web: TestClient) -> None:
    assert web.get("/similar.json").status_code == 422
    assert web.get("/similar.json?id=" + "&id=".join(["x"] * 101)).status_code == 422
    assert web.get("/similar.json?id=none").status_code == 404
    found = web.get("/similar.json?id=2603.00001&id=acl:X26-1001&not=bs:abcdefgh2345").json()
    assert not {"arxiv:2603.00001", "acl:X26-1001", "bs:abcdefgh2345"} & {hit["id"] for hit in found["hits"]}


def test_text_stays_text_in_json_and_markdown(web: TestClient) -> None:
    paper = web.get("/papers/acl:X26-1001.json").json()
    assert HOSTILE in paper["title"]
    assert web.get("/papers/acl:X26-1001.md").headers["Content-Type"].startswith("text/markdown")


def test_every_field_of_a_paper_is_in_its_json() -> None:
    renamed = {"key": None, "date": "published"}
    expected = {renamed.get(field.name, field.name) for field in fields(Paper)} - {None}
    assert expected <= set(shapes.PaperShape.__annotations__)


def test_a_list_is_json_whatever_its_numbers() -> None:
    hit = Hit(paper=PAPERS[0], score=float("nan"), reasons=Reasons(words={"a": 1.0}))
    listing = Listing(query="", total=1, page=1, next=None, notes=(), hits=(hit,))
    assert orjson.loads(orjson.dumps(shapes.listing(listing)))["hits"][0]["score"] is None


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.id)
def test_markdown_begins_with_the_title_and_tells_the_status(paper: Paper) -> None:
    text = paper_markdown(paper)
    assert text.startswith("# ")
    assert paper.id in text
    assert (paper.status in text) == (paper.status != "published")


def test_the_document_is_openapi_31_and_names_every_twin(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert {
        "/front.json",
        "/date/{day}.json",
        "/week.json",
        "/week/{week}.json",
        "/month.json",
        "/month/{month}.json",
        "/trending.json",
        "/categories.json",
        "/category/{code}.json",
        "/search.json",
        "/new.json",
        "/similar.json",
        "/for-you.json",
        "/authors/{slug}.json",
        "/venues/{slug}.json",
        "/papers/{id}/similar.json",
        "/papers/{id}.json",
        "/papers/{id}.bib",
        "/papers/{id}.ris",
        "/papers/{id}.csl.json",
        "/papers/{id}.md",
        "/topics.json",
        "/topics/{slug}.json",
        "/about.json",
        "/follows.json",
        "/follows/preview.json",
        "/submit.json",
        "/submissions/{number}.json",
        "/unseen.json",
        "/shelf.json",
        "/shelf/{number}.json",
        "/shelves/{token}.json",
        "/papers/{id}/comments.json",
        "/healthz",
        "/readyz",
        "/metrics",
    } == set(document["paths"])


def test_everything_in_the_document_is_described(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["description"], path
            assert all(parameter.get("description") for parameter in operation.get("parameters", ())), path
            assert "404" in operation["responses"] or not operation.get("parameters"), path
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name


def test_failures_in_the_document_have_the_one_error_shape(document: dict[str, Any]) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if status != "200":
                    assert response["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorShape")


def test_references_in_the_document_lead_somewhere(document: dict[str, Any]) -> None:
    text = orjson.dumps(document).decode()
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(document["components"]["schemas"])


def test_the_document_reads_as_operations(document: dict[str, Any]) -> None:
    operations = {operation.path: operation for operation in reference.operations(document)}
    search = operations["/search.json"]
    assert (search.method, search.answer, search.shape) == ("GET", "application/json", "ListShape")
    parameters = {parameter.name: parameter for parameter in search.parameters}
    assert (parameters["limit"].kind, parameters["limit"].default) == ("1 to 200", "20")
    assert parameters["profile"].kind == "hybrid, lexical, dense, trending"
    assert parameters["after"].kind == "string or null"
    assert not parameters["q"].required
    assert operations["/papers/{id}.bib"].answer == "application/x-bibtex"
    assert (
        dict(next(s for s in reference.shapes(document) if s.name == "ListShape").fields)["hits"] == "list of HitShape"
    )
