"""How fast digests are composed and stored, by how many papers are new: the cost must not follow the corpus.

    cp -r HOME /tmp/copy && python benchmarks/compose.py /tmp/copy [--readers 600] [--new 300 3000] [--json]

HOME is an indexed home; the copy is written to. Each reader has five follows (front page, three searches of words
from titles, papers like two), all different; every one is due, and the last papers of the store are new to it. One
process, one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `broadsheet work` sets it; numpy reads it when it is loaded

from broadsheet.library import Library
from broadsheet.rank import news
from broadsheet.records import Reader
from broadsheet.settings import Settings

SEED = 20261126
DUE = datetime(2026, 6, 30, 6, tzinfo=UTC)  # the corpus ends on this day


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--readers", type=int, default=600)
    parser.add_argument("--new", type=int, nargs="+", default=[300, 3_000])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    news._DAYS = 100_000  # the last papers of the store count as news however they are dated
    now = [DUE]
    with Library(Settings(home=given.home), clock=lambda: now[0]) as library:
        readers = enrol(library, given.readers)
        found = {"papers": library.snapshot.rows}
        for place, count in enumerate(given.new):
            now[0] = DUE + timedelta(days=place)
            due_again(library, readers, count)
            found[f"{count} new"] = measured(library)
    print(json.dumps(found, indent=2) if given.json else "\n".join(f"{what}: {n}" for what, n in found.items()))


def enrol(library: Library, count: int) -> list[Reader]:
    """Make readers with five follows each, no two the same."""
    chance = random.Random(SEED)
    keys = [int(key) for key in library.snapshot.keys[-20_000:]]
    papers = library.store.papers(chance.sample(keys, 2_000))
    words = [word for paper in papers for word in paper.title.split() if word.isalpha() and len(word) > 4]
    made = []
    for number in range(count):
        asked = library.store.readers.with_address(f"reader{number}@example.org", now=library.now)
        reader = library.store.readers.confirm(asked.id, f"reader{number}@example.org", now=library.now)
        assert reader is not None
        library.follow(reader, "front")
        for _ in range(3):
            library.follow(reader, "search", " ".join(chance.sample(words, 3)))
        library.follow(reader, "like", " ".join(paper.id for paper in chance.sample(papers, 2)))
        made.append(reader)
    return made


def due_again(library: Library, readers: list[Reader], count: int) -> None:
    """Have every follow due now, with the last papers of the store new to it."""
    newest = int(sorted(library.snapshot.keys)[-count - 1])
    due = (library.now - timedelta(minutes=1)).isoformat(timespec="seconds")
    for reader in readers:
        for follow in library.follows(reader):
            library.store.follows.remove(reader.id, follow.id)
            library.store.follows.add(replace(follow, due=due, newest=newest, looked=None))


def measured(library: Library) -> dict[str, Any]:
    """Compose and store everything that is due; return how fast, and memory after the first batch and at the end."""
    started, cpu = time.perf_counter(), time.process_time()
    first = library.plan_digests()
    memory, made, looked = peak(), first["digests"], first["readers"]
    while (batch := library.plan_digests())["readers"]:
        made, looked = made + batch["digests"], looked + batch["readers"]
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return {
        "readers": looked,
        "digests": made,
        "readers a second": round(looked / seconds, 1),
        "readers a CPU second": round(looked / cpu, 1),
        "MB after 100 readers": memory,
        "MB at the end": peak(),
    }


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
