"""Subscribing, following and stopping through the front door, without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from desk import browser, send, token
from starlette.testclient import TestClient
from town import Town, close, link

from broadsheet import rights
from broadsheet.web.following import followable

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FOLLOWED = {"Sec-Fetch-Mode": "navigate"}  # what browsers say when somebody follows a link


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


def stranger(town: Town) -> TestClient:
    return browser(town.library, local=False, host="papers.example.org")


def subscribe(page: TestClient, address: str) -> Any:
    """Send the form of the box."""
    return page.post("/subscribe", data={"csrf": token(page), "address": address})


def digest_of(town: Town, address: str = "ada@example.org") -> Any:
    """Have an address follow the front page, and return the letter that it got."""
    town.library.follow(town.reader(address), "front")
    town.publish("On the Folding of Paper Cranes", votes=[3])
    town.wait(days=1)
    return town.letters_to(address, "digest")[0]


def test_an_address_alone_subscribes_confirms_and_is_told_nothing_of_others(town: Town) -> None:
    town.publish("On the Folding of Paper Cranes", votes=[3])
    digest_of(town)
    page = stranger(town)
    assert 'name="address"' in page.get("/").text
    answers = {
        address: page.post("/subscribe", data={"address": address}).text.replace(address, "")
        for address in ("ada@example.org", "eve@example.org", "eve@example.org")
    }
    strip = re.compile(r'name="csrf" value="[^"]+"')
    assert len({strip.sub("", text) for text in answers.values()}) == 1
    town.turn()
    (letter,) = town.letters_to("eve@example.org")
    where = link(letter, "/mail/confirm/")
    looked = page.get(where)
    assert "Paper Cranes" in looked.text and looked.headers["Cache-Control"] == "no-store"
    assert not town.library.store.follows.of(2)  # looking confirms nothing
    assert "Confirmed" in page.post(where).text
    town.publish("A Theory of Paper Boats", votes=[3])
    town.wait(days=1)
    assert len(town.letters_to("eve@example.org", "digest")) == 1


def test_one_click_stops_everything_without_cookies_or_redirect(town: Town) -> None:
    letter = digest_of(town)
    where = letter["List-Unsubscribe"].strip("<>").removeprefix("https://papers.example.org")
    page = stranger(town)
    asked = page.get(where)
    assert asked.status_code == 200 and "Nothing has been changed yet" in asked.text
    page.cookies.clear()
    done = page.post(where, data=ONE_CLICK)
    assert done.status_code == 200 and not done.history and "No more mail" in done.text
    multipart = page.post(where, files={"List-Unsubscribe": (None, "One-Click")})
    assert multipart.status_code == 200  # again, and in the other form that RFC 8058 allows
    town.publish("A Theory of Paper Boats", votes=[3])
    town.wait(days=2)
    assert len(town.letters) == 1


def test_links_that_were_tampered_with_change_nothing(town: Town) -> None:
    where = digest_of(town)["List-Unsubscribe"].strip("<>").removeprefix("https://papers.example.org")
    page = stranger(town)
    sealed = where.rpartition("/")[2]
    for wrong in (sealed[:-2] + "AA", "W251bGwsMV0." + sealed.partition(".")[2][::-1], "x", "%00", "é"):
        for kind in ("stop", "manage", "confirm"):
            for answer in (page.get(f"/mail/{kind}/{wrong}"), page.post(f"/mail/{kind}/{wrong}")):
                assert answer.status_code == 400, (kind, wrong)
    assert page.post(f"/mail/confirm/{sealed}").status_code == 400  # sealed for something else
    assert page.post(f"/mail/manage/{sealed}", data={"act": "stop"}).status_code == 400
    assert town.library.delivery(town.reader()).stopped is None


def test_a_link_to_settings_needs_no_account_and_ends_after_sixty_days(town: Town) -> None:
    where = link(digest_of(town), "/mail/manage/")
    page = stranger(town)
    assert "Trending papers" in page.get(where).text
    saved = page.post(where, data={"act": "delivery", "hour": "18", "weekday": "2", "timezone": "Europe/Paris"})
    assert "Saved" in saved.text and town.library.delivery(town.reader()).hour == 18
    (follow,) = town.library.follows(town.reader())
    change = {"act": "change", "follow": str(follow.id), "every": "weekly", "size": "5", "threshold": ""}
    assert "Saved" in page.post(where, data=change).text
    assert page.post(where, data={**change, "size": "many"}).status_code == 400
    assert page.post(where, data={**change, "follow": "99"}).status_code == 404
    assert page.post(where, data={**change, "follow": "9" * 30}).status_code == 400
    assert "No digests" in page.post(where, data={"act": "stop"}).text
    assert "come again" in page.post(where, data={"act": "resume"}).text
    page.post(where, data={"act": "unfollow", "follow": str(follow.id)})
    assert not town.library.follows(town.reader())
    town.now += timedelta(days=61)
    assert page.get(where).status_code == 400


def test_the_local_reader_follows_lists_and_sees_the_next_digest(town: Town) -> None:
    town.publish("On the Folding of Paper Cranes", votes=[3], index=True)
    page = browser(town.library)
    assert "Follow this" in page.get("/search?q=cranes").text
    followed = send(page, "/follows", page="/search?q=cranes", kind="search", text="cranes", name="")
    assert followed.status_code == 303
    shown = page.get("/follows").text
    assert "cranes" in shown and "Not looked at yet" in shown
    assert "Paper Cranes" in page.get("/follows/preview").text
    told = page.get("/follows.json").json()
    assert [one["name"] for one in told["follows"]] == ["cranes"]
    preview = page.get("/follows/preview.json").json()
    assert [hit["title"] for hit in preview["sections"][0]["hits"]] == ["On the Folding of Paper Cranes"]
    number = str(told["follows"][0]["id"])
    send(page, "/follows/settings", page="/follows", act="unfollow", follow=number)
    assert "You follow nothing yet" in page.get("/follows").text


def test_the_local_readers_address_confirms_itself_and_the_laptop_stays_without_accounts(town: Town) -> None:
    page = browser(town.library)
    assert page.post("/subscribe", data={"address": "me@example.org"}).status_code == 403  # another site sent it
    assert "on its way" in subscribe(page, "me@example.org").text
    town.turn()
    stranger(town).post(link(town.letters[0], "/mail/confirm/"))
    assert page.get("/follows").status_code == 200
    town.publish("On the Folding of Paper Cranes", votes=[3])
    town.wait(days=1)
    assert len(town.letters_to("me@example.org", "digest")) == 1


def test_what_would_come_is_shown_without_reading_all_new_papers(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.publish("On the Folding of Paper Cranes", votes=[3], index=True)
    monkeypatch.delattr("broadsheet.rank.news.News")
    assert "Paper Cranes" in stranger(town).get("/subscribe").text


def test_what_a_reader_would_get_is_shown_from_the_last_papers_without_reading_them(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broadsheet.library.newsroom._LATEST", 1)
    monkeypatch.delattr("broadsheet.rank.news.News.take")
    reader = town.library.local_reader()
    assert reader is not None
    follow = town.library.follow(reader, "search", "paper")
    town.publish("On the Folding of Paper Cranes", "A Theory of Paper Boats", index=True)
    for path in ("/follows/preview", f"/feeds/{town.library.feed_token(reader)}/follow/{follow.id}.atom"):
        text = browser(town.library).get(path).text
        assert "Paper Boats" in text and "Paper Cranes" not in text


def test_opened_papers_count_only_where_their_reader_wants_it(town: Town) -> None:
    reader = town.reader()
    plain = digest_of(town)
    assert "/mail/open/" not in plain.as_string()
    town.library.keep_opens(reader, True)
    (key,) = town.publish("A Theory of Paper Boats", votes=[3])
    town.wait(days=1)
    where = link(town.letters_to("ada@example.org", "digest")[-1], "/mail/open/")
    page = stranger(town)
    host = {"Host": "papers.example.org"}
    for _ in range(2):
        answer = page.get(where, headers=host | FOLLOWED)
        assert (answer.status_code, answer.headers["Location"]) == (
            303,
            f"/papers/{town.library.store.papers([key])[0].id}",
        )
    assert town.library.store.follows.opens_of(reader.id) == [key]
    assert town.library._weights(reader)[key] == 0.2
    sealed = where.rpartition("/")[2]
    for wrong in (sealed[:-3] + "AAA", "https://evil.example", town.library.seal("stop", reader.id)):
        assert page.get(f"/mail/open/{wrong}").status_code in (400, 404)
    town.library.keep_opens(reader, False)
    assert page.get(where, headers=FOLLOWED).status_code == 303 and not town.library.store.follows.opens_of(reader.id)


def test_what_only_looks_at_links_opens_nothing(town: Town) -> None:
    reader = town.reader()
    (key,) = town.publish("A Theory of Paper Boats")
    town.library.keep_opens(reader, True)
    link = town.library.paper_link(reader.id, town.library.store.papers([key])[0], town.now)
    where, page = link.removeprefix(town.library.base), stranger(town)
    assert page.head(where, headers=FOLLOWED).status_code == 303
    for headers in ({}, {"Sec-Fetch-Mode": "cors"}, FOLLOWED | {"Sec-Purpose": "prefetch;prerender"}):
        assert page.get(where, headers=headers).status_code == 303
    assert not town.library.store.follows.opens_of(reader.id)
    page.get(where, headers=FOLLOWED)
    assert town.library.store.follows.opens_of(reader.id) == [key]


def test_what_was_opened_counts_for_sixty_days(town: Town) -> None:
    reader = town.reader()
    (key,) = town.publish("A Theory of Paper Boats")
    town.library.keep_opens(reader, True)
    where = town.library.paper_link(reader.id, town.library.store.papers([key])[0], town.now)
    town.now += timedelta(days=61)
    assert stranger(town).get(where.removeprefix(town.library.base), headers=FOLLOWED).status_code == 303
    assert not town.library.store.follows.opens_of(reader.id)


def test_the_choice_stands_on_the_page_of_follows(town: Town) -> None:
    where = link(digest_of(town), "/mail/manage/")
    page = stranger(town)
    assert "Saved" in page.post(where, data={"act": "opens", "opens": "yes"}).text
    assert town.library.delivery(town.reader()).opens
    assert "checked" in page.get(where).text
    page.post(where, data={"act": "opens"})
    assert not town.library.delivery(town.reader()).opens


def test_one_network_has_few_addresses_written_to(town: Town) -> None:
    page = stranger(town)
    page = TestClient(page.app, base_url=str(page.base_url), client=("192.0.2.7", 1))
    for number in range(rights.SUBSCRIBE.count):
        assert subscribe(page, f"a{number}@example.org").status_code == 200
    assert subscribe(page, "another@example.org").status_code == 429
    assert subscribe(stranger(town), "another@example.org").status_code == 200


def test_closed_instances_show_the_box_to_members_only(tmp_path: Path) -> None:
    town = Town(tmp_path, registration="closed")
    town.publish("On the Folding of Paper Cranes", votes=[3])
    assert 'name="address"' not in stranger(town).get("/").text
    assert stranger(town).post("/subscribe", data={"address": "eve@example.org"}).status_code == 403
    assert 'name="address"' in browser(town.library).get("/").text


def test_without_mail_the_box_says_so_and_offers_the_feed(tmp_path: Path) -> None:
    town = Town(tmp_path, smtp_url="")
    town.publish("On the Folding of Paper Cranes", votes=[3])
    page = browser(town.library)
    text = page.get("/").text
    assert "BROADSHEET_SMTP_URL" in text and "/front.atom" in text and "Follow this" in text
    assert page.get("/subscribe").status_code == 200 and "Paper Cranes" in page.get("/subscribe").text
    assert subscribe(page, "me@example.org").status_code == 400


def test_strangers_have_no_follows(town: Town) -> None:
    page = stranger(town)
    for address in ("/follows", "/follows/preview", "/follows.json", "/follows/preview.json"):
        assert page.get(address, headers={"Accept": "application/json"}).status_code in (401, 403)
    assert page.post("/follows", data={"kind": "front"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "query", "kind", "text"),
    [
        ("/", "", "front", ""),
        ("/search", "q=dense+retrieval&category=cs.IR&after=2024", "search", "dense retrieval cat:cs.IR"),
        ("/search", "q=x&venue=Big+Venue", "search", 'x venue:"Big Venue"'),
        ("/authors/ada-lovelace", "", "author", "ada-lovelace"),
        ("/venues/acl", "", "venue", "acl"),
        ("/similar", "id=a&id=b&not=c", "like", "a b -c"),
        ("/shelf", "", "like-shelf", ""),
        ("/topics/dark-matter", "", "concept", "dark-matter"),
    ],
)
def test_every_list_can_be_followed(path: str, query: str, kind: str, text: str) -> None:
    found = followable(path, query)
    assert found is not None and (found.kind, found.text) == (kind, text)


@pytest.mark.parametrize("path", ["/about", "/search", "/papers/x", "/nowhere", "/authors/"])
def test_what_is_no_list_cannot(path: str) -> None:
    assert followable(path, "") is None
