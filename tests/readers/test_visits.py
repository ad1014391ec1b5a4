"""What is new to a reader since their last visit, and what they have opened: theirs alone."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime, timedelta
from io import BytesIO

import desk
import pytest
from people import People

from broadsheet.records import Batch

KITES = "arxiv:2603.00010"
MARK = 'title="It came since your last visit"'


@pytest.fixture
def clock(people: People) -> list[datetime]:
    """The time of the library, in a list that the test changes."""
    now = [desk.NOW]
    people.library._clock = lambda: now[0]
    return now


def later(people: People, clock: list[datetime], hours: float = 24, paper: str = "") -> None:
    """Let time pass, and a paper come meanwhile."""
    clock[0] += timedelta(hours=hours)
    if paper:
        come = desk.paper(paper, title=f"Paper Kites {paper[-2:]}", date="2026-03-13")
        people.library.store.add(Batch((come,), paper), cursor_name="file:2", source="test", now=clock[0])


def test_what_came_since_the_last_visit_is_marked_until_it_is_opened(people: People, clock: list[datetime]) -> None:
    bob = people.browser(people.bob)
    assert MARK not in bob.get("/").text  # at a first visit nothing is new, or everything
    assert "first visit" in bob.get("/unseen").text
    later(people, clock, paper=KITES)
    front = bob.get("/").text
    assert front.count(MARK) == 1 and "1 paper since your last visit on 14 March 2026" in front
    assert MARK in bob.get("/new").text
    unseen = bob.get("/unseen").text
    assert "Paper Kites 10" in unseen and "A Theory of Paper Boats" not in unseen
    assert [hit["id"] for hit in bob.get("/unseen.json").json()["hits"]] == [KITES]
    bob.get(f"/papers/{KITES}")
    assert MARK not in bob.get("/").text and 'class="seen"' in bob.get("/new").text
    assert bob.get("/unseen.json").json()["total"] == 0


def test_a_visit_lasts_while_pages_are_asked_for(people: People, clock: list[datetime]) -> None:
    bob = people.browser(people.bob)
    bob.get("/")
    later(people, clock, paper=KITES)
    bob.get("/")
    for _ in range(4):
        later(people, clock, hours=0.5)
        assert MARK in bob.get("/").text  # still the same visit
    later(people, clock, hours=2)
    assert MARK not in bob.get("/").text  # another: what stood there at the last one is known


def test_what_comes_during_a_visit_is_new_at_the_next(people: People, clock: list[datetime]) -> None:
    bob = people.browser(people.bob)
    bob.get("/")
    later(people, clock, hours=0.05, paper=KITES)
    bob.get("/")  # too soon to be noted, so it has not been seen for sure
    later(people, clock)
    assert bob.get("/").text.count(MARK) == 1


def test_all_can_be_marked_as_seen(people: People, clock: list[datetime]) -> None:
    bob, eve = people.browser(people.bob), people.browser(people.eve)
    bob.get("/"), eve.get("/")
    later(people, clock, paper=KITES)
    assert desk.send(bob, "/unseen").status_code == 303
    assert MARK not in bob.get("/").text and MARK in eve.get("/").text
    later(people, clock, hours=0.1, paper="arxiv:2603.00011")
    assert [hit["id"] for hit in bob.get("/unseen.json").json()["hits"]] == ["arxiv:2603.00011"]
    assert people.browser().post("/unseen").status_code == 403
    assert people.browser().get("/unseen.json").status_code == 401


def test_it_is_exported_and_forgotten(people: People, clock: list[datetime]) -> None:
    library, bob = people.library, people.browser(people.bob)
    bob.get(f"/papers/{desk.HATS}")
    told = json.loads(zipfile.ZipFile(BytesIO(library.export_all(people.bob))).read("reader.json"))
    assert told["opened"] == [{"id": desk.HATS, "title": "Paper Hats and Their Uses"}]
    assert len(told["rest"]["visits"]) == 1
    library.delete_account(people.bob, "bob")
    assert library.store.visits.get(people.bob.id) is None and library.store.votes.seen(people.bob.id) == []


def test_a_page_fetched_in_advance_or_only_asked_for_is_not_opened(people: People, clock: list[datetime]) -> None:
    bob = people.browser(people.bob)
    bob.get(f"/papers/{desk.HATS}", headers={"Sec-Purpose": "prefetch"})
    bob.head(f"/papers/{desk.HATS}")
    assert people.library.store.votes.seen(people.bob.id) == []
