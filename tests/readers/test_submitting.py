"""What readers send in: a row at once, fetched later, found, merged or refused, and seen by nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import desk
import pytest
import zstandard
from people import People
from standin import NOBODY, Answer, StandIn, csl, fetchers, oai, standing_in

from broadsheet import sources
from broadsheet.errors import Forbidden, InputError, NotFound, TooMany
from broadsheet.library import Library, submitting
from broadsheet.records import Reader, Submission
from broadsheet.settings import Settings

FOLDS = ("2603.09999", "On Folding Newspapers Well")


@dataclass
class Town:
    """A library whose clock can be moved, its local reader, and what stands in for the world."""

    library: Library
    reader: Reader
    world: StandIn

    def later(self, **span: float) -> None:
        moved = self.library.now + timedelta(**span)
        self.library._clock = lambda: moved

    def fetch(self) -> Submission | None:
        return self.library.fetch_submission()

    def fetched(self, what: str) -> Submission:
        sent = self.library.submit(self.reader, what)
        assert sent.state == "queued"
        done = self.fetch()
        assert done is not None and done.id == sent.id
        return done

    def file(self, content: str | bytes, name: str = "my papers.bib") -> Submission:
        raw = content if isinstance(content, bytes) else content.encode()
        sent = self.library.submit_file(self.reader, raw, name=name)
        assert sent.state == "queued" and self.fetch() is not None
        return self.library.submission(self.reader, sent.id)

    def titles(self, one: Submission) -> list[tuple[str, bool]]:
        return [(paper.title, new) for paper, new in self.library.submitted(one)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standing_in(oai(*FOLDS)) as found:
        monkeypatch.setattr(sources, "FETCHERS", found.fetchers())
        monkeypatch.setattr("time.sleep", lambda _: None)
        yield found


@pytest.fixture
def town(tmp_path: Path, world: StandIn) -> Iterator[Town]:
    with desk.library(tmp_path / "home") as library:
        reader = library.local_reader()
        assert reader is not None
        yield Town(library, reader, world)


# -- one paper ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["2603.09999", "arXiv:2603.09999v3", "https://arxiv.org/abs/2603.09999"])
def test_a_paper_is_found(town: Town, what: str) -> None:
    found = town.fetched(what)
    assert (found.state, found.given, found.reason, found.attempts) == ("found", what, None, 1)
    assert town.titles(found) == [(FOLDS[1], True)]
    assert town.library.paper("2603.09999").announced == "2026-03-12"
    assert town.fetch() is None and len(town.world.asked) == 1
    assert [source.name for source in town.library.freshness()] == ["test"], "arXiv was not harvested by that"


def test_what_is_here_is_said_at_once_and_nobody_asked(town: Town) -> None:
    sent = town.library.submit(town.reader, "https://arxiv.org/pdf/2603.00001")
    assert (sent.state, sent.new, sent.here) == ("merged", 0, 1)
    assert town.titles(sent) == [("On the Folding of Paper Cranes", False)]
    assert town.fetch() is None and town.world.asked == []


def test_one_that_turns_out_to_be_a_paper_here_is_merged_into_it(town: Town) -> None:
    """A DOI that nobody knew is the arXiv paper of the same title, people and year."""
    town.fetched(FOLDS[0])
    doi, answer = csl("10.1000/folds", FOLDS[1], abstract="What is known.", issued={"date-parts": [[2026, 3]]})
    town.world.answers[doi] = answer
    merged = town.fetched("10.1000/folds")
    assert (merged.state, town.titles(merged)) == ("merged", [(FOLDS[1], False)])
    assert "doi:10.1000/folds" in town.library.paper(FOLDS[0]).identifiers


def test_two_submissions_of_one_work_become_one_paper(people: People, world: StandIn) -> None:
    library = people.library
    first = library.submit(people.bob, FOLDS[0])
    assert library.submit(people.bob, f"https://arxiv.org/abs/{FOLDS[0]}").id == first.id, "the same reader, once"
    second = library.submit(people.eve, FOLDS[0])
    assert second.id != first.id and library.sent_before(second) and not library.sent_before(first)
    assert [(one := library.fetch_submission()) and one.state for _ in range(3)] == ["found", "merged", None]
    papers = [library.submitted(library.submission(people.ada, one.id))[0][0].id for one in (first, second)]
    assert papers == [f"arxiv:{FOLDS[0]}"] * 2 and len(world.asked) == 1


def test_what_is_not_there_is_refused_and_can_be_tried_again(town: Town) -> None:
    empty = b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><error code="idDoesNotExist">x</error></OAI-PMH>'
    good = town.world.answers[oai(*FOLDS)[0]]
    town.world.answers[oai(*FOLDS)[0]] = Answer(empty, "text/xml")
    refused = town.fetched(FOLDS[0])
    assert refused.state == "refused" and refused.reason is not None
    assert refused.reason == f"There is no paper arxiv:{FOLDS[0]} at arXiv, or none any more."
    town.world.answers[oai(*FOLDS)[0]] = good
    again = town.library.submit_again(town.reader, refused.id)
    assert (again.state, again.reason, again.id) == ("queued", None, refused.id)
    assert (done := town.fetch()) is not None and done.state == "found"
    with pytest.raises(InputError, match="tried again"):
        town.library.submit_again(town.reader, refused.id)


def test_without_a_network_it_waits_and_is_tried_ever_more_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "FETCHERS", fetchers(NOBODY, allowed=lambda *_: True))
    monkeypatch.setattr("time.sleep", lambda _: None)
    with desk.library(tmp_path / "home") as library, standing_in(oai(*FOLDS)) as world:
        reader = library.local_reader()
        assert reader is not None
        town = Town(library, reader, world)
        sent = library.submit(reader, FOLDS[0])
        waits = []
        for _ in range(11):
            tried = library.fetch_submission()
            assert tried is not None and tried.state == "waiting" and "Connection refused" in str(tried.reason)
            assert library.fetch_submission() is None, "not before its time"
            waits.append(_minutes(tried.due) - _minutes(library.now.isoformat()))
            town.later(minutes=waits[-1])
        assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]
        library._fetchers = {
            name: make(now=library._clock, sleep=print, jitter=float) for name, make in world.fetchers().items()
        }
        assert (done := library.fetch_submission()) is not None and (done.state, done.attempts) == ("found", 12)
        assert done.id == sent.id


def _minutes(moment: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(moment).timestamp() / 60)


def test_after_two_weeks_in_vain_it_is_refused_with_the_reason(town: Town) -> None:
    town.library.submit(town.reader, FOLDS[0])
    town.world.answers.clear()
    town.world.answers[oai(*FOLDS)[0]] = Answer(b"", "text/xml", 500)
    assert (done := town.fetch()) is not None and done.state == "waiting"
    town.later(days=15)
    assert (done := town.fetch()) is not None and done.state == "refused"
    assert "14 days in vain" in str(done.reason) and "500" in str(done.reason)


@pytest.mark.parametrize(
    "what",
    [
        *("", "   ", "a title", "x" * 600, "http://127.0.0.1/", "http://169.254.169.254/latest", "file:///etc/passwd"),
        "bs:abcdefgh2345",
        "10.1000",
        "arxiv:9999.99999",
        *("http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://me:pw@example.org/x"),
        *("https://example.org:8080/x", "javascript://example.org/%0aalert(1)", "//example.org/x"),
    ],
)
def test_what_is_no_name_of_a_paper_makes_no_row(town: Town, what: str) -> None:
    with pytest.raises(InputError):
        town.library.submit(town.reader, what)
    assert town.library.submissions(town.reader) == [] and town.world.asked == []


def test_a_day_that_is_still_to_come_makes_no_front_page(town: Town) -> None:
    town.world.answers.update(
        [
            csl("10.1000/later", "Of Later Days", issued={"date-parts": [[2031, 1, 1]]}),
            csl("10.1000/soon", "Of Coming Days", issued={"date-parts": [[2026, 12, 24]]}),
            csl("10.1000/old", "Of Days Long Past", issued={"date-parts": [[1995, 2]]}),
        ]
    )
    for doi in ("10.1000/later", "10.1000/soon", "10.1000/old"):
        assert town.fetched(doi).state == "found"
    assert town.library.paper("doi:10.1000/soon").date == "2026"
    assert [day for day, _ in town.library.editions()] == ["2026-03-14", "2026-03-13"]
    assert town.library.paper("doi:10.1000/old").announced is None, "old papers are no news"


# -- files -------------------------------------------------------------------------------------------------------------

BIBTEX = """@article{one, title = {A Theory of Paper Boats}, eprint = {2603.00002}, archiveprefix = {arXiv}}
@article{two, title = {Something That Is Not Here}, author = {Byron, Ada}, year = 2025}
@article{three, note = {no title at all}}
"""
RIS = "TY  - JOUR\nTI  - Of Reference Files\nDO  - 10.1000/ris\nPY  - 2026\nER  - \n"
CSL = json.dumps([{"title": "Of Citation Items", "DOI": "10.1000/csl", "type": "article"}])
JSONL = json.dumps({"id": "2603.08888", "title": "Of Lines", "date": "2026-03-10"}) + "\n"


def test_a_file_brings_what_is_not_here(town: Town) -> None:
    done = town.file(BIBTEX, "C:\\mine\\my papers.bib")
    assert (done.given, done.state, done.new, done.here) == ("my papers.bib", "found", 1, 1)
    assert done.reason == "1 could not be used (my papers.bib, line 3: it has no title)."
    assert town.titles(done) == [("Something That Is Not Here", True), ("A Theory of Paper Boats", False)]
    assert town.library.store.submissions.content(done.id) is None, "what is here needs no file any more"
    again = town.file(BIBTEX)
    assert (again.state, again.new, again.here) == ("merged", 0, 2)


@pytest.mark.parametrize("content", [RIS, CSL, JSONL, zstandard.compress(JSONL.encode())])
def test_every_format_that_add_knows(town: Town, content: str | bytes) -> None:
    assert town.file(content, "x").state == "found"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7", "is a PDF"),
        (b"just words\nand more of them, and none of it known to be a list of papers at all", "no known format"),
        (b"\x28\xb5\x2f\xfd\x00", "damaged"),
        ('{"id": "x"}\n', "1 could not be used"),
    ],
)
def test_a_file_that_is_no_list_of_papers_is_refused_and_kept(town: Town, content: str | bytes, reason: str) -> None:
    done = town.file(content, "notes.dat")
    assert done.state == "refused" and reason in str(done.reason)
    assert "notes.dat" in str(done.reason) and "/tmp" not in str(done.reason), "no path of the server"
    raw = content if isinstance(content, bytes) else content.encode()
    assert town.library.store.submissions.content(done.id) == raw, "refused, not lost"


def test_files_have_limits(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    library = town.library
    with pytest.raises(InputError, match="empty"):
        library.submit_file(town.reader, b"")
    with pytest.raises(InputError, match="at most 20 MB"):
        library.submit_file(town.reader, b"x" * ((20 << 20) + 1))
    monkeypatch.setattr(submitting, "MOST_KEPT", 20)
    town.file(b"%PDF-1.7 abcdef")
    with pytest.raises(InputError, match="take refused ones back"):
        library.submit_file(town.reader, b"%PDF-1.8")
    monkeypatch.setattr(submitting, "MOST_KEPT", 1 << 20)
    monkeypatch.setattr(submitting, "LARGEST_UNPACKED", 1000)
    assert "when unpacked" in str(town.file(zstandard.compress(b" " * 5000)).reason)
    monkeypatch.setattr(submitting, "LARGEST_UNPACKED", 1 << 20)
    monkeypatch.setattr(submitting, "MOST_RECORDS", 0)
    assert "more than 0 entries" in str(town.file(JSONL).reason)


def test_a_file_cannot_speak_for_a_source_or_a_paper_that_is_here(town: Town) -> None:
    """Mass assignment: votes, an edition, a source's own record, another's text, two papers made one."""
    forged = [
        {"id": "2603.00001", "title": "Owned", "date": "2026-03-13", "abstract": "x", "status": "withdrawn"},
        {"id": "2603.07777", "title": "Mine", "date": "2026-03-10", "upvotes": 999, "daily_date": "2026-03-14"},
        {"id": "2603.07778", "title": "Two in one", "pdf": "https://arxiv.org/pdf/2603.07779", "date": "2026"},
        {"id": "j1", "title": "Joins", "doi": "10.1000/j", "url": "https://arxiv.org/abs/2603.00002"},
    ]
    done = town.file("".join(json.dumps(one) + "\n" for one in forged), "x.jsonl")
    assert (done.new, done.here) == (2, 2)
    library = town.library
    here = library.paper(desk.CRANES)
    assert (here.title, here.status, here.sources) == ("On the Folding of Paper Cranes", "published", ("arxiv",))
    mine = library.paper("2603.07777")
    assert (mine.signals, mine.announced, mine.sources) == ({}, "2026-03-10", ("submitted",))
    assert library.store.resolve("arxiv:2603.07779") is None and library.store.resolve("doi:10.1000/j") is None
    town.world.answers.update([oai("2603.07777", "The Paper's Own Title")])
    library.store.add(sources_batch(town, "2603.07777"), cursor_name="arxiv:", source="arxiv", now=library.now)
    assert library.paper("2603.07777").title == "The Paper's Own Title", "a source has the last word"


def sources_batch(town: Town, number: str) -> Any:
    from broadsheet.records import Batch

    return Batch((town.library._fetchers["arxiv"].fetch(number),), "1")


# -- whose it is, and how often ----------------------------------------------------------------------------------------


def test_submissions_are_ones_own(people: People, world: StandIn) -> None:
    library = people.library
    sent = library.submit(people.bob, "2603.01234")
    eve, bob, stranger = people.browser(people.eve), people.browser(people.bob), people.browser()
    for address in (f"/submissions/{sent.id}", f"/submissions/{sent.id}.json"):
        assert eve.get(address).status_code == 404 == eve.get(address.replace(str(sent.id), "4711")).status_code
        assert stranger.get(address).status_code == 401
        assert bob.get(address).status_code == 200
    for fields in ({"act": "take-back"}, {"act": "again"}):
        assert desk.send(eve, f"/submissions/{sent.id}", page="/me", **fields).status_code == 404
    assert desk.send(eve, f"/moderation/submissions/{sent.id}", page="/me", reason="x").status_code == 403
    assert eve.get("/moderation/submissions").status_code == 403
    assert "2603.01234" not in eve.get("/submit").text + eve.get("/submit.json").text
    assert library.submission(people.bob, sent.id).state == "queued"
    assert bob.get(f"/submissions/{sent.id}.json").headers["cache-control"] == "no-store"


def test_a_form_says_no_more_than_what_it_is_asked_for(people: People, world: StandIn) -> None:
    bob = people.browser(people.bob)
    more = {"reader": str(people.eve.id), "state": "found", "id": "99", "due": "2000-01-01", "kind": "file", "new": "1"}
    answer = desk.send(bob, "/submit", page="/submit", what="2603.01234", **more)
    sent = people.library.submission(people.bob, int(answer.headers["location"].rpartition("/")[2]))
    assert (sent.reader, sent.state, sent.kind, sent.new) == (people.bob.id, "queued", "identifier", 0)
    assert people.library.submissions(people.eve) == []


def test_each_role_has_its_limit(people: People, world: StandIn) -> None:
    library = people.library
    for number in range(20):
        library.submit(people.bob, f"2603.1{number:04}")
    with pytest.raises(TooMany):
        library.submit(people.bob, "2603.20000")
    answer = desk.send(people.browser(people.bob), "/submit", page="/submit", what="2603.20000")
    assert answer.status_code == 429 and "2603.20000" in answer.text, "what was typed is kept"
    for number in range(30):
        library.submit(people.ada, f"2603.3{number:04}")
    with pytest.raises(Forbidden):
        library.submit(library.ban(people.eve), "2603.40000")


def test_what_somebody_sent_in_who_was_locked_out_is_not_fetched(people: People, world: StandIn) -> None:
    sent = people.library.submit(people.bob, FOLDS[0])
    people.library.ban(people.bob)
    assert (done := people.library.fetch_submission()) is not None
    assert (done.id, done.state) == (sent.id, "refused") and world.asked == []


def test_a_moderator_refuses_with_a_reason_that_stays(people: People, world: StandIn) -> None:
    library = people.library
    sent = library.submit(people.bob, FOLDS[0])
    ada = people.browser(people.ada)
    assert FOLDS[0] in ada.get("/moderation/submissions").text and "from Bob" in ada.get("/moderation/submissions").text
    page = f"/submissions/{sent.id}"
    assert desk.send(ada, f"/moderation{page}", page=page, reason="").status_code == 400
    assert desk.send(ada, f"/moderation{page}", page=page, reason="Not for <b>us</b>").status_code == 303
    assert library.fetch_submission() is None and world.asked == []
    bob = people.browser(people.bob)
    assert "A moderator refused it: Not for &lt;b&gt;us&lt;/b&gt;" in bob.get(page).text
    assert "Not for" in bob.get("/notifications").text
    assert "Try it again" not in bob.get(page).text
    assert desk.send(bob, page, page=page, act="again").status_code == 400
    assert library.moderation_log(people.ada)[0].kind == "submission"
    with pytest.raises(InputError, match="settled"):
        library.refuse_submission(people.ada, sent.id, "again")


def test_one_that_is_refused_while_it_is_fetched_stays_refused(people: People, world: StandIn) -> None:
    library = people.library
    sent = library.submit(people.bob, FOLDS[0])
    assert library.store.submissions.claim(now=library.now, lease=300) is not None
    library.refuse_submission(people.ada, sent.id, "no")
    library.store.submissions.postpone(sent.id, "late", until=library.now)
    assert not library.store.submissions.settle(sent.id, "found", None, now=library.now)
    assert library.submission(people.bob, sent.id).state == "refused"


def test_taking_it_back_forgets_it_and_so_does_leaving(people: People, world: StandIn) -> None:
    library = people.library
    sent = library.submit_file(people.bob, BIBTEX.encode(), name="x.bib")
    page = f"/submissions/{sent.id}"
    bob = people.browser(people.bob)
    assert desk.send(bob, page, page=page, act="take-back").headers["location"] == "/submit"
    with pytest.raises(NotFound):
        library.submission(people.bob, sent.id)
    library.submit_file(people.bob, BIBTEX.encode(), name="x.bib")
    library.fetch_submission()
    library.submit(people.bob, "2603.01234")
    told = json.loads(_unpacked(library.export_all(people.bob))["reader.json"])
    assert [(one["given"], one["state"]) for one in told["submissions"]] == [
        ("2603.01234", "queued"),
        ("x.bib", "found"),
    ]
    library.delete_account(people.bob, "bob")
    assert library.submission_queue(people.ada)[:2] == ([], [])
    with library.store._database.reading() as connection:
        for table in ("submitted", "uploads"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0


def _unpacked(archive: bytes) -> dict[str, bytes]:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_taken_back_while_it_is_fetched_it_becomes_nobody_elses(
    people: People, world: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = people.library
    sent = library.submit(people.bob, FOLDS[0])
    take = library.store.submissions.take

    def meanwhile(*given: Any, **more: Any) -> Any:
        library.take_back(people.bob, sent.id)
        assert library.submit(people.eve, "2603.01234").id != sent.id
        return take(*given, **more)

    monkeypatch.setattr(library.store.submissions, "take", meanwhile)
    assert library.fetch_submission() is not None
    assert [(one.given, one.state, one.new) for one in library.submissions(people.eve)] == [("2603.01234", "queued", 0)]
    assert library.submissions(people.bob) == [] and library.submission_queue(people.ada)[1] == []


# -- pages -------------------------------------------------------------------------------------------------------------


def test_from_an_empty_search_to_the_paper(town: Town) -> None:
    town.library.refresh()
    with desk.browser(town.library) as browser:
        assert 'href="/submit"' in browser.get("/").text
        assert 'href="/submit?what=2603.09999"' in browser.get("/search", params={"q": "2603.09999"}).text
        assert ">2603.09999</textarea>" in browser.get("/submit", params={"what": "2603.09999"}).text
        answer = desk.send(browser, "/submit", page="/submit", what="2603.09999\r\n")
        page = answer.headers["location"]
        assert "Queued." in browser.get(page).text
        assert browser.get(page + ".json").json()["state"] == "queued"
        town.fetch()
        shown, told = browser.get(page).text, browser.get(page + ".json").json()
        assert "Found: it is here now." in shown and "/papers/arxiv:2603.09999" in shown
        assert (told["state"], told["new"], told["due"], told["papers"][0]["new"]) == ("found", 1, None, True)
        assert "1 new paper" in browser.get("/submit").text
        listed = browser.get("/submit.json").json()
        assert [one["state"] for one in listed["submissions"]] == ["found"] and listed["next"] is None


def test_several_at_once_and_the_wrong_ones_are_given_back(town: Town) -> None:
    with desk.browser(town.library) as browser:
        answer = desk.send(browser, "/submit", page="/submit", what="2603.09999\nnonsense\n\n2603.00001")
        assert answer.status_code == 422 and ">nonsense</textarea>" in answer.text
        assert [one.state for one in town.library.submissions(town.reader)] == ["merged", "queued"]
        many = "\n".join(f"2603.1{number:04}" for number in range(25))
        answer = desk.send(browser, "/submit", page="/submit", what=many)
        assert ">2603.10020\n" in answer.text and "At most 20 at once" in answer.text
        assert desk.send(browser, "/submit", page="/submit", what=" ").status_code == 422


def test_a_file_by_its_form(town: Town) -> None:
    with desk.browser(town.library) as browser:
        data = {"csrf": desk.token(browser, "/submit")}
        answer = browser.post("/submit/file", data=data, files={"file": ("<b>.bib", BIBTEX.encode(), "text/plain")})
        assert answer.status_code == 303
        town.fetch()
        shown = browser.get(answer.headers["location"]).text
        assert "Taken in." in shown and "1 paper new here, 1 here before" in shown and "&lt;b&gt;.bib" in shown
        empty = browser.post("/submit/file", data=data, files={"file": ("x", b"", "text/plain")})
        assert empty.status_code == 422 and "empty" in empty.text


def test_a_closed_instance_takes_nothing_from_strangers(tmp_path: Path, world: StandIn) -> None:
    with desk.library(tmp_path / "home", registration="closed") as library:
        library.add_reader("ada@example.org", name="Ada", role="admin")
        with desk.browser(library) as browser:
            for send in ("/submit", "/submit/file"):
                assert browser.post(send, data={"what": FOLDS[0]}).status_code in (401, 403)
            assert browser.get("/submit").status_code == 401 == browser.get("/submit.json").status_code
    with desk.library(tmp_path / "other") as library, desk.browser(library, local=False) as browser:
        assert browser.get("/submit").status_code == 403, "read-only"
    assert Settings(home=tmp_path).registration and world.asked == []


def test_status_says_what_waits(town: Town) -> None:
    town.library.submit(town.reader, FOLDS[0])
    town.library.submit(town.reader, desk.CRANES)
    assert town.library.status()["submissions"] == {
        "waiting": 1,
        "waiting_since": "2026-03-14T09:30:00+00:00",
        "taken": 1,
        "refused": 0,
    }
