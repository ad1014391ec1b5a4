"""The bench: collections of any layout, measures, the command, and published numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

import broadsheet
from broadsheet.errors import InputError
from broadsheet.evaluation import expected
from broadsheet.evaluation.__main__ import main
from broadsheet.evaluation.collections import find

_SHARED = Path("../shared/collections")
_PAPERS = {
    "a": ("Neural ranking of documents", "We rank documents with neural networks."),
    "b": ("Protein folding", "Structures of proteins are predicted."),
    "c": ("Galaxy surveys", "A telescope watches galaxies - and stars."),
    "d": ("", ""),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADSHEET_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A collection of four papers and three queries, one of them not judged."""
    made = tmp_path / "collections" / "tiny"
    made.mkdir(parents=True)
    _write(made / "corpus.jsonl", *({"id": id, "title": title, "text": text} for id, (title, text) in _PAPERS.items()))
    _write(
        made / "queries.jsonl",
        {"id": "1", "text": 'Which "neural networks" rank: -documents?'},
        {"id": "2", "text": "Protein folding", "paper_id": "b"},
        {"id": "3", "text": "galaxies"},
    )
    (made / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n2\tc\t1\n")
    return made


def _write(path: Path, *lines: Mapping[str, object]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["run", *arguments, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    result: dict[str, object] = json.loads(line)
    return result


def test_a_run_prints_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = _run(capsys, str(folder), "--profile", "lexical")
    assert result["collection"] == "tiny"
    assert result["profile"] == "lexical"
    assert result["measures"] == {"nDCG@10": 0.5, "R@100": 0.5, "Success@5": 0.5}  # query 2 finds only itself
    assert {"ms_p50", "ms_p99", "bytes_per_paper"} < result.keys()


def test_signs_in_a_question_mean_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "qrels.tsv").write_text("1\ta\t1\n")  # no line of names; "documents" would leave the paper out
    assert _run(capsys, str(folder), "--profile", "lexical")["measures"] == {
        "nDCG@10": 1.0,
        "R@100": 1.0,
        "Success@5": 1.0,
    }


def test_the_paper_a_query_was_made_from_is_no_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "qrels.tsv").write_text("2\tb\t1\n")
    result = _run(capsys, str(folder), "--profile", "hybrid")
    assert result["measures"] == {"nDCG@10": 0.0, "R@100": 0.0, "Success@5": 0.0}


def test_trec_qrels_and_grades_are_read(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t0\n")
    assert find(str(folder)).judgements() == {"1": {"a": 2, "b": 0}}


def test_names_are_looked_up_beside(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BROADSHEET_COLLECTIONS", str(folder.parent))
    assert _run(capsys, "tiny")["profile"] == "hybrid"


def test_a_split_has_its_own_queries(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(folder / "queries_dev.jsonl", {"id": "x", "text": "telescope"})
    (folder / "qrels_dev.tsv").write_text("x\tc\t1\n")
    result = _run(capsys, str(folder), "--split", "dev", "--profile", "dense")
    assert result["split"] == "dev"


def test_a_changed_collection_is_indexed_anew(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _run(capsys, str(folder), "--profile", "lexical")["measures"]
    _write(folder / "corpus.jsonl", {"id": "a", "title": "Cooking", "text": ""})
    assert _run(capsys, str(folder), "--profile", "lexical")["measures"] != before


@pytest.mark.parametrize("arguments", [("nowhere",), ("tiny", "--profile", "best"), ("tiny", "--split", "train")])
def test_what_is_missing_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BROADSHEET_COLLECTIONS", str(folder.parent))
    assert main(["run", *arguments]) == InputError.exit_code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no" in printed.err


def _numbers(path: Path, value: float) -> Path:
    path.write_text(f'tolerance = 0.001\n[tiny.lexical]\n"nDCG@10" = {value}\n')
    return path


@pytest.mark.parametrize(("value", "code", "word"), [(0.5, 0, "OK"), (0.4, 0, "OK"), (0.6, 1, "FAIL")])
def test_check_compares_with_published_numbers(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    value: float,
    code: int,
    word: str,
) -> None:
    monkeypatch.setenv("BROADSHEET_COLLECTIONS", str(folder.parent))
    assert main(["check", str(_numbers(tmp_path / "expected.toml", value))]) == code
    assert capsys.readouterr().out.startswith(word)


def test_a_file_of_numbers_that_is_none_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("tolerance = [")
    assert main(["check", str(tmp_path / "x.toml")]) == InputError.exit_code


@pytest.mark.skipif(
    not _SHARED.exists(), reason="the test collections (../shared/collections) are not beside the repository"
)
def test_published_numbers_of_small_collections_are_reached() -> None:
    small = [n for n in expected.read() if n.collection in ("medline1033", "cranfield", "cacm")]
    assert small
    verdicts = list(expected.check(small, broadsheet.now()))
    assert all(verdict.ok for verdict in verdicts), "\n".join(map(str, verdicts))
