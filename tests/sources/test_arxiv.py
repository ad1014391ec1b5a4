"""arXiv over OAI-PMH, against a server on localhost that misbehaves on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from helpers import split
from oai_server import Paper, Server, serving

from broadsheet.errors import SourceError, Unavailable
from broadsheet.sources import REGISTRY, Arxiv

WINDOWS = [Paper(f"2611.{number:05}", f"2026-11-{number:02}") for number in range(1, 21)]


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(list(WINDOWS)) as state:
        yield state


def source(
    server: Server, clock: Clock, set: str | None = None, format: Literal["arXiv", "arXivRaw"] = "arXiv"
) -> Arxiv:
    made: Arxiv = REGISTRY["arxiv"](
        base_url=server.url, set=set, format=format, now=clock.now, sleep=clock.sleep, jitter=lambda: 0.5
    )
    return made


def ids(arxiv: Arxiv, since: str | None) -> list[str]:
    return [record.own_id for record in split(list(arxiv.harvest(since)))[0]]


def test_everything_comes_once_in_windows_of_days(server: Server, clock: Clock) -> None:
    batches = list(source(server, clock).harvest(None))
    records, aside = split(batches)
    assert aside == []
    assert [record.own_id for record in records] == [paper.id for paper in WINDOWS]
    assert [batch.cursor for batch in batches] == ["from:2026-11-08", "from:2026-11-15", "from:2026-11-21"]
    assert batches[-1].done == 1.0
    windows = [(asked["from"], asked.get("until")) for asked in server.asked if "from" in asked]
    assert windows == [("2026-11-01", "2026-11-07"), ("2026-11-08", "2026-11-14"), ("2026-11-15", None)]


def test_a_harvest_resumes_at_its_window(server: Server, clock: Clock) -> None:
    first = next(iter(source(server, clock).harvest("2026-11-01")))
    rest = ids(source(server, clock), first.cursor)
    assert [record.own_id for record in first.records] + rest == [paper.id for paper in WINDOWS]
    server.papers.append(Paper("2611.09999", "2026-11-21"))
    assert ids(source(server, clock), "from:2026-11-21") == ["2611.09999"]


def test_a_record_of_format_arxiv(server: Server, clock: Clock) -> None:
    record = split(list(source(server, clock).harvest("2026-11-20")))[0][0]
    assert (record.source, record.scheme, record.own_id) == ("arxiv", "arxiv", "2611.00020")
    assert (record.title, record.abstract, record.comment) == ("A Title", "We show that.", "8 pages")
    assert [author.name for author in record.authors] == ["A. One", "Collaboration", "B. Two Jr"]
    assert (record.date, record.updated, record.announced) == ("2007-04-02", "2007-07-24", "2007-04-02")
    assert record.identifiers == ("arxiv:2611.00020", "doi:10.1000/x")
    assert record.categories == ("cs.LG", "math.ST")
    assert record.licence == "http://l.example/"


def test_a_record_of_format_arxiv_raw(server: Server, clock: Clock) -> None:
    record = split(list(source(server, clock, format="arXivRaw").harvest("2026-11-20")))[0][0]
    assert [author.name for author in record.authors] == ["A. One", "B. Two", "C. Three"]
    assert (record.date, record.updated, record.announced) == ("2007-04-02", "2007-07-24", "2007-04-02")
    assert record.identifiers == ("arxiv:2611.00020", "doi:10.1000/x")


def test_requests_are_three_seconds_apart_and_signed(server: Server, clock: Clock) -> None:
    ids(source(server, clock), None)
    assert len(server.asked) > 5
    assert clock.slept == [3.0] * (len(server.asked) - 1)
    assert all(agent.startswith("broadsheet/") for agent in server.agents)


def test_an_expired_token_starts_the_window_again_without_loss_or_repeat(server: Server, clock: Clock) -> None:
    server.expired = 2
    assert ids(source(server, clock), "2026-11-01") == [paper.id for paper in WINDOWS]
    assert [asked["from"] for asked in server.asked if "from" in asked].count("2026-11-01") == 3


def test_tokens_that_always_expire_end_the_harvest(server: Server, clock: Clock) -> None:
    server.expired = 10**6
    with pytest.raises(Unavailable, match="tokens expired"):
        ids(source(server, clock), "2026-11-01")


@pytest.mark.parametrize("fault", ["truncated", "broken-off", "503", "429", "500", "slow"])
def test_a_passing_failure_is_tried_again(server: Server, clock: Clock, fault: str) -> None:
    server.faults = [fault, fault]
    assert ids(source(server, clock), "2026-11-01") == [paper.id for paper in WINDOWS]


def test_back_off_grows_and_retry_after_is_obeyed(server: Server, clock: Clock) -> None:
    server.faults = ["500", "500", "503 77", "429 Sat, 21 Nov 2026 13:00:00 GMT"]
    assert ids(source(server, clock), "2026-11-20") == ["2611.00020"]
    waits = [slept for slept in clock.slept if slept != 3.0]
    assert waits[:3] == [4.5, 9.0, 77.0]
    assert clock.time >= datetime(2026, 11, 21, 13, tzinfo=UTC)


def test_a_server_that_never_recovers_is_unavailable(server: Server, clock: Clock) -> None:
    server.faults = ["truncated"] * 100
    with pytest.raises(Unavailable, match="cut off or damaged"):
        ids(source(server, clock), "2026-11-01")


def test_a_server_that_wants_hours_of_peace_gets_them(server: Server, clock: Clock) -> None:
    server.faults = ["503 86400"]
    with pytest.raises(Unavailable, match=r"24\.0 hours"):
        ids(source(server, clock), "2026-11-01")


@pytest.mark.parametrize("fault", ["404", "html"])
def test_a_server_that_is_no_oai_server_is_refused(server: Server, clock: Clock, fault: str) -> None:
    server.faults = [fault] * 100
    with pytest.raises((SourceError, Unavailable)):
        ids(source(server, clock), "2026-11-01")


def test_what_came_before_a_failure_has_been_yielded(server: Server, clock: Clock) -> None:
    server.faults = [""] * 3 + ["500"] * 100
    got = []
    with pytest.raises(Unavailable):
        for batch in source(server, clock).harvest("2026-11-01"):
            got.append(batch)
    assert [batch.cursor for batch in got] == ["from:2026-11-08"]
    assert len(got[0].records) == 7


def test_pages_that_repeat_records_do_no_harm(server: Server, clock: Clock) -> None:
    server.repeat_pages = True
    assert ids(source(server, clock), "2026-11-01") == [paper.id for paper in WINDOWS]


def test_deleted_records_come_as_deleted(server: Server, clock: Clock) -> None:
    server.papers[:] = [Paper("2611.00001", "2026-11-20", deleted=True)]
    (record,) = split(list(source(server, clock).harvest("2026-11-20")))[0]
    assert (record.status, record.title, record.identifiers) == ("deleted", "", ("arxiv:2611.00001",))


def test_days_without_records_move_the_cursor_on(server: Server, clock: Clock) -> None:
    server.papers.clear()
    batches = list(source(server, clock).harvest("2026-11-01"))
    assert [batch.records for batch in batches] == [(), (), ()]
    assert batches[-1].cursor == "from:2026-11-15"


def test_a_record_without_title_is_set_aside_by_name(server: Server, clock: Clock) -> None:
    server.papers[:] = [Paper("2611.00001", "2026-11-20", title=" "), Paper("2611.00002", "2026-11-20")]
    records, aside = split(list(source(server, clock).harvest("2026-11-20")))
    assert [record.own_id for record in records] == ["2611.00002"]
    assert aside[0].where == "oai:arXiv.org:2611.00001"
    assert aside[0].reason == "it has no title"


def test_a_set_is_asked_for(server: Server, clock: Clock) -> None:
    server.papers[:] = [Paper("2611.00001", "2026-11-20", set="math"), Paper("2611.00002", "2026-11-20")]
    assert ids(source(server, clock, "math"), "2026-11-20") == ["2611.00001"]
    with pytest.raises(SourceError, match="badArgument"):
        ids(source(server, clock, "nonsense"), "2026-11-20")
    with pytest.raises(SourceError, match="no set"):
        source(server, clock, "cs&verb=Identify")


def test_windows_of_more_than_a_batch_keep_the_windows_cursor(server: Server, clock: Clock) -> None:
    server.papers[:] = [Paper(f"2611.{number:05}", "2026-11-02") for number in range(1, 752)]
    batches = list(source(server, clock).harvest("2026-11-01"))
    assert [(len(batch.records), batch.cursor) for batch in batches[:2]] == [
        (500, "from:2026-11-01"),
        (251, "from:2026-11-08"),
    ]


def test_one_paper_is_fetched_by_any_form_of_its_id(server: Server, clock: Clock) -> None:
    arxiv = source(server, clock)
    found = arxiv.fetch("https://arxiv.org/abs/2611.00003v2")
    assert found is not None
    assert found.own_id == "2611.00003"
    assert arxiv.fetch("arxiv:2611.77777") is None
    with pytest.raises(SourceError, match="no arXiv id"):
        arxiv.fetch("10.1000/x")


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "from:", "entry:5"])
def test_what_is_no_day_is_refused(server: Server, clock: Clock, since: str) -> None:
    with pytest.raises(SourceError, match="no day to harvest from"):
        ids(source(server, clock), since)


def test_an_unreachable_server_is_unavailable(clock: Clock) -> None:
    with serving([]) as state:
        pass
    with pytest.raises(Unavailable):
        ids(source(state, clock), "2026-11-01")
