"""From follows to letters, through store, library and post, on both databases where the store decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from servers import ACCEPT, Post, serving
from sqlalchemy import select
from town import URL, Town, close, link, moment, text_of, titles

from broadsheet import rights
from broadsheet.errors import Forbidden, InputError, NotFound, TooMany
from broadsheet.mail.postman import LEASE, Postman
from broadsheet.mail.smtp import ALL, COMMAND, LETTER
from broadsheet.records import Author, Mail
from broadsheet.store.schema_readers import limits

CRANES, BOATS, HATS = "Folding of Paper Cranes", "Theory of Paper Boats", "Hats of Paper and Felt"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path)


@pytest.fixture
def either_town(tmp_path: Path, database_url: str) -> Town:
    return Town(tmp_path, database_url=database_url)


def test_the_front_page_comes_in_the_morning_most_votes_first_and_never_again(either_town: Town) -> None:
    town = either_town
    town.library.follow(town.reader(), "front")
    town.publish(CRANES, BOATS, HATS, votes=[3, 9, 5])
    town.now = moment("2026-03-15T06:59")
    town.turn()
    assert not town.letters
    town.now = moment("2026-03-15T07:00")
    town.turn()
    (letter,) = town.letters
    assert titles(letter, CRANES, BOATS, HATS) == [BOATS, HATS, CRANES]
    assert str(make_header(decode_header(letter["Subject"]))) == f"{BOATS} and 2 more"
    town.wait(days=3)
    assert len(town.letters) == 1


def test_what_comes_to_a_front_page_later_comes_in_the_next_mail(town: Town) -> None:
    town.library.follow(town.reader(), "front")
    town.now = moment("2026-03-16T06:00")
    town.publish(CRANES, votes=[3])
    town.wait(hours=2)
    town.publish(BOATS, votes=[4])
    town.wait(days=1)
    assert [titles(one, CRANES, BOATS) for one in town.letters] == [[CRANES], [BOATS]]


def test_each_kind_of_follow_finds_its_own(town: Town) -> None:
    library, reader = town.library, town.reader()
    (old,) = town.publish("Swans and How to Fold Them", abstract="Fold, and fold again: swans, cranes.", index=True)
    library.save(reader, "arxiv:2603.00001")
    for kind, text in (("search", "boats theory"), ("author", "ada-lovelace"), ("venue", "acl"), ("category", "cs.CL")):
        if kind == "author":
            town.publish("Ada's First", authors=(Author("Ada Lovelace"),), venue="ACL", abstract="An engine.")
        library.follow(reader, kind, text)  # type: ignore[arg-type]
    library.follow(reader, "like-shelf", threshold=0.3)
    town.publish("On Boats", abstract="A theory of boats.")
    town.publish("Ada's Second", authors=(Author("Ada Lovelace"),), abstract="An engine.")
    town.publish("At a Venue", venue="ACL", abstract="Language.")
    town.publish("Of a Category", categories=("cs.CL",), abstract="Grammar.")
    town.publish("Cranes, Folded", abstract="Fold, and fold again: cranes, swans.", index=True)
    town.wait(days=1)
    (letter,) = town.letters
    text = text_of(letter)
    for section, title in (
        ("BOATS THEORY", "On Boats"),
        ("ADA LOVELACE", "Ada's Second"),
        ("ACL", "At a Venue"),
        ("CS.CL", "Of a Category"),
        ("PAPERS LIKE MY SHELF", "Cranes, Folded"),
    ):
        assert text.index(f"\n{section}\n") < text.index(f"\n{title}\n"), text
    assert "Near to “Swans and How to Fold Them”, which you saved." in " ".join(text.split())
    assert "First" not in text
    assert old not in {key for digest, _ in library.store.digests.of(reader.id, 9) for key in digest.keys}


def test_a_concept_that_is_followed_comes_by_mail(town: Town) -> None:
    halos = "We measure dark matter density profiles of halos with rotation curves."
    town.publish("Dark Matter Halos in Galaxies", abstract=halos, index=True)
    concept = town.library.concepts("arxiv:2603.00001")[0]
    town.library.follow(town.reader(), "concept", concept)
    town.publish("Dark Matter Halos in Clusters", abstract=halos, index=True)
    town.publish("A Short History of Sails", abstract="Canvas, hemp and flax on the ships of old.", index=True)
    town.wait(days=1)
    (letter,) = town.letters
    assert titles(letter, "Dark Matter Halos in Clusters", "A Short History of Sails") == [
        "Dark Matter Halos in Clusters"
    ]
    text = text_of(letter)
    assert "Dark Matter Halos in Galaxies" not in text and f"\nPAPERS ABOUT {concept.upper()}\n" in text
    town.wait(days=2)
    assert len(town.letters) == 1


def test_nothing_to_say_is_no_mail_and_the_follow_says_so(town: Town) -> None:
    reader = town.reader()
    town.library.follow(reader, "search", "zeppelins")
    town.publish(CRANES, index=True)
    town.wait(days=1)
    assert not town.letters
    (follow,) = town.library.follows(reader)
    assert (follow.found, follow.looked is not None) == (0, True)


def test_a_paper_that_two_follows_find_comes_once_and_says_so(town: Town) -> None:
    reader = town.reader()
    town.library.follow(reader, "search", "cranes")
    town.library.follow(reader, "search", "folding")
    town.publish(CRANES, index=True)
    town.wait(days=1)
    (letter,) = town.letters
    assert text_of(letter).count(f"\n{CRANES}\n") == 1
    assert "Also found by: folding." in text_of(letter)


def test_saved_and_hidden_papers_do_not_come(town: Town) -> None:
    reader = town.reader()
    town.library.follow(reader, "front")
    town.publish(CRANES, BOATS, HATS)
    town.library.save(reader, "arxiv:2603.00001")
    town.library.hide(reader, "arxiv:2603.00002")
    town.wait(days=1)
    assert titles(town.letters[0], CRANES, BOATS, HATS) == [HATS]


def test_a_paper_that_became_part_of_one_that_was_sent_does_not_come_again(town: Town) -> None:
    town.library.follow(town.reader(), "front")
    town.publish(CRANES, abstract="Wings.")
    town.wait(days=1)
    (second,) = town.publish("Cranes, a Preprint About Paper", abstract="Another text entirely.")
    key = town.library.paper("arxiv:2603.00001").key
    assert second != key
    town.publish(CRANES, identifiers=("arxiv:2603.00001", "arxiv:2603.00002"))  # now they are one
    town.wait(days=2)
    assert len(town.letters) == 1


def test_headers_let_anyone_leave_with_one_click(town: Town) -> None:
    town.library.follow(town.reader(), "front")
    town.publish(CRANES)
    town.wait(days=1)
    (letter,) = town.letters
    stop = letter["List-Unsubscribe"]
    assert stop.startswith(f"<{URL}/mail/stop/") and stop.endswith(">") and "," not in stop
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Id"] == "Broadsheet digests <digests.papers.example.org>"


def test_a_server_that_dropped_the_connection_gets_the_same_mail_again(tmp_path: Path) -> None:
    replies = iter(["drop", ACCEPT])
    post = Post(data=lambda address: next(replies))
    with serving(post) as url:
        town = Town(tmp_path, smtp_url=url)
        town.library.follow(town.reader(), "front")
        town.publish(CRANES)
        town.wait(days=1)
    assert post.addresses == ["ada@example.org"] * 2
    assert len({one["Message-ID"] for one in post.letters}) == 1
    assert len({one.as_string() for one in post.letters}) == 1


def test_a_dead_server_delays_and_loses_nothing(tmp_path: Path) -> None:
    post = Post()
    with serving(post) as url:
        pass  # it is gone again
    town = Town(tmp_path, smtp_url=url)
    town.library.follow(town.reader(), "front")
    town.publish(CRANES)
    town.wait(days=1)
    status = town.library.mail_status()
    assert status["waiting"] == 1 and "cannot be used" in status["server"]
    with serving(post):
        town.wait(hours=2)
    assert post.addresses == ["ada@example.org"]
    assert town.library.mail_status()["server"] == ""


def test_who_died_while_sending_is_followed_by_another_after_the_lease(town: Town) -> None:
    town.library.follow(town.reader(), "front")
    town.publish(CRANES)
    town.now = moment("2026-03-15T07:00")
    town.library.plan_digests()
    (taken,) = town.library.claim_mail(10, LEASE)
    town.turn()
    assert not town.letters
    town.now += timedelta(seconds=LEASE)
    town.turn()
    assert [one["Message-ID"].startswith(f"<digest.{taken.digest}.") for one in town.letters] == [True]


def test_a_lease_is_longer_than_all_that_sending_may_take() -> None:
    assert LEASE > ALL > LETTER > COMMAND


def test_log_in_mail_goes_before_digests(town: Town) -> None:
    town.library.follow(town.reader(), "front")
    town.publish(CRANES)
    town.now = moment("2026-03-15T07:00")
    town.library.plan_digests()
    town.library.subscribe("eve@example.org")
    assert [mail.kind for mail in town.library.claim_mail(10, LEASE)] == ["confirm", "digest"]


def test_an_address_that_is_refused_gets_no_more(tmp_path: Path) -> None:
    post = Post(rcpt=lambda address: "550 5.1.1 no such user")
    with serving(post) as url:
        town = Town(tmp_path, smtp_url=url)
        reader = town.reader()
        town.library.follow(reader, "front")
        town.publish(CRANES)
        town.wait(days=1)
        assert town.library.delivery(reader).reason == "550 5.1.1 no such user"
        town.publish(BOATS)
        post.rcpt = lambda address: ACCEPT
        town.wait(days=2)
    assert not post.taken


def test_without_an_index_nothing_old_becomes_new_again(town: Town) -> None:
    town.publish(CRANES)
    town.library.follow(town.reader(), "search", "cranes")
    town.wait(days=1)
    town.library.refresh()
    town.wait(days=1)
    assert not town.letters
    town.publish("More " + CRANES, index=True)
    town.wait(days=1)
    assert len(town.letters) == 1


def test_only_those_who_ask_the_index_have_the_news_read(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.publish(CRANES, index=True)
    monkeypatch.setattr("broadsheet.rank.news.News", lambda *_: pytest.fail("nobody asked for it"))
    assert len(town.library.preview().sections) == 1


def test_a_digest_tells_of_what_its_papers_have_become(either_town: Town) -> None:
    town = either_town
    town.publish(BOATS, authors=(Author("Ada Lovelace"),))
    town.library.follow(town.reader(), "author", "ada-lovelace")
    town.publish(CRANES, authors=(Author("Ada Lovelace"),))
    town.now = moment("2026-03-15T07:00")
    assert town.library.plan_digests() == {"readers": 1, "digests": 1}
    town.publish(CRANES, identifiers=("arxiv:2603.00001", "arxiv:2603.00002"))
    assert town.library.paper("arxiv:2603.00001").key == town.library.paper("arxiv:2603.00002").key
    town.turn()
    assert all(event.ok for event in town.events), town.events
    assert len(town.letters) == 1


def test_trouble_is_over_when_mail_is_sent_whoever_had_it(town: Town) -> None:
    town.library.set_state("mail server", "It was down when another process tried.")
    town.library.subscribe("eve@example.org")
    town.turn()
    assert not town.library.mail_status()["server"]


def test_nobody_has_many_addresses_asked(town: Town) -> None:
    for number in range(20):
        town.library.subscribe(f"somebody{number}@example.org", network="192.0.2.0/24")
    with pytest.raises(TooMany):
        town.library.subscribe("one.more@example.org", network="192.0.2.0/24")
    town.library.subscribe("one.more@example.org", network="198.51.100.0/24")
    assert town.rows("limits") == 2
    town.wait(days=2)
    assert town.rows("limits") == 0


def test_what_waits_is_not_sent_to_who_stopped_meanwhile(town: Town) -> None:
    reader = town.reader()
    town.library.follow(reader, "front")
    town.publish(CRANES)
    town.now = moment("2026-03-15T07:00")
    assert town.library.plan_digests() == {"readers": 1, "digests": 1}
    town.library.stop_mail(reader)
    town.wait(days=2)
    assert not town.letters


def test_what_was_taken_is_not_sent_to_who_stopped_before_its_turn(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = town.reader()
    town.library.follow(reader, "front")
    town.publish(CRANES)
    town.now = moment("2026-03-15T07:00")
    written = Postman._written

    def slowly(postman: Postman, mail: Mail) -> tuple[bytes, str]:
        town.library.stop_mail(reader)
        return written(postman, mail)

    monkeypatch.setattr(Postman, "_written", slowly)
    town.wait(days=2)
    assert not town.letters


def test_two_who_plan_at_once_make_one_digest(either_town: Town) -> None:
    town = either_town
    town.library.follow(town.reader(), "front")
    town.publish(CRANES)
    town.now = moment("2026-03-15T07:00")
    due = town.library.store.follows.due(town.now, 10)
    assert town.library.plan_digests() == {"readers": 1, "digests": 1}
    town.library.store.follows.due = lambda now, limit: due  # type: ignore[method-assign, unused-ignore]
    assert town.library.plan_digests()["digests"] == 0


def test_a_fault_in_one_digest_keeps_no_other_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, eve = town.reader(), town.reader("eve@example.org")
    for reader in (ada, eve):
        town.library.follow(reader, "front")
    town.publish(CRANES)
    planned = town.library._planned
    with monkeypatch.context() as patched:
        faulty = lambda when, *rest: planned(when, *rest) if when.reader == eve.id else 1 / 0  # noqa: E731
        patched.setattr(town.library, "_planned", faulty)
        town.wait(days=1)
    assert [letter["To"] for letter in town.letters] == ["eve@example.org"]
    assert {"error": f"reader {ada.id}: division by zero"} in [event.detail for event in town.events]
    town.wait(hours=1)
    assert sorted(letter["To"] for letter in town.letters) == ["ada@example.org", "eve@example.org"]


def test_a_fault_in_one_letter_or_in_planning_keeps_no_other_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("ada@example.org", "eve@example.org"):
        town.library.subscribe(address)
    written = town.post._postman._written  # type: ignore[union-attr]
    faulty = lambda mail: written(mail) if mail.address == "eve@example.org" else 1 / 0  # noqa: E731
    monkeypatch.setattr(town.post._postman, "_written", faulty)
    monkeypatch.setattr(town.library, "plan_digests", lambda: 1 / 0)
    town.library.follow(town.reader("bob@example.org"), "front")
    town.wait(days=1)
    assert [letter["To"] for letter in town.letters] == ["eve@example.org"]
    assert town.library.mail_status()["last_refusal"] == "It could not be written: division by zero"


def test_bounces_that_cannot_be_read_now_are_read_at_the_next_turn(tmp_path: Path) -> None:
    town = Town(tmp_path, bounces=str(tmp_path / "nowhere"))
    town.wait(minutes=6)
    assert "bounces" in town.events[-1].detail["error"]
    assert town.library.store.lease("bounces", "another", now=town.now, seconds=1)  # it was given back


def test_readers_choose_hour_day_and_zone(town: Town) -> None:
    reader = town.reader()
    town.library.follow(reader, "front", every="weekly")
    town.library.deliver(reader, hour=18, weekday=2, timezone="America/New_York")
    (follow,) = town.library.follows(reader)
    assert moment("2026-03-18T22:00").isoformat() == follow.due  # Wednesday, summer time
    with pytest.raises(InputError, match="time zone"):
        town.library.deliver(reader, hour=18, weekday=2, timezone="Mars/Olympus")
    with pytest.raises(InputError, match="hour"):
        town.library.deliver(reader, hour=24, weekday=2, timezone="UTC")


def test_a_follow_that_makes_no_sense_is_refused(town: Town) -> None:
    library, reader = town.library, town.reader()
    for kind, text in (("search", ""), ("search", "-only"), ("like", ""), ("planet", "x"), ("category", " ")):
        with pytest.raises(InputError):
            library.follow(reader, kind, text)  # type: ignore[arg-type]
    for kind, text in (("author", "nobody"), ("venue", "nowhere"), ("like", "arxiv:9999.99999"), ("shelf", "7")):
        with pytest.raises(NotFound):
            library.follow(reader, kind, text)  # type: ignore[arg-type]
    for wrong in ({"size": 0}, {"size": 51}, {"threshold": 2.0}, {"every": "hourly"}):
        with pytest.raises(InputError):
            library.follow(reader, "front", **wrong)


def test_nobody_touches_the_follows_of_others(town: Town) -> None:
    library, ada, eve = town.library, town.reader(), town.reader("eve@example.org")
    own = library.follow(ada, "front")
    assert library.follow(ada, "front").id == own.id
    for act in (library.followed, library.unfollow, library.change_follow):
        with pytest.raises(NotFound):
            act(eve, own.id)
    assert library.change_follow(ada, own.id, every="weekly", size=5).every == "weekly"
    library.unfollow(ada, own.id)
    assert not library.follows(ada)


# -- addresses ---------------------------------------------------------------------------------------------------------


def test_an_address_confirms_itself_once_and_then_gets_the_front_page(either_town: Town) -> None:
    town = either_town
    for _ in range(3):
        town.library.subscribe(" Eve@Example.org ")
    town.turn()
    (letter,) = town.letters_to("eve@example.org")
    town.publish(CRANES)
    town.wait(days=1)
    assert len(town.letters) == 1  # nothing is sent unconfirmed
    sealed = link(letter, "/mail/confirm/").rpartition("/")[2]
    reader = town.library.confirm(sealed)
    assert town.library.confirm(sealed) == reader  # once more changes nothing
    assert [follow.kind for follow in town.library.follows(reader)] == ["front"]
    town.publish(BOATS)
    town.wait(days=1)
    assert len(town.letters_to("eve@example.org", "digest")) == 1


def test_confirmation_links_end_and_cannot_be_made_up(town: Town) -> None:
    town.library.subscribe("eve@example.org")
    town.turn()
    sealed = link(town.letters[0], "/mail/confirm/").rpartition("/")[2]
    for wrong in (("A" if sealed[0] != "A" else "B") + sealed[1:], sealed[3:], "", town.library.seal("stop", 1)):
        with pytest.raises(InputError):
            town.library.confirm(wrong)
    town.now += timedelta(days=3, seconds=1)
    with pytest.raises(InputError, match="too old"):
        town.library.confirm(sealed)


def test_an_account_with_a_confirmed_address_is_not_asked(town: Town) -> None:
    reader = town.reader()
    town.library.subscribe("whatever", reader)
    assert [follow.kind for follow in town.library.follows(reader)] == ["front"]
    town.turn()
    assert not town.letters


def test_a_known_address_is_asked_as_an_unknown_one_is(town: Town) -> None:
    town.library.follow(town.reader(), "front")
    town.library.subscribe("ada@example.org")
    town.library.subscribe("eve@example.org")
    town.turn()
    known, unknown = town.letters
    assert known["Subject"] == unknown["Subject"]


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "@example.org", "a b@example.org", "a@b", "a@x.org\nBcc: b@x.org"]
)
def test_what_is_no_address_is_refused(town: Town, address: str) -> None:
    with pytest.raises(InputError, match="mail address"):
        town.library.subscribe(address)


def test_a_closed_instance_asks_nobody(tmp_path: Path) -> None:
    town = Town(tmp_path, registration="closed")
    with pytest.raises(Forbidden):
        town.library.subscribe("eve@example.org")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"smtp_url": ""}, "BROADSHEET_SMTP_URL"),
        ({"url": ""}, "BROADSHEET_URL"),
        ({"url": "http://papers.example.org", "smtp_url": "smtp://localhost"}, "https"),
    ],
)
def test_without_its_settings_there_is_no_mail_and_a_reason(
    tmp_path: Path, settings: dict[str, str], reason: str
) -> None:
    town = Town(tmp_path, **settings)
    assert reason in (town.library.no_mail or "")
    assert reason in str(town.library.mail_status()["off"])
    with pytest.raises(InputError, match=reason):
        town.library.subscribe("eve@example.org")
    town.turn()
    assert not town.events


def test_counts_of_what_was_done_are_not_kept_for_ever(town: Town) -> None:
    once = rights.Limit(1, 3_600)
    town.library.store.limits.take("somebody", once, at=town.now.timestamp())
    town.now += timedelta(minutes=1)
    town.library.tidy()
    assert town.library.store.limits.take("somebody", once, at=town.now.timestamp()) > 0
    town.now += timedelta(days=31)
    town.library.tidy()
    with town.library.store._database.reading() as connection:
        assert not connection.execute(select(limits)).all()
