"""Many at once, and one that dies: what processes and threads may do to each other."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from adder import made_up, main
from making import NOW, add, contents, groups, record
from sqlalchemy import Connection

from broadsheet.store import Store

KILLS = int(os.environ.get("BROADSHEET_TEST_KILLS", "3"))


def adder(url: str, home: Path, *numbers: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, str(Path(__file__).with_name("adder.py")), url, str(home), *map(str, numbers)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=120)
    assert process.returncode == 0


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    with Store(database_url, tmp_path / "home") as opened:
        yield opened


def test_killed_at_any_moment_it_ends_with_the_same_contents(database_url: str, tmp_path: Path) -> None:
    whole = (1, 1201, 1, 20)
    undisturbed = f"sqlite:///{tmp_path / 'undisturbed.sqlite'}"
    main(undisturbed, str(tmp_path / "undisturbed"), *whole)
    chance = random.Random(7)
    for _ in range(KILLS):
        process = adder(database_url, tmp_path / "home", *whole)
        assert process.stdout is not None
        process.stdout.readline()  # it has stored a batch
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        process.communicate()
    finish(adder(database_url, tmp_path / "home", *whole))
    with (
        Store(database_url, tmp_path / "home") as store,
        Store(undisturbed, tmp_path / "undisturbed") as expected,
    ):
        assert store.integrity() is None
        assert contents(store) == contents(expected)


def test_two_processes_at_once_lose_and_double_nothing(store: Store, database_url: str, tmp_path: Path) -> None:
    last = 401
    parts = [adder(database_url, tmp_path / "home", first, last, 2, 20) for first in (1, 2)]
    parts.append(adder(database_url, tmp_path / "home", 1, last // 2, 1, 20))
    for process in parts:
        finish(process)
    alone = Store(f"sqlite:///{tmp_path / 'alone.sqlite'}", tmp_path / "alone")
    with alone:
        add(alone, *map(made_up, range(1, last)))
        assert groups(store) == groups(alone)
    assert store.integrity() is None


def test_whoever_follows_the_changes_misses_none(store: Store, database_url: str, tmp_path: Path) -> None:
    parts = [adder(database_url, tmp_path / "home", first, 301, 2, 5) for first in (1, 2)]
    known: dict[int, bool] = {}
    position, running = 0, True
    while running:
        running = any(process.poll() is None for process in parts)
        for change in store.changes(position, 1000):
            known[change.key], position = change.gone, change.number
    for process in parts:
        finish(process)
    assert sorted(key for key, gone in known.items() if not gone) == store.keys(0, 10_000)


def test_readers_wait_for_no_writer(store: Store) -> None:
    add(store, record("a"))
    begun, over = threading.Event(), threading.Event()

    def long_work(connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM papers")
        begun.set()
        assert over.wait(30)

    writer = threading.Thread(target=store._database.bulk, args=(long_work,))
    writer.start()
    assert begun.wait(30)
    assert len(store.papers(store.keys(0, 10))) == 1
    over.set()
    writer.join()
    assert store.keys(0, 10) == []


def test_a_reader_sees_one_moment(store: Store) -> None:
    faults: list[str | None] = []
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            faults.append(store.integrity())

    reader = threading.Thread(target=look)
    reader.start()
    for start in range(1, 400, 20):
        add(store, *map(made_up, range(start, start + 20)))
    over.set()
    reader.join()
    assert set(faults) == {None}


def test_many_threads_may_write(store: Store) -> None:
    def write(number: int) -> None:
        for i in range(5):
            store.set_state(f"{number}", str(i))
            store.lease(f"{number}", "me", now=NOW, seconds=1)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.state(str(n)) for n in range(8)] == ["4"] * 8
