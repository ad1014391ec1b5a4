"""Looking after accounts, and what must never come of it; forms that say what was wrong; logs without keys."""

from __future__ import annotations

import json
import logging
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import desk
import pytest
from people import URL, People
from sqlalchemy import insert

from broadsheet.errors import InputError
from broadsheet.library import Library
from broadsheet.records import Reader
from broadsheet.settings import Settings
from broadsheet.store.schema import metadata


def test_letting_in_confirms_no_address(people: People) -> None:
    library = people.library
    waiting = library.store.readers.with_address("mallory@example.org", now=desk.NOW)
    library.lock_out(people.ada, waiting.id, "", undo=True)
    assert library.find_reader("mallory@example.org").state == "unconfirmed"
    library.lock_out(people.ada, waiting.id, "spam")
    assert library.lock_out(people.ada, waiting.id, "", undo=True).state == "unconfirmed"
    library.lock_out(people.ada, people.bob.id, "spam")
    assert library.lock_out(people.ada, people.bob.id, "", undo=True).state == "active"


def test_two_admins_who_leave_at_once_leave_one(database_url: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", database_url=database_url)
    with Library(settings, migrate=True) as library, Library(settings) as other, ThreadPoolExecutor(2) as both:
        for how in ("set_role", "ban", "delete"):
            names = [f"{how}-{n}" for n in (1, 2)]
            first, second = (library.add_reader(f"{name}@example.org", name=name, role="admin") for name in names)
            ended = list(both.map(_leave, (library, other), (first, second), (how, how)))
            assert sorted(ended) == [False, True], how
            left = [one for one in library.readers() if one.role == "admin" and one.state == "active"]
            assert len(left) == 1, how
            library.store.readers.change(left[0].id, role="reader")


def _leave(library: Library, admin: Reader, how: str) -> bool:
    """Say whether an admin could leave; who asks still has the other's role in mind from before."""
    try:
        if how == "set_role":
            library.set_role(admin, "reader")
        elif how == "ban":
            library.ban(admin)
        else:
            library.delete_account(admin, admin.name)
    except InputError:
        return False
    return True


def test_an_address_that_somebody_typed_in_ends_no_local_reader(tmp_path: Path) -> None:
    with desk.library(tmp_path, url=URL, registration="open") as library:
        local = library.local_reader()
        waiting = library.store.readers.with_address("anybody@example.org", now=desk.NOW)
        assert library.local_reader() == local and not library.store.readers.has_accounts()
        library.store.readers.confirm(waiting.id, "anybody@example.org", now=desk.NOW)
        assert library.local_reader() is None  # now there is somebody


@pytest.mark.parametrize("path", ["/login/{key}", "/mail/stop/{key}", "/shelves/{key}", "/feeds/{key}/for-you.atom"])
def test_a_failure_logs_no_key(
    people: People, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    for name in ("link", "unsubscribing", "shared_shelf", "feed_reader"):
        monkeypatch.setattr(people.library, name, broken)
    with caplog.at_level(logging.ERROR):
        assert people.browser().get(path.format(key="s3cr3t-t0k3n")).status_code == 500
    assert "s3cr3t" not in caplog.text and path.split("/")[1] in caplog.text


def test_a_note_is_kept_when_the_paper_is_saved_again(people: People) -> None:
    page = f"/papers/{desk.BOATS}"
    bob = people.browser(people.bob)
    desk.send(bob, f"{page}/save", page=page, shelf="Saved", note="why I kept it")
    shown = bob.get(page).text
    assert re.search(r'value="Saved">.*?\nwhy I kept it</textarea>', shown, re.S)
    desk.send(bob, f"{page}/save", page=page, shelf="Saved", note="")  # the form for another shelf
    desk.send(bob, f"{page}/save", page=page, note="")
    assert people.library.kept(people.bob, desk.BOATS) == [("Saved", "why I kept it")]
    desk.send(bob, f"{page}/save", page=page, shelf="Saved", note="", noted="1")
    assert people.library.kept(people.bob, desk.BOATS) == [("Saved", "")]


@pytest.mark.parametrize(
    ("action", "sent", "field"),
    [
        ("/me", {"name": "admin"}, "name"),
        ("/me", {"timezone": "Mars/Base"}, "timezone"),
        ("/me/address", {"email": "nowhere"}, "email"),
        ("/me/password", {"new": "short"}, "new"),
        ("/me/invite", {"email": "nowhere"}, "guest"),
        ("/me/delete", {"sure": "no"}, "sure"),
    ],
)
def test_a_form_says_which_field_is_wrong_and_keeps_it(
    people: People, action: str, sent: dict[str, str], field: str
) -> None:
    page = desk.send(people.browser(people.ada), action, page="/me", **sent)
    assert page.status_code == 400
    (marked,) = re.findall(r'<input[^>]*aria-invalid="true" aria-describedby="wrong"[^>]*>', page.text)
    assert f'id="{field}"' in marked and 'role="alert" id="wrong"' in page.text
    assert field in ("new", "sure") or f'value="{next(iter(sent.values()))}"' in marked


def test_the_log_in_form_says_which_field_is_wrong(people: People) -> None:
    for password, marked in (("", 1), ("wrong password", 2)):
        page = desk.send(people.browser(), "/login", page="/login", email="nowhere", password=password)
        assert page.text.count('aria-invalid="true" aria-describedby="wrong"') == marked


def test_everything_of_a_reader_is_exported_and_forgotten(people: People) -> None:
    """Whatever table has a reader: a row of Bob's in each, made up as the columns ask, is told and then gone."""
    library = people.library
    library.save(people.bob, desk.BOATS)
    tables = [table for table in metadata.sorted_tables if "reader" in table.c]
    filled = [table for table in tables if table.name != "missing"]  # its payload is a record

    def fill(connection: object) -> None:
        for table in filled:
            row = {column.name: _made_up(column) for column in table.c if not column.nullable and column.name != "id"}
            connection.execute(insert(table).values({**row, "reader": people.bob.id}))  # type: ignore[attr-defined]

    library.store._database.durable(fill)
    library.store.imports.keep(people.bob.id, "Later", [desk.paper("arxiv:2603.00099")])
    told = json.loads(zipfile.ZipFile(BytesIO(library.export_all(people.bob))).read("reader.json"))
    named = {"votes", "shelves", "hidden", "comments", "follows", "claims", "submissions"}
    renamed = {"opened": "seen", "opened_from_digests": "opened", "awaited": "missing", "webhooks": "hooks"}
    assert set(told) == named | set(renamed) | {"account", "rest"}
    assert {table.name for table in tables} == set(told["rest"]) | named | set(renamed.values())
    assert all(told["rest"].values()) and "s3cr3t" not in json.dumps(told)
    library.store.forget(people.bob.id, now=desk.NOW)
    left = {name for name, rows in library.store.belongings(people.bob.id).items() if rows}
    assert left == {"comments", "picks"}  # emptied: others need them


def test_webhooks_and_what_was_opened_from_digests_are_exported_without_keys_and_forgotten(people: People) -> None:
    library, bob = people.library, people.bob
    follow = library.follow(bob, "search", "paper")
    hook = library.add_hook(bob, follow.id, "https://example.org/rooms/s3cr3t-path", format="matrix", token="s3cr3t")
    library.keep_opens(bob, True)
    link = library.paper_link(bob.id, library.paper(desk.HATS), library.now)
    library.opened(link.rpartition("/")[2], counts=True)
    exported = zipfile.ZipFile(BytesIO(library.export_all(bob))).read("reader.json").decode()
    told = json.loads(exported)
    assert told["opened_from_digests"] == [{"id": desk.HATS, "title": "Paper Hats and Their Uses"}]
    (said,) = told["webhooks"]
    assert (said["host"], said["format"], said["follow"]) == ("example.org", "matrix", follow.id)
    assert "s3cr3t" not in exported and hook.secret not in exported
    library.delete_account(bob, "bob")
    assert library.store.hooks.get(hook.id) is None and library.store.follows.opens_of(bob.id) == []


def _made_up(column: object) -> object:
    kind, name = str(column.type), column.name  # type: ignore[attr-defined]
    if kind in ("BLOB", "BYTEA"):
        return b"s3cr3t"
    if kind == "TEXT":
        return "[]" if name in ("payload", "sections") else desk.NOW.isoformat()
    return 1
