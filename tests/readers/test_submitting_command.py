"""`broadsheet submit`: what it prints and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import desk
import pytest
from standin import NOBODY, StandIn, fetchers, oai, standing_in

from broadsheet import sources
from broadsheet.cli import main
from broadsheet.library import Library
from broadsheet.settings import Settings

FOLDS = ("2603.09999", "On Folding Newspapers Well")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    desk.library(folder).close()
    monkeypatch.setenv("BROADSHEET_HOME", str(folder))
    return folder


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standing_in(oai(*FOLDS)) as found:
        monkeypatch.setattr(sources, "FETCHERS", found.fetchers())
        monkeypatch.setattr("time.sleep", lambda _: None)
        yield found


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["submit", *arguments])
    said = capsys.readouterr()
    return int(str(ended.value.code)), said.out, said.err


def submitted(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code, out, _ = run(capsys, *arguments, "--json")
    return code, json.loads(out)


def test_names_and_files_are_submitted_and_fetched(
    home: Path, world: StandIn, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"id": "2603.08888", "title": "Of Lines", "date": "2026-03-10"}\n')
    code, told = submitted(capsys, FOLDS[0], desk.CRANES, str(file))
    assert (code, [one["state"] for one in told["submissions"]]) == (0, ["queued", "merged", "queued"])
    assert world.asked == [], "nothing leaves this machine by that"
    code, told = submitted(capsys, FOLDS[0], str(file), "--fetch")
    assert (code, [(one["state"], one["papers"]) for one in told["submissions"]]) == (
        0,
        [("found", [f"arxiv:{FOLDS[0]}"]), ("found", ["arxiv:2603.08888"])],
    )
    code, out, _ = run(capsys, FOLDS[0])
    assert (code, out) == (0, f"{FOLDS[0]}: here already arxiv:{FOLDS[0]}\n")


def test_what_goes_wrong_is_said_and_the_rest_is_done(
    home: Path, world: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, said = run(capsys, "nonsense", FOLDS[0])
    assert (code, out) == (2, f"{FOLDS[0]}: queued\n") and "'nonsense' is nothing that can be fetched" in said
    code, told = submitted(capsys, "10.1000/gone", "--fetch")
    assert (code, told["submissions"][0]["state"]) == (2, "refused")
    monkeypatch.setattr(sources, "FETCHERS", fetchers(NOBODY, allowed=lambda *_: True))
    code, told = submitted(capsys, "2603.01234", "--fetch")
    assert (code, told["submissions"][0]["state"]) == (5, "waiting")


def test_where_there_are_accounts_it_says_whose_it_is(
    home: Path, world: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library(Settings(home=home)) as library:
        bob = library.add_reader("bob@example.org", name="Bob")
    assert run(capsys, FOLDS[0])[0] == 2
    code, told = submitted(capsys, FOLDS[0], "--reader", "bob")
    with Library(Settings(home=home)) as library:
        assert library.submission(bob, told["submissions"][0]["id"]).reader == bob.id
    assert code == 0


def test_status_shows_what_waits(home: Path, world: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, FOLDS[0], desk.CRANES)
    with pytest.raises(SystemExit):
        main(["status"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "submissions 1 taken and 0 refused in the last day, 1 to be fetched since 20" in shown
