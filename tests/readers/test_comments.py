"""Comments: threads, edits, mentions, reports, and what moderators do about them."""

from __future__ import annotations

import io
import json
import zipfile

import desk
import pytest
from people import People

from broadsheet.errors import Forbidden, InputError, NotFound
from broadsheet.text import markdown

PAGE = f"/papers/{desk.CRANES}"


def shown(people: People) -> list[tuple[int, str]]:
    return [(depth, comment.text) for depth, comment in people.library.comments(desk.CRANES)]


def test_a_comment_stands_on_its_paper(people: People) -> None:
    bob = people.browser(people.bob)
    answer = desk.send(bob, PAGE + "/comments", page=PAGE, text="*Nice*, and $x^2$ is a square.")
    assert answer.headers["location"] == f"{PAGE}#c1"
    page = people.browser().get(PAGE).text
    assert "<em>Nice</em>" in page and "<msup>" in page and "Bob" in page
    assert people.library.paper(desk.CRANES).signals["comments"] == 1


def test_a_comment_counts_at_the_next_ranking(people: People) -> None:
    library = people.library

    def counted() -> float:
        found = library.standing(desk.CRANES)
        assert found is not None
        return found.attention.comments

    numbers = [library.comment(people.bob, desk.CRANES, text) for text in ("one", "two", "three")]
    assert counted() == 3
    library.delete_comment(people.bob, numbers[0])
    assert counted() == 2
    library.remove_comment(people.ada, numbers[1], "off topic")
    assert counted() == 1
    library.restore_comment(people.ada, numbers[1])
    assert counted() == 2
    with pytest.raises(NotFound):
        library.store.comments.edit(numbers[0], "back again", now=library.now)


def test_answers_stand_below_what_they_answer(people: People) -> None:
    library = people.library
    one = library.comment(people.bob, desk.CRANES, "first")
    library.comment(people.eve, desk.CRANES, "second")
    eve = people.browser(people.eve)
    assert "first" in eve.get(f"/comments/{one}/answer").text
    desk.send(eve, PAGE + "/comments", page=PAGE, text="below", parent=str(one))
    assert shown(people) == [(0, "first"), (1, "below"), (0, "second")]


@pytest.mark.parametrize("parent", ["999", "0", "x", "-1", "9" * 30])
def test_answers_to_nothing_are_refused(people: People, parent: str) -> None:
    bob = people.browser(people.bob)
    assert desk.send(bob, PAGE + "/comments", page=PAGE, text="hm", parent=parent).status_code == 404
    assert shown(people) == []


def test_answers_stay_on_their_paper(people: People) -> None:
    one = people.library.comment(people.bob, desk.BOATS, "elsewhere")
    with pytest.raises(NotFound):
        people.library.comment(people.eve, desk.CRANES, "below", parent=one)


def test_an_edit_keeps_what_was_said_before(people: People) -> None:
    number = people.library.comment(people.bob, desk.CRANES, "first")
    bob = people.browser(people.bob)
    assert "first" in bob.get(f"/comments/{number}/edit").text
    assert desk.send(bob, f"/comments/{number}/edit", page=PAGE, text="second").status_code == 303
    history = people.browser().get(f"/comments/{number}/history").text
    assert "first" in history and "second" in history
    assert shown(people) == [(0, "second")]


def test_a_deleted_comment_is_empty_and_keeps_its_place(people: People) -> None:
    library = people.library
    number = library.comment(people.bob, desk.CRANES, "secret words")
    library.edit_comment(people.bob, number, "other secret words")
    library.comment(people.eve, desk.CRANES, "an answer", parent=number)
    bob = people.browser(people.bob)
    assert desk.send(bob, f"/comments/{number}/delete", page=PAGE).status_code == 303
    page = people.browser().get(PAGE).text
    assert "secret" not in page and "Deleted by its writer" in page and "an answer" in page
    assert people.browser().get(f"/comments/{number}/history").status_code == 404
    assert library.store.comments.versions(number) == []
    assert library.paper(desk.CRANES).signals["comments"] == 1


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001])
def test_what_cannot_be_kept_is_shown_again(people: People, text: str) -> None:
    bob = people.browser(people.bob)
    answer = desk.send(bob, PAGE + "/comments", page=PAGE, text=text)
    assert answer.status_code == 400 and "10,000 characters" in answer.text


def test_mentions_and_answers_are_told_once(people: People) -> None:
    library = people.library
    number = library.comment(people.bob, desk.CRANES, "@eve @Eve look; not `@ada`, nor x@ada.org, nor @bob myself")
    library.comment(people.eve, desk.CRANES, "@bob thanks", parent=number)
    assert [(n.kind, n.actor) for n in library.notifications(people.eve)] == [("mention", "Bob")]
    assert [(n.kind, n.actor) for n in library.notifications(people.bob)] == [("reply", "Eve")]
    assert library.notifications(people.ada) == []
    eve = people.browser(people.eve)
    assert "for you to know" in eve.get("/about").text
    assert "Bob mentioned you" in eve.get("/notifications").text
    desk.send(eve, "/notifications", page="/notifications")
    assert "for you to know" not in eve.get("/about").text


def test_a_merge_keeps_comments_and_their_undoing_too(people: People) -> None:
    from broadsheet.records import Batch

    library = people.library
    library.comment(people.bob, desk.CRANES, "one")
    library.comment(people.bob, desk.BOATS, "other")
    joins = desk.paper(desk.CRANES, identifiers=(desk.CRANES, desk.BOATS))
    library.store.add(Batch((joins,), "2"), cursor_name="file:2", source="test", now=desk.NOW)
    assert {text for _, text in shown(people)} == {"one", "other"}
    library.unmerge(library.merges(desk.CRANES)[-1].id)
    assert shown(people) == [(0, "one")]


def test_readers_report_and_moderators_remove(people: People) -> None:
    library = people.library
    number = library.comment(people.eve, desk.CRANES, "buy my boats")
    bob = people.browser(people.bob)
    assert desk.send(bob, f"/report/comment/{number}", page=PAGE, reason="spam").status_code == 303
    ada = people.browser(people.ada)
    assert "buy my boats" in ada.get("/moderation").text
    desk.send(ada, f"/moderation/comments/{number}", page="/moderation", reason="It sells something.")
    assert "buy my boats" not in people.browser().get(PAGE).text
    page = ada.get("/moderation").text
    assert "0 open reports" in page and "It sells something." in page
    assert "It sells something." in people.browser(people.eve).get("/notifications").text
    assert library.paper(desk.CRANES).signals.get("comments", 0) == 0
    desk.send(ada, f"/moderation/comments/{number}", page="/moderation", undo="1")
    assert shown(people) == [(0, "buy my boats")]


def test_what_was_removed_is_not_read_by_answering(people: People) -> None:
    library = people.library
    number = library.comment(people.eve, desk.CRANES, "unspeakable")
    library.remove_comment(people.ada, number, "it is")
    bob = people.browser(people.bob)
    assert bob.get(f"/comments/{number}/answer").status_code == 404
    answer = desk.send(bob, f"/papers/{desk.CRANES}/comments", page="/me", text="", parent=str(number))
    assert "unspeakable" not in answer.text


def test_a_day_is_written_in_more_than_one_way(people: People) -> None:
    assert people.library.pick_lead(people.ada, desk.HATS, day="20260313").day == "2026-03-13"


def test_what_was_reported_may_stay(people: People) -> None:
    for kind, target in (("paper", desk.CRANES), ("reader", str(people.eve.id))):
        people.library.report(people.bob, kind, target, "I do not like it")
    assert len(people.library.reports(people.ada)) == 2
    for report, _ in people.library.reports(people.ada):
        people.library.dismiss(people.ada, report.kind, report.target)
    assert people.library.reports(people.ada) == []


@pytest.mark.parametrize(("kind", "target"), [("comment", "1"), ("reader", "x"), ("day", "1"), ("paper", "nothing")])
def test_nothing_cannot_be_reported(people: People, kind: str, target: str) -> None:
    with pytest.raises(NotFound):
        people.library.report(people.bob, kind, target, "why")


def test_claims_are_decided_by_moderators(people: People) -> None:
    library = people.library
    from broadsheet.records import Author, Batch

    record = desk.paper(desk.HATS, authors=(Author("Bob Hatter"),))
    library.store.add(Batch((record,), "2"), cursor_name="file:2", source="test", now=desk.NOW)
    bob, ada = people.browser(people.bob), people.browser(people.ada)
    assert desk.send(bob, "/authors/bob-hatter/claim", page="/me", words="It is on my page.").status_code == 303
    assert library.claimed_by("bob-hatter") == []
    (claim,) = library.open_claims(people.ada)
    desk.send(ada, f"/moderation/claims/{claim.id}", page="/moderation", grant="1")
    assert [one.name for one in library.claimed_by("bob-hatter")] == ["Bob"]
    assert "was granted" in bob.get("/notifications").text


def test_editors_pick_the_lead(people: People) -> None:
    library = people.library
    editor = library.set_role(people.bob, "editor")
    client = people.browser(editor)
    fields = {"day": "2026-03-13", "byline": "by Bob and friends", "why": "It folds."}
    assert desk.send(client, f"/papers/{desk.HATS}/lead", page="/me", **fields).status_code == 303
    lead = library.lead("2026-03-13")
    assert lead and (lead.byline, lead.why) == ("by Bob and friends", "It folds.")
    with pytest.raises(Forbidden):
        library.pick_lead(people.eve, desk.HATS, day="2026-03-13")
    with pytest.raises(InputError):
        library.pick_lead(editor, desk.HATS, day="yesterday")
    library.unpick_lead(editor, "2026-03-13")
    assert library.lead("2026-03-13") is None


# -- taking everything along, and leaving ------------------------------------------------------------------------------


def test_everything_of_mine_comes_in_one_archive(people: People) -> None:
    library = people.library
    library.vote(people.bob, desk.CRANES)
    library.save(people.bob, desk.HATS, shelf="Hats", note="to wear")
    library.hide(people.bob, desk.BOATS)
    number = library.comment(people.bob, desk.CRANES, "first")
    library.edit_comment(people.bob, number, "second")
    library.comment(people.eve, desk.CRANES, "not Bob's")
    answer = people.browser(people.bob).get("/me/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told = json.loads(archive.read("reader.json"))
        assert "Paper Hats and Their Uses" in archive.read("shelves.bib").decode()
    assert told["account"]["email"] == "bob@example.org"
    assert [one["id"] for one in told["votes"]] == [desk.CRANES]
    assert told["shelves"][0]["papers"][0]["note"] == "to wear"
    assert [one["id"] for one in told["hidden"]] == [desk.BOATS]
    assert [(c["text"], [b["text"] for b in c["before"]]) for c in told["comments"]] == [("second", ["first"])]
    assert "not Bob" not in json.dumps(told)


def test_a_deleted_account_leaves_nothing(people: People) -> None:
    library = people.library
    library.set_password(people.bob, "a password of bob")
    library.vote(people.bob, desk.CRANES, network="192.0.2.0/24")
    library.save(people.bob, desk.HATS, note="bob's note")
    library.comment(people.bob, desk.CRANES, "bob's words")
    library.report(people.bob, "reader", str(people.eve.id), "bob's reason")
    library.ask_to_log_in("bob@example.org")
    client = people.browser(people.bob)
    assert desk.send(client, "/me/delete", page="/me", sure="not me").status_code == 400
    assert desk.send(client, "/me/delete", page="/me", sure="Bob").status_code == 303
    assert client.get("/me").status_code == 401
    assert library.paper(desk.CRANES).signals == {}
    assert library.front().papers[0].signals.get("votes", 0) == 0
    everything = "\n".join(_dump(people))
    assert "bob" not in everything.lower()
    assert library.add_reader("bob@example.org", name="Bob").id != people.bob.id


def _dump(people: People) -> list[str]:
    """Return every row of every table that knows readers."""
    from sqlalchemy import select

    from broadsheet.store import schema_readers as r
    from broadsheet.store.schema import metadata

    with people.library.store._database.reading() as connection:
        tables = [
            table for table in metadata.sorted_tables if "reader" in table.c or table in (r.readers, r.saved, r.limits)
        ]
        return [repr(tuple(row)) for table in tables for row in connection.execute(select(table))]


def test_the_last_admin_cannot_leave(people: People) -> None:
    with pytest.raises(InputError, match="Nobody else"):
        people.library.delete_account(people.ada, "Ada")


@pytest.mark.parametrize(
    ("source", "handles"),
    [
        ("@ada @bob-c", ["ada", "bob-c"]),
        ("mail ada@example.org", []),
        ("`@ada` and\n```\n@bob\n```\n", []),
        ("(@ada), @ada. @Ada!", ["ada"]),
        ("    @bob in code\n\n@ada\n", ["ada"]),
        ("@" + "x" * 60, []),
        (" ".join(f"@r{n}" for n in range(99)), [f"r{n}" for n in range(10)]),
    ],
)
def test_who_is_mentioned(source: str, handles: list[str]) -> None:
    assert markdown.mentions(source) == handles
