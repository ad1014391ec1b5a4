"""Votes, stars, citations and mentions, from servers on localhost that stand in for the real ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from json_server import Server, serving

from broadsheet import Library
from broadsheet.errors import SourceError, Unavailable
from broadsheet.records import Batch, Paper, Signal, SourceRecord
from broadsheet.settings import Settings
from broadsheet.sources.github import GitHub, repository
from broadsheet.sources.hackernews import HackerNews
from broadsheet.sources.huggingface import HuggingFace
from broadsheet.sources.openalex import OpenAlex, dois
from broadsheet.sources.watching import Watching


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = datetime(2026, 7, 2, 12, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)


def daily(number: int, votes: int = 5, **more: Any) -> dict[str, Any]:
    """An entry as the real service has it."""
    paper = {
        "id": f"2607.{number:05}",
        "title": f"Daily Paper {number}",
        "summary": "First line\nsecond line.",
        "authors": [{"_id": "x", "name": "Ada Example", "hidden": False}, {"name": ""}],
        "publishedAt": "2026-06-30T00:00:00.000Z",
        "upvotes": votes,
        "githubRepo": "https://github.com/example/code",
    }
    return {"paper": paper | more, "title": "x", "numComments": 2, "publishedAt": "2026-07-01T00:00:00.000Z"}


def daily_papers(server: Server, clock: Clock) -> HuggingFace:
    return HuggingFace(base_url=server.url, now=clock.now, sleep=clock.sleep, jitter=lambda: 0.5)


def by_day(entries: dict[str, list[dict[str, Any]]]) -> Callable[[str, dict[str, str]], Any]:
    def answer(path: str, asked: dict[str, str]) -> Any:
        if path != "/api/daily_papers":
            return next((e["paper"] for e in entries["2026-07-01"] if path.endswith(e["paper"]["id"])), None)
        size, page = int(asked["limit"]), int(asked["p"])
        return entries.get(asked["date"], [])[page * size : (page + 1) * size]

    return answer


def test_a_day_becomes_records_with_votes_as_of_today() -> None:
    with serving(by_day({"2026-07-01": [daily(1, 31)]})) as server:
        batches = list(daily_papers(server, Clock()).harvest("2026-07-01"))
    (record,) = (record for batch in batches for record in batch.records)
    assert record.announced == "2026-07-01"
    assert record.identifiers == ("arxiv:2607.00001",)
    assert (record.date, record.abstract) == ("2026-06-30", "First line second line.")
    assert [author.name for author in record.authors] == ["Ada Example"]
    assert record.links["code"] == "https://github.com/example/code"
    today = "2026-07-02"
    assert record.signals == (
        Signal("votes", today, 31, "huggingface"),
        Signal("comments", today, 2, "huggingface"),
    )
    assert [batch.cursor for batch in batches] == ["from:2026-07-01", "from:2026-07-02"]


def test_long_days_are_read_page_by_page_and_politely() -> None:
    clock = Clock()
    with serving(by_day({"2026-07-02": [daily(n) for n in range(230)]})) as server:
        (batch,) = daily_papers(server, clock).harvest("2026-07-02")
        assert [asked.partition("p=")[2] for asked in server.asked] == ["0", "1", "2"]
    assert len(batch.records) == 230
    assert len(clock.slept) == 2 and all(2.5 < pause <= 3 for pause in clock.slept)


def test_a_later_harvest_counts_the_last_week_again() -> None:
    with serving(by_day({})) as server:
        list(daily_papers(server, Clock()).harvest("from:2026-07-01"))
        asked = [question.partition("date=")[2][:10] for question in server.asked]
    assert asked == [f"2026-06-{day}" for day in range(24, 31)] + ["2026-07-01", "2026-07-02"]


def test_what_is_no_paper_is_set_aside() -> None:
    entries = [{"paper": None}, "text", daily(1, title="") | {"title": ""}, daily(2, id="not an id"), daily(3)]
    with serving(by_day({"2026-07-02": entries})) as server:  # type: ignore[dict-item]
        (batch,) = daily_papers(server, Clock()).harvest("2026-07-02")
    assert len(batch.records) == 1 and len(batch.set_aside) == 4


def test_faults_are_waited_out_and_refusals_are_said() -> None:
    clock = Clock()
    with serving(by_day({"2026-07-01": [daily(1)]})) as server:
        server.faults = [(429, {"Retry-After": "40"}), b"{damaged", (503, {})]
        record = daily_papers(server, clock).fetch("2607.00001")
        assert record is not None and record.announced is None and record.signals[0].value == 5
        assert 40 in clock.slept
        assert daily_papers(server, clock).fetch("2607.00009") is None
        server.faults = [(401, {})]
        with pytest.raises(SourceError, match="401"):
            daily_papers(server, clock).fetch("2607.00001")
        server.faults = [(500, {})] * 7
        with pytest.raises(Unavailable, match="500"):
            daily_papers(server, clock).fetch("2607.00001")
        server.faults = [b'{"error": "x"}']
        with pytest.raises(Unavailable, match="list"):
            list(daily_papers(server, clock).harvest("2026-07-02"))
        with pytest.raises(SourceError, match="no day"):
            list(daily_papers(server, clock).harvest("someday"))


def paper(number: int, *identifiers: str, code: str = "") -> Paper:
    names = identifiers or (f"arxiv:2607.{number:05}",)
    links = {"code": code} if code else {}
    return Paper(key=number, id=names[0], identifiers=names, title=f"Paper {number}", links=links)


def watching(kind: type[Watching], server: Server, papers: Sequence[Paper]) -> Watching:
    clock = Clock()
    return kind(base_url=server.url, now=clock.now, sleep=clock.sleep, jitter=lambda: 0.5, watched=lambda: papers)


def measured(batches: Sequence[Batch]) -> dict[str, float]:
    return {name: signal.value for batch in batches for name, signal in batch.measured}


def test_stars_of_linked_repositories_and_going_on_after_a_limit() -> None:
    stars = {"/repos/example/one": 10, "/repos/Example/two": 250}
    papers = [
        paper(1, code="https://github.com/example/one"),
        paper(2, code="https://www.github.com/Example/two.git"),
        paper(3, code="https://github.com/example/gone"),
        paper(4, code="https://gitlab.com/example/four"),
        paper(5),
    ]
    limited: tuple[int, dict[str, str]] = (403, {"X-RateLimit-Remaining": "0"})
    with serving(lambda path, _: {"stargazers_count": stars[path]} if path in stars else None) as server:
        first = watching(GitHub, server, papers).harvest()
        batches = [next(first)]
        server.faults = [limited]
        with pytest.raises(Unavailable, match="Try again"):
            next(first)
        batches += watching(GitHub, server, papers).harvest(batches[-1].cursor)
    assert measured(batches) == {"arxiv:2607.00001": 10, "arxiv:2607.00002": 250}
    assert batches[-1].cursor == ""
    assert server.asked.count("/repos/example/one") == 1


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://github.com/a/b.c", ("a", "b.c")),
        ("http://github.com/a/b/tree/main?x=1#y", ("a", "b")),
        ("https://github.com/a", None),
        ("https://github.com.evil.example/a/b", None),
        ("https://example.org/github.com/a/b", None),
    ],
)
def test_what_is_a_repository(link: str, found: tuple[str, str] | None) -> None:
    assert repository(paper(1, code=link)) == found


def test_citations_fifty_papers_a_question() -> None:
    papers = [paper(n) for n in range(1, 61)] + [paper(61, "doi:10.1000/X", "arxiv:2607.00061"), paper(62, "acl:P18-1")]

    def answer(path: str, asked: dict[str, str]) -> Any:
        assert path == "/works"
        wanted = asked["filter"].removeprefix("doi:").split("|")
        works = [{"doi": f"https://doi.org/{doi}", "cited_by_count": 7} for doi in wanted if "00060" not in doi]
        return {"results": [*works, {"doi": "https://doi.org/10.1000/x", "cited_by_count": 9}, {"doi": None}]}

    with serving(answer) as server:
        batches = list(watching(OpenAlex, server, papers).harvest())
        assert len(server.asked) == 2
    counts = measured(batches)
    assert (len(counts), counts["arxiv:2607.00001"], counts["doi:10.1000/X"]) == (60, 7, 9)
    assert dois(papers[60]) == ["10.1000/x", "10.48550/arxiv.2607.00061"]


def test_mentions_are_stories_that_link_to_a_paper() -> None:
    def answer(path: str, asked: dict[str, str]) -> Any:
        return {"nbHits": 3 if asked["query"] == '"2607.00001"' else 0, "hits": []}

    with serving(answer) as server:
        batches = list(watching(HackerNews, server, [paper(1), paper(2), paper(3, "acl:P18-1")]).harvest())
    assert measured(batches) == {"arxiv:2607.00001": 3, "arxiv:2607.00002": 0}


def test_measurements_become_series_that_trend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    known = SourceRecord(
        source="arxiv",
        scheme="arxiv",
        own_id="2607.00001",
        title="A Paper with Code on the Hub",
        date="2026-07-01",
        identifiers=("arxiv:2607.00001",),
        links={"code": "https://github.com/example/one"},
    )
    stars = [100, 170]
    with serving(lambda path, _: {"stargazers_count": stars[0]}) as server:
        monkeypatch.setattr(GitHub, "base_url", server.url)
        with Library(Settings(home=tmp_path), clock=clock.now) as library:
            library.store.add(Batch((known,), ""), cursor_name="file:x", source="arxiv", now=clock.now())
            library.harvest("github", refresh=False)
            before = library.standing("2607.00001")
            clock.time += timedelta(days=7)
            stars.pop(0)
            library.harvest("github", refresh=False)
            after = library.standing("2607.00001")
            series = library.series("2607.00001")
            assert library.paper("2607.00001").signals == {"stars": 170}
            assert library.merges() == []
    assert [(one.day, one.value) for one in series] == [("2026-07-02", 100), ("2026-07-09", 170)]
    assert before is not None and before.attention.stars == 0
    assert after is not None and after.attention.stars == 10
    assert after.parts["stars"] > 0


def test_github_is_asked_with_the_token_of_the_settings_which_nothing_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock, settings = Clock(), Settings(home=tmp_path, github_token="ghp_s3cr3t")
    known = SourceRecord(
        source="arxiv", scheme="arxiv", own_id="2607.00001", title="A Paper with Code on the Hub", date="2026-07-01",
        identifiers=("arxiv:2607.00001",), links={"code": "https://github.com/example/one"},
    )  # fmt: skip
    limited: tuple[int, dict[str, str]] = (403, {"X-RateLimit-Remaining": "0"})
    with serving(lambda *_: {"stargazers_count": 1}) as server, Library(settings, clock=clock.now) as library:
        monkeypatch.setattr(GitHub, "base_url", server.url)
        library.store.add(Batch((known,), ""), cursor_name="file:x", source="arxiv", now=clock.now())
        server.faults = [limited]
        with caplog.at_level("DEBUG"), pytest.raises(Unavailable) as caught:
            library.harvest("github", refresh=False)
        (status,) = [one for one in library.freshness() if one.name == "github"]
        monkeypatch.undo()
    assert server.tokens == ["Bearer ghp_s3cr3t"]
    assert "s3cr3t" not in f"{settings!r} {caught.value} {status} {caplog.text}"


def test_votes_counted_by_two_sources_are_not_added_up(tmp_path: Path) -> None:
    clock = Clock()
    entry = {"2026-07-02": [daily(1, 40)]}
    with serving(by_day(entry)) as server, Library(Settings(home=tmp_path), clock=clock.now) as library:
        (batch,) = daily_papers(server, clock).harvest("2026-07-02")
        old = Signal("votes", "2026-07-01", 38, "front_page")
        file = SourceRecord(
            source="front_page", scheme="arxiv", own_id="2607.00001", title="Daily Paper 1", signals=(old,),
            identifiers=("arxiv:2607.00001",), announced="2026-07-02",
        )  # fmt: skip
        library.store.add(Batch((file,), ""), cursor_name="file:x", source="front_page", now=clock.now())
        library.store.add(batch, cursor_name="huggingface:", source="huggingface", now=clock.now())
        assert library.paper("2607.00001").signals["votes"] == 40
        (attention,) = library.store.fronts.between("2026-07-02", "2026-07-02", 5)
        assert attention.votes == 40
