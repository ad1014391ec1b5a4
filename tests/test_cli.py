"""The command line as people and scripts use it: in processes of its own, on a home folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.cli import find, serve

PAPERS: list[dict[str, Any]] = [
    {
        "id": "1706.03762",
        "title": "Attention Is All You Need",
        "abstract": "The dominant sequence transduction models are based on complex recurrent networks.",
        "authors": ["Ashish Vaswani", "Noam Shazeer"],
        "date": "2017-06-12",
        "categories": ["cs.CL"],
    },
    {
        "id": "2005.11401",
        "title": "Retrieval-Augmented Generation for Knowledge-Intensive NLP Tasks",
        "abstract": "Large pre-trained language models store factual knowledge. We retrieve passages.",
        "authors": ["Patrick Lewis"],
        "date": "2020-05-22",
        "categories": ["cs.CL"],
    },
    {
        "id": "2010.11929",
        "title": "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
        "abstract": "While the Transformer architecture has become the standard for language, vision is limited.",
        "authors": ["Alexey Dosovitskiy"],
        "date": "2020-10-22",
        "categories": ["cs.CV"],
    },
]


def broadsheet(home: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "broadsheet", *arguments],
        env=environment(home),
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
    )


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BROADSHEET_")}
    return {**kept, "BROADSHEET_HOME": str(home), "COLUMNS": "120", "PYTHONWARNINGS": "default"}


def document(home: Path, *arguments: str) -> Any:
    done = broadsheet(home, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def papers_file(folder: Path, papers: Sequence[dict[str, Any]] = PAPERS) -> Path:
    path = folder / "papers.jsonl"
    path.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three papers, indexed. Tests only read it."""
    folder = tmp_path_factory.mktemp("home")
    added = document(folder, "add", str(papers_file(folder)))
    assert added["new"] == 3
    assert added["refresh"]["indexed"] == 3
    return folder


def test_search_has_the_fixed_shape(home: Path) -> None:
    found = document(home, "search", "attention", "--limit", "2", "--profile", "lexical")
    assert found["query"] == "attention"
    assert found["total"] == 1
    assert found["notes"] == []
    (hit,) = found["hits"]
    assert (hit["id"], hit["title"], hit["published"]) == ("arxiv:1706.03762", PAPERS[0]["title"], "2017-06-12")
    assert hit["url"] == "/papers/arxiv:1706.03762"
    assert hit["score"] > 0


def test_search_narrows(home: Path) -> None:
    def ids(*options: str) -> set[str]:
        return {hit["id"] for hit in document(home, "search", "transformer language models", *options)["hits"]}

    assert "arxiv:1706.03762" not in ids("--after", "2020")
    assert ids("--before", "2018") == {"arxiv:1706.03762"}
    assert ids("--category", "cs.CV") == {"arxiv:2010.11929"}


def test_search_is_for_people_too(home: Path) -> None:
    done = broadsheet(home, "search", "attention", "--explain")
    assert "Attention Is All You Need" in done.stdout
    assert "arxiv:1706.03762 · Ashish Vaswani, Noam Shazeer · 2017-06-12" in done.stdout
    assert done.stderr == ""


def test_similar_takes_many_and_negatives(home: Path) -> None:
    near = document(home, "similar", "2005.11401", "--limit", "5")
    assert set(near) >= {"query", "total", "notes", "hits"}
    assert "arxiv:2005.11401" not in {hit["id"] for hit in near["hits"]}
    away = document(home, "similar", "arxiv:2005.11401", "--not", "2010.11929", "1706.03762")
    assert {hit["id"] for hit in away["hits"]} <= {hit["id"] for hit in near["hits"]}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("similar a b --not c d --json", "similar a b --not c --not d --json"),
        ("similar a --not c --limit 3 b", "similar a --not c --limit 3 b"),
        ("similar a --not", "similar a --not"),
        ("similar --not=c a", "similar --not=c a"),
        ("search --not x", "search --not x"),
        ("", ""),
    ],
)
def test_all_words_after_not_are_negatives(typed: str, read: str) -> None:
    assert find.spread(typed.split()) == read.split()


@given(st.lists(st.sampled_from(["a", "b", "--not", "--json", "--limit", "3"])))
def test_spreading_loses_no_word_and_is_done_once(words: list[str]) -> None:
    once = find.spread(["similar", *words])
    assert [word for word in once if word != "--not"] == ["similar", *(word for word in words if word != "--not")]
    assert find.spread(once) == once


def test_a_paper_is_shown_under_any_identifier(home: Path) -> None:
    for name in ("1706.03762", "arXiv:1706.03762v5", "https://arxiv.org/abs/1706.03762"):
        assert document(home, "paper", name)["id"] == "arxiv:1706.03762"
    shown = broadsheet(home, "paper", "1706.03762").stdout
    assert "Ashish Vaswani, Noam Shazeer" in shown
    assert "The dominant sequence transduction models" in shown


def test_export_writes_all_formats(home: Path, tmp_path: Path) -> None:
    assert "@" in broadsheet(home, "export", "1706.03762").stdout
    assert "TY  - " in broadsheet(home, "export", "1706.03762", "--format", "ris").stdout
    assert document(home, "export", "1706.03762")[0]["title"] == PAPERS[0]["title"]
    file = tmp_path / "papers.bib"
    done = broadsheet(home, "export", "-", "--output", str(file), given="1706.03762\n2005.11401\n")
    assert done.stdout == ""
    assert file.read_text(encoding="utf-8").count("@") == 2


def test_status_and_doctor(home: Path) -> None:
    status = document(home, "status")
    assert status["papers"] == 3
    assert status["snapshot"]["lag"] == 0
    assert status["snapshot"]["change"] == status["change"]
    assert [source["records"] for source in status["sources"]] == [3]
    assert "3 papers" in broadsheet(home, "status").stdout
    assert all(check["ok"] for check in document(home, "doctor")["checks"] if check["name"] != "disk")


def test_adding_again_adds_nothing(home: Path) -> None:
    added = document(home, "add", str(home / "papers.jsonl"))
    assert added.get("new", 0) == 0
    assert "refresh" not in added


def test_adding_may_leave_the_index_for_later(tmp_path: Path) -> None:
    file = papers_file(tmp_path)
    assert "refresh" not in document(tmp_path, "add", str(file), "--no-refresh")
    assert document(tmp_path, "status")["snapshot"] is None
    assert broadsheet(tmp_path, "search", "attention").returncode == 5
    assert document(tmp_path, "refresh")["indexed"] == 3
    assert "up to date" in broadsheet(tmp_path, "refresh").stdout


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    strange = tmp_path / "strange.bin"
    strange.write_bytes(bytes(range(256)))
    done = broadsheet(tmp_path, "add", str(strange), str(papers_file(tmp_path)), "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["new"] == 3
    assert "strange.bin" in json.loads(done.stderr)["error"]["message"]


def test_records_set_aside_are_listed_with_reasons(tmp_path: Path) -> None:
    file = papers_file(tmp_path, [*PAPERS, {"id": "9", "abstract": "A paper without a title."}])
    done = broadsheet(tmp_path, "add", str(file), "--no-refresh")
    assert "1 could not be used" in done.stdout
    listed = document(tmp_path, "status", "--set-aside", "5")["set_aside_records"]
    assert len(listed) == 1
    assert listed[0]["reason"]


def test_a_merge_can_be_undone(tmp_path: Path) -> None:
    same = {**PAPERS[0], "id": None, "url": "https://arxiv.org/abs/1706.03762", "doi": "10.5555/3295222.3295349"}
    first = papers_file(tmp_path)
    document(tmp_path, "add", str(first), "--no-refresh")
    bib = tmp_path / "one.bib"
    bib.write_text(
        f"@article{{v17, title={{{same['title']}}}, author={{Vaswani, Ashish and Shazeer, Noam}}, year=2017,"
        f" doi={{{same['doi']}}}, eprint={{1706.03762}}, archiveprefix={{arXiv}}}}",
        encoding="utf-8",
    )
    document(tmp_path, "add", str(bib), "--no-refresh")
    assert document(tmp_path, "paper", same["doi"])["id"] == "arxiv:1706.03762"
    shown = broadsheet(tmp_path, "paper", "1706.03762").stdout
    number = re.search(r"broadsheet unmerge (\d+)", shown)
    assert number, shown
    assert len(document(tmp_path, "unmerge", number[1])["papers"]) == 2
    assert "unmerge" not in broadsheet(tmp_path, "paper", "1706.03762").stdout


def test_a_backup_can_be_restored_elsewhere(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "papers.backup"
    assert document(home, "backup", str(file))["bytes"] == file.stat().st_size
    assert document(tmp_path / "other", "restore", str(file))["papers"] == 3
    again = broadsheet(tmp_path / "other", "restore", str(file), "--json")
    assert again.returncode != 0
    assert "force" in json.loads(again.stderr)["error"]["message"]
    assert document(tmp_path / "other", "restore", str(file), "--force")["papers"] == 3


def test_migrate_says_that_nothing_is_to_be_done(home: Path) -> None:
    assert document(home, "migrate") == {"migrated": True}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["paper", "arxiv:9999.99999"], 4, "9999.99999"),
        (["similar", "doi:10.1/none"], 4, "10.1/none"),
        (["search", "x", "--profile", "magic"], 2, "magic"),
        (["search"], 2, "QUERY"),
        (["search", "x", "--limit", "0"], 2, "--limit"),
        (["serch"], 2, "search"),
        (["add"], 2, "--sample"),
        (["add", "nowhere.bib"], 2, "nowhere.bib"),
        (["harvest", "nothing"], 2, "arxiv"),
        (["export", "-"], 2, "standard input"),
        (["unmerge", "12345"], 4, "12345"),
        (["restore", "nowhere.backup"], 2, "nowhere.backup"),
        (["serve", "--host", "no.such.host.invalid"], 2, "no.such.host.invalid"),
    ],
)
def test_failures_are_one_line_with_the_right_code(home: Path, arguments: list[str], code: int, said: str) -> None:
    done = broadsheet(home, *arguments)
    assert (done.returncode, done.stdout.strip()[:9]) in {(code, ""), (code, "0 records")}
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_failures_are_json_on_demand(home: Path) -> None:
    done = broadsheet(home, "paper", "arxiv:9999.99999", "--json")
    error = json.loads(done.stderr)["error"]
    assert (error["status"], error["code"]) == (404, "not_found")
    assert done.stdout == ""


def test_a_setting_that_makes_no_sense_is_said(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("colour = 'red'", encoding="utf-8")
    done = broadsheet(tmp_path, "status")
    assert done.returncode == 2
    assert "colour" in done.stderr


def test_version_and_help() -> None:
    nowhere = Path(os.devnull)
    assert re.fullmatch(r"broadsheet \d+\.\d+\.\d+\n", broadsheet(nowhere, "--version").stdout)
    assert "similar" in broadsheet(nowhere, "--help").stdout
    assert "complete" in broadsheet(nowhere, "--show-completion", "bash").stdout


class Server:
    """`broadsheet serve` as a child of the test."""

    def __init__(self, home: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "broadsheet", "serve", "--port", "0", "--json", *options],
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines = iter(self.process.stdout.readline, "")  # type: ignore[union-attr]
        self.url = json.loads("".join(_up_to_brace(lines)))["url"]

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def stop(self, number: int = signal.SIGTERM) -> float:
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return time.monotonic() - started


def _up_to_brace(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith("}"):
            return


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


def _gone(pids: Sequence[int], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids):
            return True
        time.sleep(0.1)
    return False


def test_answers_wait_for_no_acknowledgement() -> None:
    with serve._listening("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two processes"])
def test_serve_answers_and_ends_with_its_children(home: Path, options: tuple[str, ...]) -> None:
    server = Server(home, *options)
    try:
        assert server.get("/healthz")[0] == 200
        status, body = server.get("/search.json?q=attention&profile=lexical")
        assert (status, json.loads(body)["total"]) == (200, 1)
        children = _children(server.process.pid)
        assert children
    finally:
        seconds = server.stop()
    assert server.process.returncode == 0
    assert seconds < 10
    assert _gone(children, 1)


@pytest.mark.slow
def test_serve_and_search_print_the_same(home: Path) -> None:
    server = Server(home, "--no-work")
    try:
        over_http = json.loads(server.get("/search.json?q=transformer+language&limit=2")[1])
    finally:
        server.stop(signal.SIGINT)
    printed = document(home, "search", "transformer language", "--limit", "2")
    for changing in ("milliseconds",):
        del over_http[changing], printed[changing]
    assert over_http == printed


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_the_child_of_a_killed_server_ends_by_itself(home: Path) -> None:
    server = Server(home)
    children = _children(server.process.pid)
    server.stop(signal.SIGKILL)
    assert children
    assert _gone(children, 15)


def test_a_port_in_use_is_one_line(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = broadsheet(home, "serve", "--port", str(port))
    assert done.returncode == 5
    assert re.fullmatch(rf"broadsheet: Port {port} .* in use.*\n", done.stderr)


@pytest.mark.slow
def test_work_indexes_what_others_added_and_ends_on_sigterm(tmp_path: Path) -> None:
    document(tmp_path, "add", str(papers_file(tmp_path)), "--no-refresh")
    loop = subprocess.Popen(
        [sys.executable, "-m", "broadsheet", "work", "--json"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert loop.stdout
    event = json.loads(loop.stdout.readline())
    started = time.monotonic()
    loop.terminate()
    loop.communicate(timeout=20)
    assert (event["job"], event["ok"], event["indexed"]) == ("refresh", True, 3)
    assert loop.returncode == 0
    assert time.monotonic() - started < 10


@pytest.mark.slow
def test_ctrl_c_says_what_was_kept(tmp_path: Path) -> None:
    many = [{"id": f"2501.{n:05}", "title": f"Paper number {n} of very many", "date": "2025"} for n in range(60_000)]
    adding = subprocess.Popen(
        [sys.executable, "-m", "broadsheet", "add", str(papers_file(tmp_path, many))],
        env=environment(tmp_path),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a background shell has it ignored
    )
    while not (tmp_path / "broadsheet.sqlite").exists() or (tmp_path / "broadsheet.sqlite").stat().st_size < 1_000_000:
        time.sleep(0.05)
        assert adding.poll() is None
    adding.send_signal(signal.SIGINT)
    _, said = adding.communicate(timeout=60)
    assert adding.returncode == 130
    assert said == "Interrupted. What was stored so far is kept; the same command goes on from there.\n"
    assert 0 < document(tmp_path, "status")["papers"] < 60_000
