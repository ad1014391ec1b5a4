"""One error shape for every failure; pages for people, JSON for programs; and no failure unanswered."""

from __future__ import annotations

import logging

import pytest
from fakes import client

from broadsheet.errors import DamagedSnapshot, InputError, NoSnapshot, StoreError
from broadsheet.server.headers import SECURITY

PAGE = {"Accept": "text/html,application/xhtml+xml"}


def assert_error(response, status: int, code: str) -> str:  # type: ignore[no-untyped-def]
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert set(SECURITY.items()) <= set(response.headers.items()) | {
        (name, response.headers.get(name, "")) for name in SECURITY
    }
    (error,) = response.json().values()
    assert set(error) == {"status", "code", "message"}
    assert (error["status"], error["code"]) == (status, code)
    return str(error["message"])


@pytest.mark.parametrize(
    "path", ["/nothing.json", "/nothing", "/papers/none.json", "/authors/none.json", "/static/none"]
)
def test_404(path: str) -> None:
    assert_error(client().get(path), 404, "not_found")


def test_405_says_what_is_allowed() -> None:
    response = client().post("/search.json")
    assert_error(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=abc", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("page=-1", "page"),
        ("page=1e9", "page"),
        ("profile=none", "profile"),
        ("sort=random", "sort"),
        ("explain=maybe", "explain"),
        (f"after={'9' * 201}", "after"),
        (f"q={'x' * 10_001}", "q"),
    ],
)
def test_422_names_the_parameter(query: str, name: str) -> None:
    assert assert_error(client().get(f"/search.json?{query}"), 422, "invalid_parameter").startswith(f"{name}: ")


def test_422_for_a_day_that_is_none() -> None:
    assert "2025-11-03" in assert_error(client().get("/date/2025-13-40.json"), 422, "invalid_parameter")


def test_empty_fields_of_a_form_count_as_absent() -> None:
    response = client().get("/search.json?q=&limit=&page=&profile=&after=&before=&category=&venue=&sort=&explain=")
    assert response.status_code == 200
    assert response.json()["page"] == 1


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InputError("No such profile."), 400, "bad_request"),
        (NoSnapshot("Nothing is indexed."), 503, "unavailable"),
        (StoreError("The disk is full."), 500, "internal_error"),
        (DamagedSnapshot("Checksums differ."), 500, "internal_error"),
    ],
)
def test_our_own_errors_keep_their_message(error: Exception, status: int, code: str) -> None:
    response = client(broken=error).get("/search.json?q=x")
    assert assert_error(response, status, code) == str(error)
    assert ("Retry-After" in response.headers) == (status == 503)


@pytest.mark.parametrize("path", ["/search.json?q=x", "/papers/doi:10.1/x.json", "/metrics"])
def test_the_unforeseen_is_a_500_that_tells_nothing_and_is_logged(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = client(broken=ZeroDivisionError("secret")).get(path)
    assert "secret" not in assert_error(response, 500, "internal_error")
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    "error", [None, ZeroDivisionError("secret"), NoSnapshot("Nothing is indexed."), StoreError("Full.")]
)
def test_people_get_a_page_whatever_fails(error: Exception | None) -> None:
    response = client(broken=error).get("/papers/none", headers=PAGE)
    assert response.status_code == (404 if error is None else getattr(error, "status", 500))
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.headers["Content-Security-Policy"]
    assert "secret" not in response.text


def test_programs_get_json_also_from_page_addresses() -> None:
    assert client().get("/papers/none", headers={"Accept": "*/*"}).headers["Content-Type"] == "application/json"
    assert client().get("/papers/none.json", headers=PAGE).headers["Content-Type"] == "application/json"
