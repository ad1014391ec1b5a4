"""The reader of a laptop: who they are, where they are not, and that other sites cannot act for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import desk
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.server.sessions import network_of

VOTE = "/papers/" + desk.CRANES + "/vote"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with desk.library(tmp_path) as library:
        yield library


def votes(library: Library) -> float:
    return library.paper(desk.CRANES).signals.get("votes", 0.0)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000"])
def test_everything_works_at_once(library: Library, host: str) -> None:
    with desk.browser(library, host=host) as browser:
        assert desk.send(browser, VOTE).status_code == 303
        assert votes(library) == 1
        assert 'aria-pressed="true"' in browser.get("/").text
        assert desk.send(browser, VOTE, undo="1").status_code == 303
        assert votes(library) == 0


def test_a_vote_counts_at_the_next_list(library: Library) -> None:
    with desk.browser(library) as browser:
        desk.send(browser, f"/papers/{desk.HATS}/vote")
    assert library.front().papers[0].id == desk.HATS


def test_votes_count_in_the_order_by_votes_without_another_index(library: Library) -> None:
    library.refresh()
    local = library.local_reader()
    assert local is not None

    def order(query: str) -> list[str]:
        return [hit.paper.id for hit in library.search(query, sort="votes").hits]

    newest_first = [desk.HATS, desk.BOATS, desk.CRANES]
    assert order("paper") == order("") == newest_first
    library.vote(local, desk.CRANES)
    assert order("paper") == order("") == [desk.CRANES, desk.HATS, desk.BOATS]
    assert order("boats") == [desk.BOATS]
    assert library.search("paper", sort="votes", limit=1).hits[0].paper.id == desk.CRANES
    library.refresh()
    library.unvote(local, desk.CRANES)
    assert order("paper") == newest_first


def test_saved_papers_stand_on_the_shelf(library: Library) -> None:
    with desk.browser(library) as browser:
        desk.send(browser, f"/papers/{desk.BOATS}/save", note="read <b>soon</b>")
        shelf = browser.get("/shelf").text
        assert "A Theory of Paper Boats" in shelf and "read &lt;b&gt;soon&lt;/b&gt;" in shelf
        desk.send(browser, f"/papers/{desk.BOATS}/save", undo="1")
        assert "A Theory of Paper Boats" not in browser.get("/shelf").text


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP", "Via"]
)
def test_behind_a_proxy_there_is_no_local_reader(library: Library, header: str) -> None:
    with desk.browser(library) as browser:
        token = desk.token(browser)
        browser.headers[header] = "192.0.2.1"
        assert 'id="act"' not in browser.get("/").text
        assert browser.post(VOTE, data={"csrf": token}).status_code == 403
        assert browser.get("/shelf").status_code == 403
    assert votes(library) == 0


def test_a_proxy_that_says_nothing_of_itself_is_known_by_its_old_protocol(library: Library) -> None:
    with desk.browser(library) as browser:
        app: Any = browser.app

        async def older(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"http_version": "1.0"}, receive, send)

        browser = TestClient(older, base_url="http://localhost", headers={"Accept": "text/html"})
        assert 'id="act"' not in browser.get("/").text


@pytest.mark.parametrize("host", ["papers.example.org", "evil.example", "localhost.evil.example"])
def test_under_a_foreign_name_there_is_no_local_reader(tmp_path: Path, host: str) -> None:
    with desk.library(tmp_path, url="http://papers.example.org") as library, desk.browser(library) as browser:
        token = desk.token(browser)
        answer = browser.post(VOTE, data={"csrf": token}, headers={"Host": host})
        assert answer.status_code == (403 if host == "papers.example.org" else 421)
        assert votes(library) == 0


def test_on_another_bind_it_is_read_only_and_says_so(library: Library) -> None:
    with desk.browser(library, local=False) as browser:
        page = browser.get("/").text
        assert 'id="act"' not in page and "read-only" in page
        answer = browser.post(VOTE, data={"csrf": "x"})
        assert answer.status_code == 403
    assert votes(library) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[evil"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_cannot_send_forms_even_with_a_token(library: Library, headers: dict[str, str]) -> None:
    with desk.browser(library) as browser:
        answer = browser.post(VOTE, data={"csrf": desk.token(browser)}, headers=headers)
        assert answer.status_code == 403
    assert votes(library) == 0


@pytest.mark.parametrize("token", ["", "x", "a.b", "é.ü", "." * 5000])
def test_a_form_without_the_token_is_refused(library: Library, token: str) -> None:
    with desk.browser(library) as browser:
        assert browser.post(VOTE, data={"csrf": token}).status_code == 403
        assert browser.post(VOTE).status_code == 403
    assert votes(library) == 0


@pytest.mark.parametrize("content", [b"\xff\xfe", b"&".join(b"a=%d" % n for n in range(1000)), b"csrf=" + b"x" * 2**18])
def test_what_is_no_form_is_refused(library: Library, content: bytes) -> None:
    with desk.browser(library) as browser:
        assert browser.post(VOTE, content=content).status_code in (400, 403, 413)


def test_a_form_leads_back_to_its_page_and_nowhere_else(library: Library) -> None:
    with desk.browser(library) as browser:
        token = desk.token(browser)
        for referer, expected in {
            "http://localhost/date/2026-03-13?limit=5#x": "/date/2026-03-13?limit=5#p",
            "http://evil.example/": f"/papers/{desk.CRANES}#p",
            "http://localhost//evil.example": f"/papers/{desk.CRANES}#p",
            "http://[evil": f"/papers/{desk.CRANES}#p",
            "": f"/papers/{desk.CRANES}#p",
        }.items():
            answer = browser.post(VOTE, data={"csrf": token}, headers={"Referer": referer})
            assert answer.headers["location"].startswith(expected), referer


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("2001:db8::7", "2001:db8::/48"),
        ("nowhere", None),
    ],
)
def test_networks(host: str, network: str | None) -> None:
    assert network_of(Request({"type": "http", "client": (host, 1)})) == network


@pytest.mark.parametrize("number", ["9" * 30, "-1", "x", "\u0663"])
def test_a_follow_that_cannot_be_is_no_failure(library: Library, number: str) -> None:
    with desk.browser(library) as browser:
        answer = desk.send(browser, "/follows/settings", page="/me", act="unfollow", follow=number)
        assert answer.status_code == 400


def test_a_script_gets_json(library: Library) -> None:
    with desk.browser(library) as browser:
        answer = browser.post(VOTE, data={"csrf": desk.token(browser)}, headers={"Accept": "application/json"})
        assert answer.json() == {"id": desk.CRANES, "on": True, "votes": 1}


def test_what_was_done_is_said_once(library: Library) -> None:
    with desk.browser(library) as browser:
        desk.send(browser, f"/papers/{desk.CRANES}/hide")
        assert "stays out of your lists" in browser.get("/about").text
        assert "stays out of your lists" not in browser.get("/about").text


def test_hidden_papers_stand_in_no_list_until_they_may_again(library: Library) -> None:
    page = f"/papers/{desk.BOATS}"
    with desk.browser(library) as browser:
        desk.send(browser, f"{page}/hide", page=page)
        for lists in ("/", "/new", "/date/2026-03-13"):
            shown = browser.get(lists).text
            assert "A Theory of Paper Boats" not in shown and "Folding of Paper Cranes" in shown
        assert "stand in my lists again" in browser.get(page).text
        desk.send(browser, f"{page}/hide", page=page, undo="1")
        assert "A Theory of Paper Boats" in browser.get("/").text


def test_the_lead_that_was_picked_stands_first_with_its_byline(library: Library) -> None:
    page = f"/papers/{desk.HATS}"
    with desk.browser(library) as browser:
        desk.send(browser, f"{page}/lead", page=page, day="2026-03-13", byline="by the hatter", why="It fits.")
        front = browser.get("/").text
    assert "Chosen by the hatter: It fits." in front
    assert front.index("Paper Hats and Their Uses") < front.index("A Theory of Paper Boats")
