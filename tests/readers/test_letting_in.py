"""Letting in: what a link, an invitation and an address that anybody may type open, and how often they are tried."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import desk
import pytest
from people import HOST, People, people
from sqlalchemy import select

from broadsheet import rights
from broadsheet.errors import InputError, TooMany
from broadsheet.library import Library
from broadsheet.store import schema_readers as r

PASSWORD = "correct horse battery"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[People]:
    town = people(tmp_path, registration="open")
    with town.library:
        yield town


def mailed(library: Library) -> list[tuple[str, str]]:
    """Return (address, path of the link) of the mail that waits."""
    with library.store._database.reading() as connection:
        rows = connection.execute(select(r.outbox.c.address, r.outbox.c.payload)).all()
    return [(row.address, "/login/" + json.loads(row.payload)["link"].rpartition("/")[2]) for row in rows]


def test_an_invitation_opens_no_account_that_is_there(tmp_path: Path) -> None:
    """Where no mail is sent, who invites has the link in hand, whoever's address they typed."""
    with desk.library(tmp_path, allowed_hosts=(HOST,), registration="invitation") as library:
        ada = library.add_reader("ada@example.org", name="Ada", role="admin")
        town = People(library, ada, library.add_reader("bob@example.org", name="Bob"), ada)
        bob, stranger = town.browser(town.bob), town.browser()
        assert desk.send(bob, "/me/invite", page="/me", email="ada@example.org").status_code == 303
        path = re.search(r"/login/[\w-]+", bob.get("/me").text)
        assert path is not None
        assert desk.send(stranger, path[0], page=path[0]).status_code == 404
        assert stranger.get("/me").status_code == 401


def test_an_address_that_somebody_typed_into_the_box_can_still_have_an_account(town: People) -> None:
    town.library.store.readers.with_address("new@example.org", now=desk.NOW)
    town.library.ask_to_log_in("new@example.org")
    ((address, path),) = mailed(town.library)
    assert address == "new@example.org"
    client = town.browser()
    assert desk.send(client, path, page=path).status_code == 303
    assert client.get("/me").status_code == 200
    assert town.library.find_reader("new@example.org").state == "active"


def test_the_page_of_a_link_is_kept_nowhere(town: People) -> None:
    assert town.browser().get(town.library.login_link(town.bob)).headers["cache-control"] == "no-store"


def test_what_is_typed_as_an_address_counts_for_nothing_else(town: People) -> None:
    town.library.set_password(town.bob, PASSWORD)
    for name in (str(town.bob.id), "192.0.2.0/24"):
        for network in range(20):
            with pytest.raises((InputError, TooMany)):
                town.library.log_in(name, "guess", network=f"198.51.100.{network}")
    town.library.set_password(town.bob, "another password", old=PASSWORD)
    assert town.library.log_in("bob@example.org", "another password", network="192.0.2.0/24")


def test_one_reader_has_few_addresses_written_to(town: People) -> None:
    for number in range(rights.LOG_IN.count):
        town.library.ask_for_address(town.bob, f"a{number}@example.org")
    with pytest.raises(TooMany):
        town.library.ask_for_address(town.bob, "another@example.org")


def test_two_pages_at_once_exchange_a_token_only_once(town: People, monkeypatch: pytest.MonkeyPatch) -> None:
    town.library.start_session(town.bob)
    later: datetime = desk.NOW + timedelta(days=1, minutes=1)
    monkeypatch.setattr(town.library, "_clock", lambda: later)
    (session,) = town.library.sessions(town.bob)
    assert town.library.rotated(session) is not None
    assert town.library.rotated(session) is None, "else the browser may keep the one that is no longer valid"
