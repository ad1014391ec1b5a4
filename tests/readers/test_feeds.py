"""Feeds of every list, read back by a feed reader; private ones; OPML."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as Xml

import desk
import feedparser
import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.records import Author, Batch

HOSTILE = 'A <b>bold</b> & "quoted" title \x0b with $O(n^2)$ ]]>'
PUBLIC = (
    "/front",
    "/date/2026-03-13",
    "/week",
    "/week/2026-W11",
    "/month",
    "/month/2026-03",
    "/trending",
    "/new",
    "/category/cs.CL",
    "/search?q=paper",
    "/authors/ada-example",
    "/venues/invented-letters",
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with desk.library(tmp_path_factory.mktemp("home"), url="http://papers.example.org:8000") as library:
        more = desk.paper(
            "arxiv:2603.00009",
            title=HOSTILE,
            authors=(Author("Ada Example"),),
            venue="Invented Letters",
            categories=("cs.CL", "cs.IR"),
            links={"page": "https://example.org/?a=1&b=2"},
            updated="2026-03-15",
        )
        library.store.add(Batch((more,), "2"), cursor_name="file:2", source="test", now=desk.NOW)
        library.refresh()
        library.local_reader()
        yield library


@pytest.fixture
def browser(library: Library) -> Iterator[TestClient]:
    with desk.browser(library) as browser:
        yield browser


def _at(address: str, form: str) -> str:
    path, _, query = address.partition("?")
    return path + form + (f"?{query}" if query else "")


def _check_json_feed(feed: dict[str, Any]) -> None:
    """Check what JSON Feed 1.1 demands."""
    assert feed["version"] == "https://jsonfeed.org/version/1.1" and isinstance(feed["title"], str)
    assert re.fullmatch(r"https?://.+", feed["home_page_url"]) and re.fullmatch(r"https?://.+", feed["feed_url"])
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids)
    for item in feed["items"]:
        assert isinstance(item["id"], str) and isinstance(item["content_text"], str)
        assert re.fullmatch(r"https?://.+", item["url"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", item["date_modified"])
        assert all(author["name"] for author in item.get("authors", ()))
        assert set(item) <= {
            *("id", "url", "title", "content_text", "date_modified", "date_published"),
            *("authors", "tags", "external_url"),
        }


def _check_atom(content: bytes) -> None:
    """Check what RFC 4287 demands of a feed and its entries."""
    root = Xml.fromstring(content)
    names = "{http://www.w3.org/2005/Atom}"
    assert root.tag == names + "feed"
    for node in (root, *root.findall(names + "entry")):
        for child in ("id", "title", "updated"):
            assert len(node.findall(names + child)) == 1, child
        assert [link.get("rel") for link in node.findall(names + "link")].count("alternate") == 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", node.findtext(names + "updated") or "")
        assert re.match(r"tag:[^,]+,2026:", node.findtext(names + "id") or "")
    assert root.find(names + "author") is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_every_list_is_a_feed_in_both_forms(browser: TestClient, address: str) -> None:
    atom, json = (browser.get(_at(address, form)) for form in (".atom", ".feed.json"))
    assert atom.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert json.headers["content-type"] == "application/feed+json; charset=utf-8"
    _check_atom(atom.content)
    _check_json_feed(json.json())
    read = feedparser.parse(atom.content)
    assert not read.bozo and read.entries
    assert [entry.id for entry in read.entries] == [item["id"] for item in json.json()["items"]]
    assert read.feed.links[0].href == f"http://papers.example.org:8000{_at(address, '.atom')}"
    page = browser.get("/" if address == "/front" else address).text
    assert f'type="application/atom+xml" title="Atom" href="{_at(address, ".atom")}"' in page
    assert f'href="{_at(address, ".feed.json")}"' in page


def test_what_an_entry_says_survives_the_round_trip(browser: TestClient) -> None:
    (entry,) = feedparser.parse(browser.get("/authors/ada-example.atom").content).entries
    assert entry.title_detail.type == "text/plain" and '<b>bold</b> & "quoted"' in entry.title_detail.value
    assert "\x0b" not in entry.title
    assert entry.link == "http://papers.example.org:8000/papers/arxiv:2603.00009"
    assert entry.author == "Ada Example"
    assert [tag.term for tag in entry.tags] == ["cs.CL", "cs.IR"]
    assert entry.updated == "2026-03-15T00:00:00Z" and entry.published == "2026-03-13T00:00:00Z"
    assert [link.href for link in entry.links if link.rel == "related"] == ["https://example.org/?a=1&b=2"]
    assert entry.id == f"tag:papers.example.org,2026:paper-{_key(browser)}"


def _key(browser: TestClient) -> str:
    found = re.search(r'id="p(\d+)"', browser.get("/papers/arxiv:2603.00009").text)
    assert found
    return found[1]


def test_a_feed_that_is_known_is_not_sent_again(library: Library, browser: TestClient) -> None:
    first = browser.get("/front.atom")
    assert browser.get("/front.atom").content == first.content  # nothing comes from the clock
    for name, header in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
        again = browser.get("/front.atom", headers={name: first.headers[header]})
        assert again.status_code == 304 and not again.content, name
    reader = library.local_reader()
    assert reader is not None
    library.vote(reader, desk.HATS)
    other = browser.get("/front.atom", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    ids = [sorted(entry.id for entry in feedparser.parse(one.content).entries) for one in (first, other)]
    assert ids[0] == ids[1]  # another order, the same names
    later = browser.get("/front.atom", headers={"If-Modified-Since": first.headers["last-modified"]})
    assert later.status_code == 200
    library.unvote(reader, desk.HATS)


def test_an_empty_feed_is_one_too(browser: TestClient) -> None:
    for form in (".atom", ".feed.json"):
        answer = browser.get(f"/date/2020-01-01{form}")
        assert answer.status_code == 200 and answer.headers["etag"]
        assert answer.headers["last-modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"
        known = {"If-None-Match": answer.headers["etag"]}
        assert browser.get(f"/date/2020-01-01{form}", headers=known).status_code == 304
    read = feedparser.parse(browser.get("/date/2020-01-01.atom").content)
    assert not read.bozo and not read.entries and read.feed.updated == "1970-01-01T00:00:00Z"


def test_feeds_are_compressed(browser: TestClient) -> None:
    answer = browser.get("/front.atom", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert b"<feed" in answer.content and len(gzip.compress(answer.content)) < len(answer.content)


def test_comments_are_a_feed_without_what_was_taken_back(library: Library, browser: TestClient) -> None:
    reader = library.local_reader()
    assert reader is not None
    first = library.comment(reader, desk.CRANES, "A *fine* paper")
    library.delete_comment(reader, library.comment(reader, desk.CRANES, "Not so fine"))
    answer = browser.get(f"/papers/{desk.CRANES}/comments.atom")
    _check_atom(answer.content)
    (entry,) = feedparser.parse(answer.content).entries
    assert entry.summary == "A *fine* paper" and entry.link.endswith(f"/papers/{desk.CRANES}#c{first}")
    assert f"/papers/{desk.CRANES}/comments.atom" in browser.get(f"/papers/{desk.CRANES}").text
    _check_json_feed(browser.get(f"/papers/{desk.CRANES}/comments.feed.json").json())


def _private(browser: TestClient) -> list[str]:
    return re.findall(r'href="(/feeds/[^"]+)\.atom"', browser.get("/feeds").text)


def test_private_feeds_need_no_log_in_and_can_be_taken_back(library: Library, browser: TestClient) -> None:
    desk.send(browser, f"/papers/{desk.BOATS}/save", shelf="To read")
    addresses = _private(browser)
    assert [address.rpartition("/")[2] for address in addresses[:2]] == ["for-you", "shelf"] and len(addresses) == 3
    with desk.browser(library, local=False) as anybody:
        for address in addresses:
            answer = anybody.get(f"{address}.atom")
            assert answer.status_code == 200 and answer.headers["cache-control"] == "private, no-cache"
            _check_atom(answer.content)
            _check_json_feed(anybody.get(f"{address}.feed.json").json())
        names = {feedparser.parse(anybody.get(f"{address}.atom").content).feed.id for address in addresses}
        assert len(names) == len(addresses), "no two feeds have the same name (RFC 4287, 4.2.6)"
        saved = feedparser.parse(anybody.get(f"{addresses[2]}.atom").content)
        assert saved.feed.title == "To read" and [e.title for e in saved.entries] == ["A Theory of Paper Boats"]
        assert "/feeds/" not in anybody.get("/feeds").text
        assert anybody.get("/feeds.opml").status_code == 403
        for wrong in ("1-x", "x", f"{'9' * 30}-x", addresses[0].split("/")[2][:-1], "²-x"):
            assert anybody.get(f"/feeds/{wrong}/shelf.atom").status_code == 404
        assert desk.send(browser, "/feeds/renew", page="/feeds").status_code == 303
        assert anybody.get(f"{addresses[0]}.atom").status_code == 404
        assert anybody.get(f"{_private(browser)[0]}.atom").status_code == 200
        assert anybody.get(f"{_private(browser)[1]}/999.atom").status_code == 404


def test_a_follow_is_a_feed(library: Library, browser: TestClient) -> None:
    reader = library.local_reader()
    assert reader is not None
    followed = library.follow(reader, "author", "ada-example", name="Ada & co")
    (address,) = [address for address in _private(browser) if "/follow/" in address]
    assert address.endswith(f"/{followed.id}")
    answer = browser.get(f"{address}.atom")
    _check_atom(answer.content)
    read = feedparser.parse(answer.content)
    assert read.feed.title == "Ada & co"
    assert [entry.link.rpartition("/")[2] for entry in read.entries] == ["arxiv:2603.00009"]
    assert browser.get(f"{address}9.atom").status_code == 404
    library.unfollow(reader, followed.id)


def test_all_feeds_as_opml(browser: TestClient) -> None:
    answer = browser.get("/feeds.opml")
    outlines = Xml.fromstring(answer.content).findall("./body/outline")
    addresses = [outline.get("xmlUrl", "") for outline in outlines]
    assert all(outline.get("type") == "rss" and outline.get("text") for outline in outlines)
    assert "http://papers.example.org:8000/front.atom" in addresses
    for address in addresses:
        assert browser.get(address.removeprefix("http://papers.example.org:8000")).status_code == 200


def test_wrong_addresses_are_not_found(browser: TestClient) -> None:
    for address in ("/authors/nobody.atom", "/papers/arxiv:9999.99999/comments.atom", "/category/none.atom"):
        assert browser.get(address).status_code == 404
    assert browser.get("/date/2026-13-01.atom").status_code in (404, 422)
