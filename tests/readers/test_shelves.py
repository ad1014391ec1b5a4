"""Shelves: a page for each, searched, shared at an address of its own, followed, and nobody else's business."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import desk
import pytest
from people import People

from broadsheet.errors import InputError, NotFound
from broadsheet.records import Batch


@pytest.fixture
def shelf(people: People) -> int:
    """Bob's shelf "Boats & co", with a note."""
    people.library.save(people.bob, desk.BOATS, "Boats & co", "read <b>soon</b>")
    people.library.save(people.bob, desk.HATS, "Boats & co")
    people.library.save(people.bob, desk.BOATS, "Later", "and again")
    people.library.refresh()
    return people.library.shelves(people.bob)[0].id


def post(browser: Any, shelf: int, act: str, **fields: str) -> Any:
    return desk.send(browser, f"/shelf/{shelf}", page="/shelf", act=act, **fields)


def test_a_paper_on_two_shelves_stands_once_on_the_page_of_all(people: People, shelf: int) -> None:
    page = people.browser(people.bob).get("/shelf").text
    assert page.count('class="hit"') == 2 and "2 papers, the last saved first" in page
    assert "read &lt;b&gt;soon" in page and "and again" in page
    told = people.browser(people.bob).get("/shelf.json").json()
    assert told["total"] == 2
    on = {hit["id"]: [one["shelf"] for one in hit["on"]] for hit in told["hits"]}
    assert sorted(on[desk.BOATS]) == ["Boats & co", "Later"] and on[desk.HATS] == ["Boats & co"]


def test_each_shelf_has_a_page_of_its_own_with_a_twin(people: People, shelf: int) -> None:
    browser = people.browser(people.bob)
    page = browser.get(f"/shelf/{shelf}").text
    assert '<h1 dir="auto">Boats &amp; co</h1>' in page and "and again" not in page
    told = browser.get(f"/shelf/{shelf}.json")
    assert told.json()["name"] == "Boats & co" and "private" in told.headers["cache-control"]
    pages = [browser.get(f"/shelf.json?limit=1&page={number}").json() for number in (1, 2)]
    assert {page["hits"][0]["id"] for page in pages} == {desk.BOATS, desk.HATS} and pages[1]["next"] is None


def test_a_shelf_is_searched_by_itself(people: People, shelf: int) -> None:
    browser = people.browser(people.bob)
    found = [hit["id"] for hit in browser.get(f"/shelf/{shelf}.json?q=hats").json()["hits"]]
    assert found[0] == desk.HATS and desk.CRANES not in found
    assert browser.get("/shelf.json?q=cranes").json()["total"] == 0  # it is here, and on no shelf
    assert [hit["id"] for hit in browser.get(f"/shelf.json?q={desk.HATS}").json()["hits"]] == [desk.HATS]
    assert browser.get(f"/shelf.json?q=id:{desk.CRANES}").json()["hits"] == []
    assert "2 papers" not in browser.get("/shelf?q=hats").text


def test_a_shared_shelf_is_read_by_anybody_who_has_its_address(people: People, shelf: int) -> None:
    bob, anybody = people.browser(people.bob), people.browser()
    assert post(bob, shelf, "share").status_code == 303
    (token,) = set(re.findall(r"/shelves/([\w-]+)", bob.get(f"/shelf/{shelf}").text))
    page = anybody.get(f"/shelves/{token}")
    assert "A shelf of Bob: 2 papers" in page.text and "read &lt;b&gt;soon" in page.text and "noindex" in page.text
    assert "This shelf</h2>" not in page.text and "bob@example.org" not in page.text
    assert anybody.get(f"/shelves/{token}.json").json()["owner"] == "Bob"
    assert anybody.get(f"/shelves/{token}.json?q=hats").json()["hits"][0]["id"] == desk.HATS
    feed = anybody.get(f"/shelves/{token}.atom").text
    assert "Paper Hats and Their Uses" in feed and "a shelf of Bob" in feed
    assert anybody.get(f"/shelves/{token}.feed.json").json()["home_page_url"].endswith(f"/shelves/{token}")
    post(bob, shelf, "unshare")
    for form in ("", ".json", ".atom"):
        assert anybody.get(f"/shelves/{token}{form}").status_code == 404
    post(bob, shelf, "share")
    assert anybody.get(f"/shelves/{token}").status_code == 404  # another sharing, another address


def test_sharing_ends_with_the_account(people: People, shelf: int) -> None:
    token = people.library.share_shelf(people.bob, shelf).public or ""
    assert people.library.share_shelf(people.bob, shelf).public == token
    people.library.ban(people.bob)
    with pytest.raises(NotFound):
        people.library.shared_shelf(token)


@pytest.mark.parametrize("act", ["share", "unshare", "rename", "delete"])
def test_shelves_of_others_are_nobodys(people: People, shelf: int, act: str) -> None:
    eve = people.browser(people.eve)
    people.library.save(people.eve, desk.HATS)
    assert post(eve, shelf, act, name="Mine").status_code == 404
    for form in ("", ".json"):
        assert eve.get(f"/shelf/{shelf}{form}").status_code == 404
        assert people.browser().get(f"/shelf/{shelf}{form}").status_code == 401
    (one, _) = people.library.shelves(people.bob)
    assert (one.name, one.public, one.papers) == ("Boats & co", None, 2)


def test_a_shelf_is_renamed_and_deleted(people: People, shelf: int) -> None:
    browser = people.browser(people.bob)
    refused = post(browser, shelf, "rename", name="Later")
    assert refused.status_code == 400 and 'value="Later" aria-invalid="true"' in refused.text
    with pytest.raises(InputError):
        people.library.rename_shelf(people.bob, shelf, " ")
    assert post(browser, shelf, "rename", name="Ships").status_code == 303
    assert people.library.shelves(people.bob)[1].name == "Ships"
    assert post(browser, shelf, "delete").status_code == 303
    assert [one.name for one in people.library.shelves(people.bob)] == ["Later"]
    assert browser.get("/shelf").text.count('class="hit"') == 1


def test_a_shared_shelf_is_followed(people: People, shelf: int) -> None:
    library = people.library
    token = library.share_shelf(people.bob, shelf).public or ""
    eve = people.browser(people.eve)
    page = eve.get(f"/shelves/{token}").text
    assert 'name="kind" value="shelf"' in page and f'name="text" value="{token}"' in page
    follow = library.follow(people.eve, "shelf", token)
    assert follow.name == "New on “Boats & co” of Bob" and follow.path == f"/shelves/{token}"
    library._clock = lambda: desk.NOW + timedelta(days=2)
    come = desk.paper("arxiv:2603.00010", title="Paper Kites of the World", date="2026-03-15")
    library.store.add(Batch((come,), "2"), cursor_name="file:2", source="test", now=library.now)
    library.save(people.bob, "arxiv:2603.00010", "Boats & co")
    digest = library.preview(people.eve)
    assert {paper.title for paper in library.papers_of(digest).values()} >= {"Paper Kites of the World"}
    library.unshare_shelf(people.bob, shelf)
    assert not library.preview(people.eve).keys
    with pytest.raises(NotFound):
        library.follow(people.eve, "shelf", token)


def test_comments_have_a_twin_that_tells_nothing_of_what_is_gone(people: People) -> None:
    library = people.library
    first = library.comment(people.bob, desk.BOATS, "A *first* word")
    library.comment(people.eve, desk.BOATS, "An answer", parent=first)
    library.remove_comment(people.ada, first, "rude")
    told = people.browser().get(f"/papers/{desk.BOATS}/comments.json").json()
    assert told["paper"] == desk.BOATS
    assert [(one["depth"], one["text"], one["gone"]) for one in told["comments"]] == [
        (0, "", "removed"),
        (1, "An answer", None),
    ]
    assert told["comments"][0]["writer"] == ""
    assert people.browser().get("/papers/2603.00002/comments.json").status_code == 308
