"""The whole path on a large corpus: add, encode, index, search, over HTTP, and a thousand more while searching.

    python benchmarks/scale.py --home /tmp/scale ../shared/papers/*.jsonl.zst

Prints one JSON object; progress goes to standard error. A home that has papers already is searched as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does; numpy reads it when it is loaded

import httpx
import numpy as np
import psutil

from broadsheet import Library
from broadsheet.encode import paper_text
from broadsheet.settings import Settings

BROADSHEET = [sys.executable, "-c", "from broadsheet.cli import main; main()"]
SEED = 20261121
PAGES = ("/", "/week", "/month", "/trending", "/new", "/search?q=attention", "/categories")


def environment(home: Path) -> dict[str, str]:
    """Return what commands are started with: a home, and byte code, without which each start compiles everything."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
        "BROADSHEET_HOME": str(home)
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds at the median and the 99th percentile."""
    ordered = np.asarray(seconds) * 1e3
    return {"p50": round(float(np.percentile(ordered, 50)), 2), "p99": round(float(np.percentile(ordered, 99)), 2)}


def tree_bytes(process: psutil.Process) -> int:
    """Memory of a process and its children, shared pages counted once (PSS)."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def watched(command: Sequence[str], home: Path) -> dict[str, Any]:
    """Run a command; return its seconds, its JSON and the CPU seconds and peak memory of its whole tree."""
    begin, peak, spent = time.monotonic(), 0, os.times()
    with subprocess.Popen([*BROADSHEET, *command, "--json"], env=environment(home), stdout=subprocess.PIPE) as process:
        watch = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, tree_bytes(watch))
            time.sleep(0.5)
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    elapsed, cpu = time.monotonic() - begin, os.times()
    used = cpu.children_user + cpu.children_system - spent.children_user - spent.children_system
    measured = {"seconds": round(elapsed, 1), "cpu_seconds": round(used, 1), "peak_mb": round(peak / 1e6)}
    return measured | json.loads(output)


def folder_bytes(path: Path) -> int:
    """Bytes on disk below a folder, each hard-linked file once."""
    inodes = {(s.st_ino): s.st_size for s in (f.stat() for f in path.rglob("*") if f.is_file())}
    return sum(inodes.values())


def load(home: Path, files: Sequence[Path]) -> dict[str, Any]:
    """Add the files, then refresh, each in a process of its own."""
    added = watched(["add", "--no-refresh", *map(str, files)], home)
    say(f"add: {added}")
    refreshed = watched(["refresh"], home)
    say(f"refresh: {refreshed}")
    return {"add": added, "refresh": refreshed, "minutes": round((added["seconds"] + refreshed["seconds"]) / 60, 2)}


def sizes(home: Path, papers: int) -> dict[str, float]:
    store = sum(f.stat().st_size for f in home.glob("broadsheet.sqlite*"))
    index = folder_bytes(home / "index")
    return {"store_bytes_per_paper": round(store / papers), "index_bytes_per_paper": round(index / papers)}


def title_queries(library: Library, number: int) -> list[str]:
    """Titles of papers drawn by chance: long queries with stop words, the hard case for a lexical index."""
    keys = [int(key) for key in library.snapshot.keys]
    return [paper.title for paper in library.store.papers(random.Random(SEED).sample(keys, number))]


def timed(call: Callable[[str], object], queries: Sequence[str]) -> list[float]:
    seconds = []
    for query in queries:
        begin = time.perf_counter()
        call(query)
        seconds.append(time.perf_counter() - begin)
    return seconds


def in_process(library: Library, queries: Sequence[str]) -> dict[str, dict[str, float]]:
    times = {}
    for profile in ("lexical", "dense", "hybrid"):
        for query in queries[:20]:
            library.search(query, profile=profile)
        times[profile] = percentiles(timed(lambda q, p=profile: library.search(q, profile=p), queries[20:]))  # type: ignore[misc]
        say(f"{profile}: {times[profile]}")
    return times


def over_http(home: Path, queries: Sequence[str], port: int = 8765) -> dict[str, dict[str, float]]:
    """Return the times of searches over HTTP, and of pages that are asked for again and again."""
    command = [*BROADSHEET, "serve", "--port", str(port), "--no-work"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment(home), **quiet) as server:  # type: ignore[call-overload]
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                wait_until_ready(client)
                ask = lambda query: client.get("/search.json", params={"q": query})  # noqa: E731
                timed(ask, queries[:20])
                times = {"/search.json": percentiles(timed(ask, queries[20:]))}
                for page in PAGES:
                    timed(client.get, [page] * 5)
                    times[page] = percentiles(timed(client.get, [page] * 60))
                return times
        finally:
            server.send_signal(signal.SIGTERM)


def wait_until_ready(client: httpx.Client) -> None:
    for _ in range(300):
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server did not become ready")


def more(home: Path, library: Library, queries: Sequence[str], number: int = 1_000) -> dict[str, Any]:
    """Add a thousand new papers while another thread searches; seconds until the new ones are found."""
    stamp = int(time.time())
    file = home / "more.jsonl"
    papers = library.store.papers([int(key) for key in library.snapshot.keys[-number:]])
    file.write_text(
        "\n".join(
            json.dumps(
                {"id": f"more{stamp}-{n}", "title": f"{p.title} {stamp} {n}", "abstract": p.text, "date": "2026-11-20"}
            )
            for n, p in enumerate(papers)
        )
    )
    seconds, stop = [], threading.Event()

    def search() -> None:
        while not stop.is_set():
            seconds.extend(timed(library.search, queries[:10]))

    thread = threading.Thread(target=search)
    thread.start()
    begin = time.monotonic()
    report = watched(["add", str(file)], home)
    elapsed_command = time.monotonic() - begin
    while not any(str(stamp) in hit.paper.title for hit in library.search(f"{papers[0].title} {stamp}").hits):
        time.sleep(0.02)
    elapsed = time.monotonic() - begin
    stop.set()
    thread.join()
    return {
        "seconds_to_searchable": round(elapsed, 2),
        "command_seconds": round(elapsed_command, 2),
        "refresh_seconds": report.get("refresh", {}).get("seconds"),
        "search_meanwhile": percentiles(seconds),
    }


def dense_recall(library: Library, queries: Sequence[str]) -> dict[str, float]:
    """Share of the exact best papers (float vectors, encoded anew) that the dense channel finds."""
    snapshot = library.snapshot
    alive = np.flatnonzero(snapshot.alive & ~snapshot.hidden)
    vectors = np.zeros((snapshot.rows, snapshot.encoder.dimension), np.float32)
    for start in range(0, len(alive), 2_000):
        rows = alive[start : start + 2_000]
        papers = {p.key: p for p in library.store.papers([int(k) for k in snapshot.keys[rows]])}
        texts = [paper_text(papers[k].title, papers[k].text) for k in snapshot.keys[rows].tolist()]
        vectors[rows] = snapshot.encoder.encode(texts)
    shares: dict[int, list[float]] = {10: [], 100: []}
    for query in queries:
        vector = snapshot.encoder.encode([query])[0]
        exact = np.argsort(-(vectors @ vector), kind="stable")
        found = snapshot.dense.search(vector, 1_000, None)[0]
        for depth, collected in shares.items():
            collected.append(len(set(exact[:depth].tolist()) & set(found[:depth].tolist())) / depth)
    return {f"recall@{depth}": round(statistics.mean(collected), 4) for depth, collected in shares.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--queries", type=int, default=520)
    arguments = parser.parse_args()
    result: dict[str, Any] = {}
    if not (arguments.home / "broadsheet.sqlite").exists():
        result["load"] = load(arguments.home, arguments.files)
    with Library(Settings(home=arguments.home)) as library:
        queries = title_queries(library, arguments.queries)
        result["papers"] = library.store.counts()["papers"]
        result["sizes"] = sizes(arguments.home, result["papers"])
        result["in_process_ms"] = in_process(library, queries)
        result["http_ms"] = over_http(arguments.home, queries)
        result["more"] = more(arguments.home, library, queries)
        result["dense"] = dense_recall(library, queries[:200])
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
