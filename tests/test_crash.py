"""Kill -9 at random moments of `add`: the next start serves, and the repeated run ends with the same contents.

`BROADSHEET_CRASHES` sets how many kills (a few here; the published figure is 50).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from broadsheet.app import create
from broadsheet.library import Library
from broadsheet.settings import Settings

CRASHES = int(os.environ.get("BROADSHEET_CRASHES", "4"))
ADD = [sys.executable, "-c", "from broadsheet.cli import main; main()", "add", "--sample"]
QUERIES = ("twin encoder", "gated representation", "video generation", "agents that use tools")


def start(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ADD,
        env=os.environ | {"BROADSHEET_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def contents(home: Path) -> dict[str, object]:
    """Everything a reader can see: papers with their records and signals, and what searches find."""
    with Library(Settings(home=home)) as library:
        papers = library.store.papers(library.store.keys(0, 1_000_000))
        return {
            "papers": {p.id: (p.title, p.text, p.authors, p.identifiers, p.announced, p.sources) for p in papers},
            "signals": {p.id: sorted((s.kind, s.source, s.value) for s in library.store.series(p.key)) for p in papers},
            "counts": {name: n for name, n in library.store.counts().items() if name != "changes"},
            "found": {q: [hit.paper.id for hit in library.search(q, limit=200).hits] for q in QUERIES},
        }


def serves(home: Path) -> bool:
    with TestClient(create(Settings(home=home)), base_url="http://localhost") as client:
        return client.get("/healthz").status_code == 200 and client.get("/").status_code == 200


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], float]:
    home = tmp_path_factory.mktemp("undisturbed")
    begin = time.monotonic()
    assert start(home).wait() == 0
    return contents(home), time.monotonic() - begin


def test_killed_at_random_moments(undisturbed: tuple[dict[str, object], float], tmp_path: Path) -> None:
    expected, seconds = undisturbed
    chance = random.Random(20261121)
    killed = 0
    while killed < CRASHES:
        home = tmp_path / str(killed)
        moment = chance.uniform(0.02, 1.0) * seconds
        if not killed_after(moment, home):  # the machine is faster now
            seconds = moment
            shutil.rmtree(home)
            continue
        killed += 1
        assert serves(home)
        assert start(home).wait() == 0
        assert contents(home) == expected


def killed_after(moment: float, home: Path) -> bool:
    """Return whether an `add` could be killed at that moment, before it was done."""
    process = start(home)
    time.sleep(moment)
    still_adding = process.poll() is None
    if still_adding:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return still_adding
