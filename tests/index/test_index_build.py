"""Snapshots: built step by step as built at once, published or not at all, never touched again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hashing import Hashing, load
from numpy.typing import NDArray
from papers import built, invented, keys

from broadsheet.errors import DamagedSnapshot, NoSnapshot, Unavailable
from broadsheet.index import Entry, current, describe
from broadsheet.index.build import Builder
from broadsheet.index.holder import Current
from broadsheet.index.snapshot import Snapshot, open_current
from broadsheet.query import Filters, parse

QUERIES = ("graph sort:new", '"is all you need" sort:old', "attention cat:cs sort:votes", "author:turing sort:cited")


def contents(snapshot: Snapshot) -> dict[str, object]:
    """Return what a snapshot tells of each paper, and what it finds, rows aside."""
    rows = snapshot.rows_of(np.sort(snapshot.keys[snapshot.alive]))
    columns = (
        snapshot.keys,
        snapshot.first_day,
        snapshot.last_day,
        snapshot.votes,
        snapshot.citations,
        snapshot.hidden,
    )
    vectors = snapshot.dense.vectors(rows)
    near, cosines = snapshot.dense.search(vectors[0], 10_000, snapshot.mask(Filters(after="1990")))
    return {
        "columns": [column[rows].tolist() for column in columns],
        "venues": [snapshot.venue_names[n] if n >= 0 else None for n in snapshot.venue[rows].tolist()],
        "categories": [{snapshot.category_names[n] for n in snapshot.categories.of(row)} for row in rows.tolist()],
        "vectors": vectors.tolist(),
        "near": dict(zip(snapshot.keys[near].tolist(), cosines.tolist(), strict=True)),
        **{text: keys(snapshot, text) for text in QUERIES},
        **{f"total of {text}": snapshot.lexical.search(parse(text), 1).total for text in QUERIES},
    }


def differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """Return in what two contents differ: names only, since a comparison of the lists themselves would be long."""
    return [name for name in one if one[name] != other[name]]


def test_steps_give_what_one_build_gives(tmp_path: Path) -> None:
    built(tmp_path / "steps", invented(range(300)), 1)
    built(tmp_path / "steps", invented(range(200, 340), version=1), 2, deleted=[5, 6, 7, 1_000])
    steps = built(tmp_path / "steps", [*invented([6]), *invented(range(400, 430))], 3, deleted=[210])
    left = [*invented(k for k in range(200) if k not in (5, 7)), *invented(range(400, 430))]
    left += invented((k for k in range(200, 340) if k != 210), version=1)
    at_once = built(tmp_path / "once", left, 3)
    assert steps.number == 3
    assert differences(contents(steps), contents(at_once)) == []
    steps.verify()


class Dying(Hashing):
    """An encoder that ends its process when that is not the one it was made in."""

    def __init__(self) -> None:
        super().__init__()
        self.home = os.getpid()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode, or die in a child."""
        if os.getpid() != self.home:
            os._exit(3)
        return super().encode(texts)


def test_a_child_that_dies_fails_the_build_and_lets_the_next_one_in(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="died"), Builder(tmp_path, Dying(), processes=2) as builder:
        builder.add(invented(range(6_000)))
        builder.publish(1)
    assert built(tmp_path, invented(range(3))).rows == 3


def test_children_give_what_this_process_gives(tmp_path: Path) -> None:
    entries = invented(range(5_200))
    with Builder(tmp_path / "children", Hashing(), processes=2) as builder:
        builder.add(entries)
        builder.publish(1)
    here = built(tmp_path / "here", entries)
    assert differences(contents(open_current(tmp_path / "children", load)), contents(here)) == []


def test_an_old_snapshot_stays_as_it_was_and_its_files_are_shared(tmp_path: Path) -> None:
    old = built(tmp_path, invented(range(200)))
    before = contents(old)
    new = built(tmp_path, invented(range(20), version=1), 2, deleted=[100])
    again = Snapshot(old.path, load)
    again.verify()
    assert again.number == 1
    assert differences(contents(again), before) == []
    assert differences(contents(old), before) == []
    shared = [name for name in new.manifest.files if (new.path / name).stat().st_nlink > 1]
    assert any(name.endswith("codes.i4") for name in shared)
    assert any(name.endswith(".pos") for name in shared)


def test_copies_where_links_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    built(tmp_path, invented(range(50)))
    assert len(keys(built(tmp_path, invented(range(50, 60)), 2), "sort:new show:everything")) == 60


def test_old_snapshots_go_when_two_are_newer_and_nobody_reads_them(tmp_path: Path) -> None:
    first = built(tmp_path, invented(range(10)))
    for change in range(2, 5):
        built(tmp_path, invented([change]), change)
    names = sorted(path.name for path in tmp_path.iterdir() if path.name.isdecimal())
    assert names == [first.path.name, "3", "4"]
    first.verify()
    del first
    built(tmp_path, [], 5)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.isdecimal()) == ["4", "5"]


def test_a_second_builder_waits_and_sees_the_first_ones_change(tmp_path: Path) -> None:
    starts: list[int] = []

    def second() -> None:
        with Builder(tmp_path, Hashing()) as builder:
            starts.append(builder.start)

    with Builder(tmp_path, Hashing()) as builder:
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        assert starts == []
        builder.add(invented([1]))
        builder.publish(17)
        thread.join(10)
    assert starts == [17]


def test_what_is_not_published_leaves_nothing(tmp_path: Path) -> None:
    built(tmp_path, invented(range(10)))
    with pytest.raises(RuntimeError), Builder(tmp_path, Hashing()) as builder:
        builder.add(invented(range(10, 20)))
        raise RuntimeError("the store went away")
    assert not (tmp_path / "building").exists()
    assert len(keys(open_current(tmp_path, load), "show:everything")) == 10


def test_another_encoder_builds_anew_while_the_old_one_serves(tmp_path: Path) -> None:
    old = built(tmp_path, invented(range(10)))
    with Builder(tmp_path, Hashing(32)) as builder:
        assert (builder.anew, builder.start) == (True, 0)
        assert open_current(tmp_path, load).path == old.path
        builder.add(invented(range(3)))
        builder.publish(9)
    new = open_current(tmp_path, load)
    assert (new.number, new.rows) == (9, 3)
    with pytest.raises(Unavailable, match="hashing-32"):
        _ = new.encoder
    assert old.encoder.id == "hashing-64"


def test_mostly_deleted_rows_are_not_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadsheet.index.build._MOST_DEAD", 0)
    built(tmp_path, invented(range(10)), 1, deleted=range(8))
    with Builder(tmp_path, Hashing()) as builder:
        assert builder.anew


def test_an_empty_index_answers(tmp_path: Path) -> None:
    with pytest.raises(NoSnapshot):
        open_current(tmp_path, load)
    snapshot = built(tmp_path, [])
    assert keys(snapshot, "anything") == keys(snapshot, "sort:new") == []
    assert snapshot.dense.search(np.ones(64, np.float32), 5)[0].tolist() == []
    assert snapshot.rows_of([1]).tolist() == [-1]
    assert describe(tmp_path) == {
        "change": 1,
        "papers": 0,
        "encoder": "hashing-64",
        "concepts": "",
        "second": None,
        "bytes": snapshot.manifest.bytes,
    }


def test_the_first_few_papers_do_not_fix_the_codes_for_ever(tmp_path: Path) -> None:
    built(tmp_path, invented(range(5)))
    grown = built(tmp_path, invented(range(5, 400)), 2)
    assert grown.manifest.trained == 400


@pytest.mark.parametrize("damage", ["truncate", "remove", "garble"])
def test_damage_is_found_and_mended_by_building_anew(tmp_path: Path, damage: str) -> None:
    snapshot = built(tmp_path, invented(range(50)))
    target = next(snapshot.path / name for name in snapshot.manifest.files if name.endswith("codes.i4"))
    content = target.read_bytes()
    if damage == "remove":
        target.unlink()
    else:
        target.write_bytes(content[:-1] if damage == "truncate" else bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(DamagedSnapshot, match=r"codes\.i4"):
        Snapshot(snapshot.path, load).verify()
    if damage != "garble":
        with Builder(tmp_path, Hashing()) as builder:
            assert builder.anew


def test_a_manifest_that_is_no_manifest_is_damage(tmp_path: Path) -> None:
    path = built(tmp_path, invented(range(5))).path
    (path / "manifest.json").write_text("{}")
    with pytest.raises(DamagedSnapshot, match="refresh"):
        open_current(tmp_path, load)


def test_an_index_of_another_format_is_none_and_is_built_anew(tmp_path: Path) -> None:
    path = built(tmp_path, invented(range(5))).path
    manifest = json.loads((path / "manifest.json").read_text())
    older = {name: value for name, value in manifest.items() if name != "concepts"} | {"format": 1, "gone": True}
    (path / "manifest.json").write_text(json.dumps(older))
    with pytest.raises(NoSnapshot, match="format 1"):
        open_current(tmp_path, load)
    assert describe(tmp_path) is None
    assert len(built(tmp_path, invented(range(5))).keys) == 5


def test_the_holder_goes_over_to_the_new_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broadsheet.index.holder._INTERVAL", 0.01)
    holder = Current(tmp_path, load)
    with pytest.raises(NoSnapshot):
        holder.get()
    built(tmp_path, invented(range(10)))
    assert holder.get().number == 1
    stop, seen, failed = threading.Event(), set[int](), list[Exception]()

    def read() -> None:
        while not stop.is_set():
            try:
                snapshot = holder.get()
                assert len(keys(snapshot, "show:everything")) == 10 * snapshot.number
                seen.add(snapshot.number)
            except Exception as error:  # carried to the main thread
                failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for change in range(2, 7):
        built(tmp_path, invented(range(10 * change - 10, 10 * change)), change)
    deadline = time.monotonic() + 10
    while 6 not in seen and not failed and time.monotonic() < deadline:
        holder.get()
        time.sleep(0.01)
    stop.set()
    for reader in readers:
        reader.join()
    assert not failed
    assert {1, 6} <= seen
    holder.close()


DYING = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from hashing import Hashing
from papers import invented
from broadsheet.index.build import Builder
print("ready", flush=True)
while True:
    with Builder(Path(sys.argv[1]), Hashing(), processes=0) as builder:
        change = builder.start + 1
        builder.add(invented(range(change * 20, change * 20 + 40)))
        builder.publish(change)
"""


def test_a_killed_build_leaves_the_old_or_the_new_snapshot(tmp_path: Path) -> None:
    built(tmp_path, invented(range(40)))
    for attempt in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", DYING, str(tmp_path), str(Path(__file__).parent)], stdout=subprocess.PIPE
        )
        assert child.stdout
        child.stdout.readline()
        time.sleep(0.031 * attempt)
        child.kill()
        child.wait()
        child.stdout.close()
        snapshot = open_current(tmp_path, load)
        snapshot.verify()
        change = snapshot.number
        assert len(keys(snapshot, "show:everything")) == (40 if change == 1 else 40 + change * 20)
    finished = built(tmp_path, invented(range(60)), 1_000)
    assert [path.name for path in tmp_path.iterdir() if path.name == "building"] == []
    at_once = built(tmp_path / "again", invented(range(finished.manifest.papers)), 1_000)
    assert differences(contents(finished), contents(at_once)) == []


def test_entries_of_one_call_may_repeat_a_key(tmp_path: Path) -> None:
    snapshot = built(tmp_path, [Entry(key=1, title="first"), Entry(key=1, title="second")])
    assert keys(snapshot, "first second") == [1]
    assert snapshot.lexical.search(parse("first"), 1).total == 0
    assert current(tmp_path) == snapshot.path
