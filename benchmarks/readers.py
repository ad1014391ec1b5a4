"""Readers at once: 200 of them vote and comment while `broadsheet add` takes in 50,000 papers.

    python benchmarks/readers.py PAPERS.jsonl[.zst] [--database URL] [--readers 200] [--seconds 60] [--pause 1.0]

Each reader is a thread that does one thing, waits (exponential, mean `--pause` seconds) and does the next: votes
for a paper (70 %), takes a vote back (10 %), comments (20 %). Times are of the library's call, with limits, identifier
look-up and a commit that is on the disk. `add` runs in a process of its own on the same store. Afterwards each vote and
comment that was answered is looked for in the store, and the counters of lists are compared with the rows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from broadsheet import rights
from broadsheet.library import Library
from broadsheet.records import Reader
from broadsheet.settings import Settings
from broadsheet.store import schema as t
from broadsheet.store import schema_readers as r

KNOWN, ADDED = 5_000, 50_000  # papers that are there before, and that are added meanwhile


class Person(threading.Thread):
    """One reader: remembers what was answered, and how long each answer took."""

    def __init__(self, library: Library, reader: Reader, papers: list[str], pause: float, until: float) -> None:
        super().__init__()
        self._library, self._reader, self._papers, self._pause, self._until = library, reader, papers, pause, until
        self._chance = random.Random(reader.id)
        self.voted: set[str] = set()
        self.comments = 0
        self.times: list[float] = []
        self.failures: Counter[str] = Counter()

    def run(self) -> None:
        """Read until the time is over."""
        time.sleep(self._chance.random() * self._pause)
        while time.monotonic() < self._until:
            began = time.perf_counter()
            try:
                self._act()
            except Exception as error:
                self.failures[type(error).__name__] += 1
            self.times.append(time.perf_counter() - began)
            time.sleep(self._chance.expovariate(1 / self._pause))

    def _act(self) -> None:
        paper, what = self._chance.choice(self._papers), self._chance.random()
        if what < 0.2:
            self._library.comment(self._reader, paper, f"A comment on {paper}, and $x^2$.")
            self.comments += 1
        elif what < 0.3 and self.voted:
            paper = self._chance.choice(sorted(self.voted))
            self._library.unvote(self._reader, paper)
            self.voted.discard(paper)
        else:
            self._library.vote(self._reader, paper, network="192.0.2.0/24")
            self.voted.add(paper)


def main() -> None:
    """Run it, print one JSON document, and fail where anything was lost."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        known, added = _files(options.papers, home)
        settings = Settings(home=home / "home", database_url=options.database or "")
        with Library(settings, migrate=True) as library:
            library.add([known], refresh=False)
            papers = [paper.id for paper in library.store.papers(library.store.keys(0, KNOWN))]
            readers = [library.add_reader(f"reader{n}@example.org") for n in range(options.readers)]
            report = _measure(library, readers, papers, options, added)
            report |= _compare(library, report.pop("people"), papers)
    print(json.dumps(report, indent=2))
    sys.exit(0 if report["lost"] == report["doubled"] == report["counters_wrong"] == 0 else 1)


def _measure(library: Library, readers: list[Reader], papers: list[str], options: Any, added: Path) -> dict[str, Any]:
    rights._LIMITS.update(vote=rights.Limit(10**6, 1), comment=rights.Limit(10**6, 1))  # the load is the point here
    adding = _Adding(added, library.settings)
    until = time.monotonic() + options.seconds
    people = [Person(library, reader, papers, options.pause, until) for reader in readers]
    for person in people:
        person.start()
    for person in people:
        person.join()
    stored = adding.end()
    times = sorted(took for person in people for took in person.times)
    return {
        "database": library.store._database.url.get_backend_name(),
        "readers": len(readers),
        "seconds": options.seconds,
        "acts": len(times),
        "acts_a_second": round(len(times) / options.seconds, 1),
        "add": {**stored, "papers": library.store.counts()["papers"] - KNOWN},
        "milliseconds": {f"p{p}": round(times[int(len(times) * p / 100)] * 1e3, 1) for p in (50, 90, 99)}
        | {"most": round(times[-1] * 1e3, 1)},
        "failures": dict(sum((person.failures for person in people), Counter())),
        "people": people,
    }


class _Adding:
    """`broadsheet add` in a process of its own, which ends with the load."""

    def __init__(self, file: Path, settings: Settings) -> None:
        environment = os.environ | {
            "BROADSHEET_HOME": str(settings.home),
            "BROADSHEET_DATABASE_URL": settings.database_url,
        }
        command = [sys.executable, "-m", "broadsheet", "add", str(file), "--json"]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        self._began = time.monotonic()

    def end(self) -> dict[str, Any]:
        """Say whether it was at work all the time, and stop it."""
        running = self._process.poll() is None
        self._process.send_signal(signal.SIGINT)
        self._process.communicate()
        return {"all_the_time": running, "seconds": round(time.monotonic() - self._began, 1)}


def _compare(library: Library, people: list[Person], papers: list[str]) -> dict[str, int]:
    """Count what the store lacks, has twice, or counts wrongly."""
    keys = dict(zip(papers, (library._key(paper) for paper in papers), strict=True))
    expected = {(person._reader.id, keys[paper]) for person in people for paper in person.voted}
    with library.store._database.reading() as connection:
        key = func.coalesce(t.absorbed.c.key, r.votes.c.record)
        joined = select(r.votes.c.reader, key).outerjoin(t.absorbed, t.absorbed.c.record == r.votes.c.record)
        found = Counter((reader, paper) for reader, paper in connection.execute(joined))
        comments = connection.scalar(select(func.count()).select_from(r.comments)) or 0
        listed = select(t.papers.c.key, t.papers.c.votes).where(t.papers.c.day.is_not(None))
        counters = dict(connection.execute(listed).all())  # type: ignore[arg-type]
    votes = Counter(paper for _, paper in found)
    elsewhere = {p.key: p.signals.get("votes", 0) - votes[p.key] for p in library.store.papers(list(votes))}
    return {
        "votes": len(found),
        "comments": comments,
        "lost": len(expected - set(found)) + sum(person.comments for person in people) - comments,
        "doubled": len(set(found) - expected) + sum(count - 1 for count in found.values()),
        "counters_wrong": sum(counters[key] != votes[key] + elsewhere[key] for key in votes if key in counters),
    }


def _files(source: Path, folder: Path) -> tuple[Path, Path]:
    lines = _lines(source)
    known, added = folder / "known.jsonl", folder / "added.jsonl"
    for file, count in ((known, KNOWN), (added, ADDED)):
        file.write_bytes(b"".join(itertools.islice(lines, count)))
    return known, added


def _lines(source: Path) -> Any:
    import io

    import zstandard

    with open(source, "rb") as stream:
        plain = zstandard.ZstdDecompressor().stream_reader(stream) if source.suffix == ".zst" else stream
        yield from io.BufferedReader(plain)  # type: ignore[arg-type]


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("papers", type=Path)
    parser.add_argument("--database", help="an empty PostgreSQL database; without it SQLite in a temporary folder")
    for name, kind, default in (("readers", int, 200), ("seconds", float, 60.0), ("pause", float, 1.0)):
        parser.add_argument(f"--{name}", type=kind, default=default)
    return parser.parse_args()


if __name__ == "__main__":
    main()
