"""Kill -9 of the worker while it fetches what a reader sent in: it is taken again, and nothing is doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import desk
import pytest
from standin import StandIn, oai, standing_in

from broadsheet.jobs import Desk, Event
from broadsheet.library import Library
from broadsheet.records import Submission
from broadsheet.settings import Settings

FOLDS = ("2603.09999", "On Folding Newspapers Well")
WORKER = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from standin import fetchers
from broadsheet import jobs, sources
from broadsheet.library import submitting
from broadsheet.store import submissions
from broadsheet.cli import main

sources.FETCHERS = fetchers(sys.argv[2])
submitting.LEASE = jobs.LEASE = 2.0
where, calls = sys.argv[3], []

def dying(real, after):
    def work(*given, **more):
        calls.append(1)
        if len(calls) > after:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **more)
    return work

if where == "settling":
    submissions.Submissions.settle = dying(submissions.Submissions.settle, 0)
elif where == "storing":
    submissions._AT_ONCE = 2
    submissions.add_few = dying(submissions.add_few, 2)
main(["work", "--json"])
"""


def work(home: Path, world: StandIn, where: str = "") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORKER, str(Path(__file__).parent.parent), world.url, where]
    return subprocess.Popen(
        command, env=os.environ | {"BROADSHEET_HOME": str(home)}, stdout=subprocess.DEVNULL, start_new_session=True
    )


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


def sent(home: Path, file: bytes = b"") -> int:
    with desk.library(home) as stocked:
        stocked.close()
    with Library(Settings(home=home)) as library:
        reader = library.local_reader()
        assert reader is not None
        one = library.submit_file(reader, file, name="x.jsonl") if file else library.submit(reader, FOLDS[0])
        return one.id


def finished(home: Path, world: StandIn, number: int) -> tuple[Submission, list[tuple[str, bool]], int]:
    """Let another worker do what is left; return what became of it, its papers, and how many papers there are."""
    worker = work(home, world)
    with Library(Settings(home=home)) as library:
        try:
            until(lambda: (one := library.store.submissions.get(number)) is not None and not one.open)
        finally:
            worker.terminate()
            worker.wait()
        one = library.store.submissions.get(number)
        assert one is not None
        papers = [(paper.title, new) for paper, new in library.submitted(one)]
        return one, papers, library.status()["papers"]


def test_killed_while_it_asks(tmp_path: Path) -> None:
    with standing_in(oai(*FOLDS)) as world:
        number = sent(tmp_path)
        world.hold = threading.Event()
        worker = work(tmp_path, world)
        until(lambda: world.asked)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        world.hold.set()
        one, papers, count = finished(tmp_path, world, number)
    assert (one.state, one.attempts, papers, count) == ("found", 2, [(FOLDS[1], True)], 4)
    assert len(world.asked) == 2


def test_killed_when_all_is_done_but_to_say_so(tmp_path: Path) -> None:
    with standing_in(oai(*FOLDS)) as world:
        number = sent(tmp_path)
        assert work(tmp_path, world, "settling").wait() == -signal.SIGKILL
        one, papers, count = finished(tmp_path, world, number)
    assert (one.state, one.new, one.here, papers, count) == ("found", 1, 0, [(FOLDS[1], True)], 4)
    assert len(world.asked) == 1, "what is here need not be asked for again"


def test_killed_in_the_middle_of_a_file(tmp_path: Path) -> None:
    lines = [{"id": f"2603.1{n:04}", "title": f"Paper number {n} of nine", "date": "2026-03-10"} for n in range(9)]
    with standing_in() as world:
        number = sent(tmp_path, "".join(json.dumps(line) + "\n" for line in lines).encode())
        assert work(tmp_path, world, "storing").wait() == -signal.SIGKILL
        with Library(Settings(home=tmp_path)) as library:
            half = library.store.submissions.get(number)
            assert half is not None and (half.state, half.new) == ("queued", 4)
        one, papers, count = finished(tmp_path, world, number)
    assert (one.state, one.new, one.here, count) == ("found", 9, 0, 12)
    assert papers == [(line["title"], True) for line in lines]


def test_what_ends_the_program_each_time_is_given_up(tmp_path: Path) -> None:
    with desk.library(tmp_path) as library:
        reader = library.local_reader()
        assert reader is not None
        one = library.submit(reader, FOLDS[0])
        for _ in range(5):
            assert library.store.submissions.claim(now=library.now, lease=0) is not None
        done = library.fetch_submission()
        assert done is not None and (done.id, done.state) == (one.id, "refused")
        assert "ended the program" in str(done.reason)


def test_one_desk_at_a_time_and_a_failure_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Event] = []
    with desk.library(tmp_path) as library, desk.library(tmp_path) as other:
        reader = library.local_reader()
        assert reader is not None
        mine, another = (Desk(one, report=events.append) for one in (library, other))
        assert not mine.turn() and events == []
        library.submit(reader, FOLDS[0])
        other.lease("submissions", 300)
        assert not mine.turn() and events == []
        other.release("submissions")

        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr(library, "fetch_submission", broken)
        assert not mine.turn()
        monkeypatch.setattr(other, "_fetch", lambda *_: None)
        assert another.turn(), "the lease was given back"
    assert [(event.job, event.ok) for event in events] == [("submission", False), ("submission", True)]
    assert events[0].detail == {"error": "a bug"}
