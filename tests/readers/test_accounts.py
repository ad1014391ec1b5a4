"""Accounts: links in mails, passwords, sessions, and everything that must not get in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import desk
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from broadsheet import rights
from broadsheet.errors import InputError, TooMany
from broadsheet.library import Library
from broadsheet.records import Reader
from broadsheet.settings import Settings
from broadsheet.store import schema_readers as r

URL = "http://papers.example.org"
HOST = "papers.example.org"
PASSWORD = "correct horse battery"


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = desk.NOW

    def __call__(self) -> Any:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(tmp_path: Path, clock: Clock) -> Iterator[Library]:
    with desk.library(tmp_path, url=URL, registration="open") as library:
        library._clock = clock
        yield library


@pytest.fixture
def ada(library: Library) -> Reader:
    return library.add_reader("ada@example.org", name="Ada", role="admin")


def browser(library: Library) -> TestClient:
    return desk.browser(library, local=False, host=HOST)


def mails(library: Library) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (kind, address, what it is told) of the mail that waits."""
    with library.store._database.reading() as connection:
        rows = connection.execute(select(r.outbox.c.kind, r.outbox.c.address, r.outbox.c.payload))
        return [(row.kind, row.address, json.loads(row.payload)) for row in rows]


def path_in_mail(library: Library) -> str:
    return str(mails(library)[-1][2]["link"]).removeprefix(URL)


def use(library: Library, path: str, client: TestClient | None = None) -> TestClient:
    """Open a link in a browser and press its button; return the browser."""
    client = client or browser(library)
    assert "button" in client.get(path).text
    assert desk.send(client, path, page=path).status_code == 303
    return client


def logged_in(library: Library, reader: Reader) -> TestClient:
    return use(library, library.login_link(reader))


def name_on_page(client: TestClient) -> str | None:
    found = re.search(r'href="/me"[^>]*>([^<]+)<', client.get("/about").text)
    return found[1] if found else None


# -- links in mails ----------------------------------------------------------------------------------------------------


def test_a_link_in_a_mail_logs_in_once(library: Library, ada: Reader) -> None:
    client = browser(library)
    answer = desk.send(client, "/login", page="/login", email=" Ada@Example.org ", next="/new")
    assert answer.status_code == 200 and "on its way" in answer.text
    ((kind, address, _),) = mails(library)
    assert (kind, address) == ("login", "ada@example.org")
    path = path_in_mail(library)
    assert browser(library).get(path).status_code == 200, "a program that looks at links does not use them up"
    use(library, path, client)
    assert name_on_page(client) == "Ada"
    assert client.get(path).status_code == 404


def test_a_link_is_too_old_after_an_hour(library: Library, ada: Reader, clock: Clock) -> None:
    library.ask_to_log_in("ada@example.org")
    clock.now += timedelta(minutes=61)
    assert browser(library).get(path_in_mail(library)).status_code == 404


def test_with_open_registration_a_link_makes_an_account(library: Library, ada: Reader) -> None:
    library.ask_to_log_in("new@example.org")
    assert [reader.email for reader in library.readers()] == ["ada@example.org"], "nothing before the link is used"
    client = use(library, path_in_mail(library))
    assert name_on_page(client) == "Reader 2"


def test_an_address_that_somebody_subscribed_can_still_make_its_account(library: Library, ada: Reader) -> None:
    waiting = library.store.readers.with_address("new@example.org", now=library.now)
    assert waiting.state == "unconfirmed"
    library.ask_to_log_in("new@example.org")
    use(library, path_in_mail(library))
    made = library.find_reader("new@example.org")
    assert (made.id, made.state, bool(made.confirmed)) == (waiting.id, "active", True)


def test_a_number_is_a_number_whatever_somebody_is_called(library: Library, ada: Reader) -> None:
    eve = library.add_reader("eve@example.org", name=str(ada.id))
    assert library.find_reader(str(ada.id)).id == ada.id
    assert library.find_reader(f"@{ada.id}").id == eve.id


@pytest.mark.parametrize("registration", ["invitation", "closed"])
def test_otherwise_nobody_is_mailed_who_has_no_account(tmp_path: Path, registration: str) -> None:
    with desk.library(tmp_path, url=URL, registration=registration) as library:
        library.add_reader("ada@example.org", role="admin")
        library.ask_to_log_in("new@example.org")
        assert mails(library) == []


def test_an_invitation_makes_an_account_where_registration_is_not_open(tmp_path: Path) -> None:
    with desk.library(tmp_path, url=URL, registration="invitation") as library:
        library.add_reader("ada@example.org", name="Ada", role="admin")
        host = logged_in(library, library.add_reader("bob@example.org", name="Bob"))
        assert desk.send(host, "/me/invite", page="/me", email="new@example.org").status_code == 303
        assert mails(library)[-1][:2] == ("invite", "new@example.org")
        use(library, path_in_mail(library))
        assert library.find_reader("new@example.org").role == "reader"


def test_where_registration_is_closed_readers_invite_nobody(tmp_path: Path) -> None:
    with desk.library(tmp_path, url=URL) as library:
        library.add_reader("ada@example.org", name="Ada", role="admin")
        guest = logged_in(library, library.add_reader("bob@example.org", name="Bob"))
        assert desk.send(guest, "/me/invite", page="/me", email="new@example.org").status_code == 403


# -- passwords ---------------------------------------------------------------------------------------------------------


def test_a_password_logs_in(library: Library, ada: Reader) -> None:
    library.set_password(ada, PASSWORD)
    client = browser(library)
    answer = desk.send(client, "/login", page="/login", email="ada@example.org", password=PASSWORD, next="/new")
    assert (answer.status_code, answer.headers["location"]) == (303, "/new")
    assert name_on_page(client) == "Ada"


def test_passwords_are_kept_as_argon2(library: Library, ada: Reader) -> None:
    library.set_password(ada, PASSWORD)
    assert (library.store.readers.password(ada.id) or "").startswith("$argon2id$")


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(library: Library, ada: Reader) -> None:
    library.set_password(ada, PASSWORD)
    here, elsewhere = logged_in(library, ada), logged_in(library, ada)
    wrong = desk.send(here, "/me/password", page="/me", old="wrong", new="another password")
    assert wrong.status_code == 400 and name_on_page(elsewhere) == "Ada"
    before = here.cookies["broadsheet"]
    assert desk.send(here, "/me/password", page="/me", old=PASSWORD, new="another password").status_code == 303
    assert name_on_page(here) == "Ada" and here.cookies["broadsheet"] != before
    assert name_on_page(elsewhere) is None
    assert library.log_in("ada@example.org", "another password").id == ada.id


@pytest.mark.parametrize("given", ["", "short", "nobody", "x" * 1001])
def test_short_passwords_are_refused(library: Library, ada: Reader, given: str) -> None:
    with pytest.raises(InputError, match="at least 10"):
        library.set_password(ada, given)


@pytest.mark.parametrize("given", ["nobody", "", PASSWORD])
def test_an_account_without_a_password_takes_none(library: Library, ada: Reader, given: str) -> None:
    with pytest.raises(InputError, match="belong together"):
        library.log_in("ada@example.org", given)


def test_passwords_are_not_tried_for_long(library: Library, ada: Reader, clock: Clock) -> None:
    for _ in range(10):
        library._within(rights.LOG_IN, "log in ada@example.org")
    with pytest.raises(TooMany):
        library.log_in("ada@example.org", "wrong password")
    clock.now += timedelta(minutes=2)
    with pytest.raises(InputError):
        library.log_in("ada@example.org", "wrong password")


def test_too_many_are_told_when_to_come_back(library: Library, ada: Reader) -> None:
    client = browser(library)
    token = desk.token(client, "/login")
    answers = [client.post("/login", data={"csrf": token, "email": "a@b.example"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


# -- account enumeration -----------------------------------------------------------------------------------------------


def test_what_is_answered_does_not_tell_who_has_an_account(tmp_path: Path) -> None:
    with desk.library(tmp_path, url=URL, registration="closed") as library:
        library.set_password(library.add_reader("ada@example.org", name="Ada", role="admin"), PASSWORD)
        client = browser(library)
        token = desk.token(client, "/login")

        def answer(email: str, **more: str) -> tuple[int, str]:
            found = client.post("/login", data={"csrf": token, "email": email, **more})
            return found.status_code, found.text.replace(email, "ADDRESS")

        assert answer("ada@example.org") == answer("bob@example.org")
        assert answer("ada@example.org", password="wrong") == answer("bob@example.org", password="wrong")


def test_a_wrong_address_costs_as_much_work_as_a_wrong_password(
    library: Library, ada: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from broadsheet.library import sessions

    library.set_password(ada, PASSWORD)
    looked: list[str] = []
    real = sessions._is

    def counted(known: str, password: str) -> bool:
        looked.append(known.split("$")[3])
        return real(known, password)

    monkeypatch.setattr(sessions, "_is", counted)
    for email in ("ada@example.org", "bob@example.org"):
        with pytest.raises(InputError, match="belong together"):
            library.log_in(email, "wrong password")
    assert looked[0] == looked[1], "one argon2 of the same cost each"


def test_asking_for_an_address_does_not_tell_whether_it_is_taken(library: Library, ada: Reader) -> None:
    bob = logged_in(library, library.add_reader("bob@example.org", name="Bob"))
    free = desk.send(bob, "/me/address", page="/me", email="free@example.org")
    taken = desk.send(bob, "/me/address", page="/me", email="ada@example.org")
    assert free.status_code == taken.status_code == 303
    assert [address for _, address, _ in mails(library)] == ["free@example.org"]


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_a_session_that_was_there_before_is_not_used(library: Library, ada: Reader) -> None:
    """Session fixation: whatever cookies an attacker has planted, logging in gives new ones."""
    mallory = logged_in(library, library.add_reader("mallory@example.org", name="Mallory"))
    planted = mallory.cookies["broadsheet"]
    victim = browser(library)
    victim.cookies.set("broadsheet", planted)
    assert name_on_page(victim) == "Mallory"
    use(library, library.login_link(ada), victim)
    assert name_on_page(victim) == "Ada"
    stolen = browser(library)
    stolen.cookies.set("broadsheet", planted)
    assert name_on_page(stolen) is None, "and the planted one has ended"


@pytest.mark.parametrize("cookie", ["", "x", "x.y", ".", "é.é", "a" * 43 + "." + "b" * 43, "\x00.\x00"])
def test_forged_sessions_are_nobody(library: Library, ada: Reader, cookie: str) -> None:
    given = f"broadsheet={cookie}".encode("latin-1", "replace")
    answer = browser(library).get("/about", headers={b"Cookie": given})
    assert answer.status_code == 200 and 'href="/me"' not in answer.text


def test_the_database_holds_no_token(library: Library, ada: Reader) -> None:
    client = logged_in(library, ada)
    token = client.cookies["broadsheet"].partition(".")[0]
    with library.store._database.reading() as connection:
        rows = connection.execute(select(r.sessions)).all()
    assert rows and token not in repr(rows)


def test_sessions_end_where_they_are_ended(library: Library, ada: Reader) -> None:
    one, other = logged_in(library, ada), logged_in(library, ada)
    assert desk.send(one, "/me/sessions", page="/me").status_code == 303
    assert (name_on_page(one), name_on_page(other)) == ("Ada", None)
    assert desk.send(one, "/logout", page="/me").status_code == 303
    assert name_on_page(one) is None


def test_a_session_gets_another_token_each_day(library: Library, ada: Reader, clock: Clock) -> None:
    client = logged_in(library, ada)
    old, token = client.cookies["broadsheet"], desk.token(client, "/me")
    clock.now += timedelta(days=1, minutes=1)
    assert name_on_page(client) == "Ada"
    assert client.cookies["broadsheet"] != old
    assert client.post("/me", data={"csrf": token, "name": "Ada L."}).status_code == 303, "its forms still work"
    thief = browser(library)
    thief.cookies.set("broadsheet", old)
    assert name_on_page(thief) == "Ada L.", "for requests that were under way"
    clock.now += timedelta(minutes=2)
    thief.cookies.set("broadsheet", old)
    assert name_on_page(thief) is None


def test_a_session_ends_by_itself(library: Library, ada: Reader, clock: Clock) -> None:
    client = logged_in(library, ada)
    clock.now += timedelta(days=31)
    assert name_on_page(client) is None


def test_cookies_are_kept_from_scripts_and_other_sites(tmp_path: Path) -> None:
    with desk.library(tmp_path, url="https://papers.example.org") as library:
        client = desk.browser(library, local=False, host=HOST)
        path = library.login_link(library.add_reader("ada@example.org", role="admin"))
        page = client.get(path)
        anchor = page.headers["set-cookie"]
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        cookie = anchor.partition(";")[0]
        answer = client.post(path, data={"csrf": token[1] if token else ""}, headers={"Cookie": cookie})
        for header in (anchor, answer.headers["set-cookie"]):
            assert {"HttpOnly", "SameSite=lax", "Secure", "Path=/"} <= {part.strip() for part in header.split(";")}
        assert answer.headers["set-cookie"].startswith("__Host-broadsheet=")


def test_secrets_change_without_ending_sessions(tmp_path: Path) -> None:
    with desk.library(tmp_path, url=URL) as library:
        client = logged_in(library, library.add_reader("ada@example.org", name="Ada", role="admin"))
        cookie = client.cookies["broadsheet"]
    secret = tmp_path / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    secret.rename(tmp_path / "secret.previous")
    for kept in (True, False):
        if not kept:
            (tmp_path / "secret.previous").unlink()
        with Library(Settings(home=tmp_path, url=URL), clock=lambda: desk.NOW) as library:
            again = browser(library)
            again.cookies.set("broadsheet", cookie)
            assert (name_on_page(again) == "Ada") is kept


# -- forms of others ---------------------------------------------------------------------------------------------------


def test_the_token_of_one_reader_is_nothing_for_another(library: Library, ada: Reader) -> None:
    mallory = logged_in(library, library.add_reader("mallory@example.org", name="Mallory"))
    victim = logged_in(library, ada)
    token = desk.token(mallory, "/me")
    assert victim.post("/me", data={"csrf": token, "name": "Owned"}).status_code == 403
    assert library.find_reader("ada@example.org").name == "Ada"


def test_logging_in_cannot_be_forced_on_somebody(library: Library, ada: Reader) -> None:
    mallory = browser(library)
    token = desk.token(mallory, "/login")
    victim = browser(library)
    answer = victim.post("/login", data={"csrf": token, "email": "mallory@example.org"})
    assert answer.status_code == 403


# -- mass assignment ---------------------------------------------------------------------------------------------------


def test_fields_that_a_form_does_not_have_change_nothing(library: Library, ada: Reader) -> None:
    bob = library.add_reader("bob@example.org", name="Bob")
    client = logged_in(library, bob)
    more = {"role": "admin", "state": "active", "id": "1", "email": "evil@example.org", "password": "x" * 20}
    assert (
        desk.send(client, "/me", page="/me", name="Robert", handle="ada", confirmed="1999", **more).status_code == 303
    )
    after = library.find_reader("bob@example.org")
    assert (after.role, after.id, after.has_password, after.handle) == ("reader", bob.id, False, "robert")


@pytest.mark.parametrize("name", ["", "Ada", "ADA", "a" * 41, "reader-7", "Admin", "\x07", "🙂"])
def test_names_that_nobody_may_have(library: Library, ada: Reader, name: str) -> None:
    bob = library.add_reader("bob@example.org", name="Bob")
    with pytest.raises(InputError):
        library.rename(bob, name)


# -- somebody else's ---------------------------------------------------------------------------------------------------


def test_nobody_ends_somebody_elses_session(library: Library, ada: Reader) -> None:
    victim = logged_in(library, ada)
    (session,) = library.sessions(ada)
    mallory = logged_in(library, library.add_reader("mallory@example.org", name="Mallory"))
    desk.send(mallory, "/me/sessions", page="/me", session=str(session.id))
    assert name_on_page(victim) == "Ada"


@pytest.mark.parametrize("number", ["0", "-1", "9" * 40, "1 OR 1=1", "x", "1.5", "٣"])
def test_numbers_that_are_none_are_no_failure(library: Library, ada: Reader, number: str) -> None:
    client = logged_in(library, ada)
    assert desk.send(client, "/me/sessions", page="/me", session=number).status_code in (303, 404)


@pytest.mark.parametrize("path", ["/me", "/shelf"])
def test_pages_of_ones_own_ask_who_it_is(library: Library, ada: Reader, path: str) -> None:
    assert browser(library).get(path).status_code in (303, 401)


# -- nobody is sent elsewhere ------------------------------------------------------------------------------------------

ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "/%0d%0aLocation: https://evil.example",
    "/\r\nLocation: https://evil.example",
    "/\t/evil.example",
    " //evil.example",
    "data:text/html,x",
)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_logging_in_leads_nowhere_else(library: Library, ada: Reader, address: str) -> None:
    client = browser(library)
    shown = client.get("/login", params={"next": address}).text
    hidden = re.search(r'name="next" value="([^"]*)"', shown)
    library.ask_to_log_in("ada@example.org", next=address)
    path = path_in_mail(library)
    answers = [desk.send(client, path, page=path), client.get("/login", params={"next": address})]
    ways = [answer.headers["location"] for answer in answers] + [hidden[1] if hidden else "none"]
    assert all(re.match(r"/(?![/\\])", way) and way.isprintable() for way in ways), ways


# -- looked after ------------------------------------------------------------------------------------------------------


def test_a_banned_reader_is_out_at_once_and_does_not_count(library: Library, ada: Reader) -> None:
    bob = library.add_reader("bob@example.org", name="Bob")
    client = logged_in(library, bob)
    desk.send(client, f"/papers/{desk.CRANES}/vote", page="/me")
    assert library.paper(desk.CRANES).signals["votes"] == 1
    library.ban(bob)
    assert name_on_page(client) is None
    assert library.paper(desk.CRANES).signals.get("votes", 0) == 0
    assert library.front().papers[0].signals.get("votes", 0) == 0
    library.ask_to_log_in("bob@example.org")
    assert mails(library) == []
    library.unban(bob)
    assert library.paper(desk.CRANES).signals["votes"] == 1


def test_there_is_always_somebody_who_looks_after_accounts(library: Library, ada: Reader) -> None:
    with pytest.raises(InputError, match="Nobody else"):
        library.ban(ada)
    with pytest.raises(InputError, match="Nobody else"):
        library.set_role(ada, "reader")


def test_the_first_account_can_take_over_the_local_shelf(tmp_path: Path) -> None:
    with desk.library(tmp_path) as library:
        with desk.browser(library) as client:
            desk.send(client, f"/papers/{desk.CRANES}/save", note="mine")
            ada = library.add_reader("ada@example.org", role="admin", take_over=True)
            assert client.get("/shelf").status_code == 401, "whoever sits here has to log in now"
        assert [saved.note for saved in library.saved(ada)] == ["mine"]


def test_what_others_can_reach_is_read_only_without_an_admin(tmp_path: Path) -> None:
    with desk.library(tmp_path, url=URL) as library:
        library.add_reader("bob@example.org", name="Bob")
        assert "read-only" in browser(library).get("/login").text or "no account" in browser(library).get("/login").text
