"""Logging in at an issuer, honest or not: who gets in, as whom, and where they end up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import desk
import people as people_module
import pytest
from people import People
from starlette.testclient import TestClient

from broadsheet import rights
from broadsheet.errors import InputError, TooMany
from broadsheet.records import Author, Batch
from broadsheet.settings import Issuer as Named

pytest.importorskip("authlib")

from issuer import CLIENT, SECRET, Issuer, issuer

WITH, FROM = "/login/with/house", "/login/from/house"
REFUSED = "cannot be relied on"


@pytest.fixture
def house() -> Iterator[Issuer]:
    with issuer() as made:
        yield made


@pytest.fixture
def town(tmp_path: Path, house: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """A library that knows the issuer, with accounts for everybody who comes, as often as they like."""
    monkeypatch.setattr(rights, "LOG_IN", rights.Limit(1_000, 900))
    named = Named("house", "The House", house.address, CLIENT, SECRET)
    found = people_module.people(tmp_path, oidc=(named,), registration="open")
    with found.library:
        yield found


def come(browser: TestClient, house: Issuer, path: str = WITH, **changed: str) -> Any:
    """Set out, say yes there, and come back; `changed` is what comes back otherwise."""
    there = browser.get(path)
    assert there.status_code == 303 and there.headers["location"].startswith(f"{house.address}/authorize?"), there.text
    back = {**house.authorize(there.headers["location"]), **changed}
    return browser.get(f"{FROM}?{urlencode(back)}")


def who(browser: TestClient) -> str:
    """Return the name of who is logged in, or nothing."""
    page = browser.get("/me")
    found = re.search(r'<h1 dir="auto">(.+?)</h1>', page.text)
    return found[1] if page.status_code == 200 and found else ""


def test_somebody_new_gets_an_account_and_comes_back_to_it(town: People, house: Issuer) -> None:
    browser = town.browser()
    assert ">Log in with The House</a>" in browser.get("/login").text
    answer = come(browser, house, f"{WITH}?next=/shelf")
    assert (answer.status_code, answer.headers["location"]) == (303, "/shelf")
    assert who(browser).startswith("Reader ")
    again = town.browser()
    come(again, house)
    assert who(again) == who(browser)


def test_nobody_is_sent_elsewhere(town: People, house: Issuer) -> None:
    for next in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert come(town.browser(), house, f"{WITH}?{urlencode({'next': next})}").headers["location"] == "/", next


LIES: tuple[dict[str, Any], ...] = (
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "somebody-else"},
    {"aud": [CLIENT, "somebody-else"]},
    {"aud": None},
    {"azp": "somebody-else"},
    {"iss": "https://issuer.example"},
    {"iss": None},
    {"exp": 1},
    {"exp": None},
    {"iat": 4_000_000_000},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
    {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
)


def test_a_token_that_says_the_wrong_thing_lets_nobody_in(town: People, house: Issuer) -> None:
    browser = town.browser()
    for house.lies in LIES:
        answer = come(browser, house)
        assert answer.status_code == 400 and REFUSED in answer.text, house.lies
    assert not who(browser) and len(town.library.readers()) == 3


def test_a_token_that_somebody_else_can_have_made_lets_nobody_in(town: People, house: Issuer) -> None:
    browser = town.browser()
    for house.signed in ("nobody", "shared secret", "public key", "theirs", "theirs as ours"):
        answer = come(browser, house)
        assert answer.status_code == 400 and REFUSED in answer.text, house.signed
    assert not who(browser)


def test_only_the_browser_that_set_out_can_come_back_and_only_once(town: People, house: Issuer) -> None:
    victim, attacker = town.browser(), town.browser()
    there = attacker.get(WITH).headers["location"]
    back = f"{FROM}?{urlencode(house.authorize(there))}"
    assert victim.get(back).status_code == 400  # a log-in that another browser began
    victim.get(WITH)
    assert victim.get(back).status_code == 400  # its own state is another
    assert attacker.get(back).status_code == 303
    assert attacker.get(back).status_code in (400, 403) and who(victim) == ""


def test_an_answer_that_was_changed_lets_nobody_in(town: People, house: Issuer) -> None:
    browser = town.browser()
    for name, value, said in (
        ("state", "x", "Try again"),
        ("state", "é", "Try again"),
        ("iss", "https://issuer.example", REFUSED),
        ("code", "code-99", REFUSED),
    ):
        answer = come(browser, house, **{name: value})
        assert answer.status_code == 400 and said in answer.text, (name, value)


def test_who_says_no_there_is_told_so_here(town: People, house: Issuer) -> None:
    browser = town.browser()
    state = house.authorize(browser.get(WITH).headers["location"])["state"]
    page = browser.get(f"{FROM}?{urlencode({'state': state, 'error': '<b>access_denied'})}")
    assert page.status_code == 400 and "&lt;b&gt;access_denied" in page.text


def test_an_address_that_is_not_verified_is_nobodys(town: People, house: Issuer) -> None:
    for number, verified in enumerate((False, None, "true", 1)):
        house.lies, house.subject = {"email": "ada@example.org", "email_verified": verified}, f"subject-{number}"
        browser = town.browser()
        come(browser, house)
        assert who(browser).startswith("Reader "), verified
    assert town.library.find_reader("ada@example.org").id == town.ada.id
    assert all(reader.email is None for reader in town.library.readers() if reader.id > 3)


def test_a_verified_address_is_as_good_as_a_link_mailed_to_it(town: People, house: Issuer) -> None:
    house.lies = {"email": "Bob@Example.org", "email_verified": True}
    browser = town.browser()
    come(browser, house)
    assert who(browser) == "Bob"
    house.lies, house.subject = {}, "subject-2"
    house.told = {"email": "eve@example.org", "email_verified": True, "sub": "subject-1"}
    other = town.browser()
    come(other, house)
    assert who(other).startswith("Reader ")  # it spoke of somebody else
    house.subject, house.told = "subject-3", {"email": "eve@example.org", "email_verified": True}
    third = town.browser()
    come(third, house)
    assert who(third) == "Eve"


def test_where_accounts_are_not_open_nobody_new_gets_in(town: People, house: Issuer) -> None:
    library = town.library
    library.settings = replace(library.settings, registration="closed")
    answer = come(town.browser(), house)
    assert answer.status_code == 400 and "Nobody here is known by that" in answer.text
    library.link_identity(town.bob, house.address, "subject-1")
    browser = town.browser()
    come(browser, house)
    assert who(browser) == "Bob"
    library.ban(town.bob)
    assert "This account is closed" in come(town.browser(), house).text


def add_link(browser: TestClient) -> str:
    found = re.search(r'href="(/login/with/house\?add=[^"]+)"', browser.get("/me").text)
    assert found
    return found[1]


def test_who_is_logged_in_adds_an_issuer_and_removes_it(town: People, house: Issuer) -> None:
    browser = town.browser(town.bob)
    before = dict(browser.cookies)
    answer = come(browser, house, add_link(browser))
    assert answer.headers["location"] == "/me" and dict(browser.cookies)["broadsheet"] != before["broadsheet"]
    stolen = town.browser()
    stolen.cookies.set("broadsheet", before["broadsheet"])
    assert who(stolen) == "" and who(browser) == "Bob"  # the session got another token
    elsewhere = town.browser()
    come(elsewhere, house)
    assert who(elsewhere) == "Bob"
    page = browser.get("/me").text
    assert "subject-1" in page and "Add The House" not in page
    sent = {"issuer": house.address, "subject": "subject-1"}
    assert desk.send(town.browser(town.eve), "/me/identities", page="/me", **sent).status_code == 303
    assert len(town.library.identities(town.bob)) == 1  # Eve's form took nothing of Bob's
    desk.send(browser, "/me/identities", page="/me", **sent)
    assert town.library.identities(town.bob) == []


def test_no_other_site_adds_an_issuer_to_an_account(town: People, house: Issuer) -> None:
    browser = town.browser(town.bob)
    assert browser.get(WITH).status_code == 403
    assert browser.get(add_link(town.browser(town.eve))).status_code == 403


def test_an_issuer_is_added_to_whom_set_out_and_to_one_account(town: People, house: Issuer) -> None:
    browser = town.browser(town.bob)
    back = house.authorize(browser.get(add_link(browser)).headers["location"])
    path = town.library.login_link(town.eve)
    desk.send(browser, path, page=path)  # somebody else logs in meanwhile
    assert "as somebody else" in browser.get(f"{FROM}?{urlencode(back)}").text
    assert town.library.identities(town.eve) == town.library.identities(town.bob) == []
    town.library.link_identity(town.ada, house.address, "subject-1")
    answer = come(browser, house, add_link(browser))
    assert answer.status_code == 400 and "Another account" in answer.text


def test_the_only_way_in_stays(town: People, house: Issuer) -> None:
    browser = town.browser()
    come(browser, house)
    new = town.library.readers()[-1]
    with pytest.raises(InputError, match="only way in"):
        town.library.unlink_identity(new, house.address, "subject-1")


def test_an_issuer_that_describes_itself_badly_is_not_gone_to(town: People, house: Issuer) -> None:
    for house.described in (
        {"issuer": "https://issuer.example"},
        {"authorization_endpoint": "http://issuer.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ):
        assert town.browser().get(WITH).status_code == 503, house.described


def test_an_issuer_that_is_away_says_so(town: People) -> None:
    with issuer() as gone:
        named = replace(town.library.settings.oidc[0], issuer=gone.address)
    town.library.settings = replace(town.library.settings, oidc=(named,))
    assert town.browser().get(WITH).status_code == 503
    assert town.browser().get("/login/with/nobody").status_code == 404


def test_setting_out_has_a_limit(town: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "LOG_IN", rights.Limit(1, 900))
    town.library.set_out("192.0.2.0/24")
    with pytest.raises(TooMany):
        town.library.set_out("192.0.2.0/24")


def test_the_page_of_an_orcid_needs_no_moderator(town: People) -> None:
    library, orcid = town.library, "0000-0002-1825-0097"
    paper = desk.paper("arxiv:2603.00010", title="Paper Kites of Ada", authors=(Author("Ada Example", orcid),))
    library.store.add(Batch((paper,), "2"), cursor_name="file:2", source="test", now=desk.NOW)
    library.link_identity(town.bob, "https://orcid.org", orcid)
    library.link_identity(town.eve, "https://orcid.example", orcid)
    for reader in (town.bob, town.eve):
        library.claim_author(reader, "ada-example", "It is my ORCID iD.")
    assert [claim.name for claim in library.claimed_by("ada-example")] == ["Bob"]
    assert [claim.name for claim in library.open_claims(town.ada)] == ["Eve"]
