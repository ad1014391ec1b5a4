"""The bench: collections of any layout, measures, the command, and published numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx_model
import pytest
from numpy.typing import NDArray

import broadsheet
from broadsheet.errors import InputError
from broadsheet.evaluation import bench, vectors
from broadsheet.evaluation.__main__ import main
from broadsheet.evaluation.collections import find, indexed
from broadsheet.evaluation.pages import auc, tau
from broadsheet.evaluation.significance import corrected, paired

_SHARED = Path("../shared/collections")
_PAPERS = {
    "a": ("Neural ranking of documents", "We rank documents with neural networks."),
    "b": ("Protein folding", "Structures of proteins are predicted."),
    "c": ("Galaxy surveys", "A telescope watches galaxies - and stars."),
    "d": ("", ""),
}


class Counting:
    """An encoder that says how long a text is and what it is, and counts what it reads."""

    name = id = "counting"
    dimension = 2
    prefixes = (2,)
    read = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read += len(texts)
        return np.array([(len(text), sum(text.encode())) for text in texts], np.float32)


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


def test_papers_are_read_again_for_a_reranker_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    onnx_model.write(folder)
    asked = (str(folder), "--profile", "rerank", "--reranker", str(folder))
    assert main(["run", *asked]) == 0
    assert "has read 4 of 4 papers" in capsys.readouterr().err
    assert main(["run", *asked]) == 0
    assert "has read" not in capsys.readouterr().err


def test_vectors_are_kept_by_sittings_and_made_anew_for_other_texts(tmp_path: Path) -> None:
    encoder, told = Counting(), list[str]()
    texts = [f"text {number}" for number in range(600)]
    first = vectors.kept(texts, encoder, tmp_path, "tiny", told.append)
    assert first.shape == (600, 2) and len(told) == 2
    next(tmp_path.glob("*/000000512.npy")).unlink()  # a run that was stopped after its first sitting
    again = vectors.kept(texts, encoder, tmp_path, "tiny", told.append)
    assert np.array_equal(again, first) and encoder.read == 600 + 88
    other = vectors.kept([*texts[:-1], "another"], encoder, tmp_path, "tiny", told.append)
    assert not np.array_equal(other, first) and len(list(tmp_path.iterdir())) == 1


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


def test_similar_is_asked_with_the_paper_a_query_was_made_from(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(folder), "--profile", "similar"]) == InputError.exit_code
    assert "paper_id" in capsys.readouterr().err
    _write(folder / "queries.jsonl", {"id": "1", "text": "", "paper_id": "b"})
    (folder / "qrels.tsv").write_text("1\ta\t1\n1\tc\t1\n")
    assert _run(capsys, str(folder), "--profile", "similar")["measures"]["R@100"] == 1  # type: ignore[index]


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


def test_indexing_a_collection_leaves_the_index_of_one_with_a_longer_name(folder: Path, tmp_path: Path) -> None:
    indexed(find(str(folder)))
    longer = indexed(find(str(shutil.copytree(folder, tmp_path / "tiny-two")))).snapshot.path
    _write(folder / "corpus.jsonl", {"id": "a", "title": "Cooking", "text": ""})
    changed = indexed(find(str(folder))).snapshot.path
    assert longer.exists()
    assert len(list(changed.parent.parent.glob("tiny-*"))) == 2


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
    path.write_text(f'tolerance = 0.001\n["run tiny --profile lexical"]\n"nDCG@10" = {value}\n')
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


def test_only_a_first_line_without_a_grade_is_a_heading(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("query1\ta\t1\nquery2\t0\tb\t2\n")  # the second as TREC writes it
    assert find(str(folder)).judgements() == {"query1": {"a": 1}, "query2": {"b": 2}}


def test_a_line_that_is_no_judgement_is_an_input_error(folder: Path) -> None:
    (folder / "qrels.tsv").write_text("1\ta\t1\n1\tb\tmuch\n")
    with pytest.raises(InputError, match="much"):
        find(str(folder)).judgements()


@pytest.mark.parametrize("line", ["{no json", '["a"]', '{"text": "nameless"}'])
@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
def test_a_line_that_is_no_paper_or_query_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, line: str
) -> None:
    (folder / name).write_text(f'{{"id": "a", "title": 7, "text": ["odd"]}}\n{line}\n')
    assert main(["run", str(folder), "--profile", "lexical"]) == InputError.exit_code
    assert f"{name}, line 2, is " in capsys.readouterr().err


def test_a_collection_without_a_judged_query_is_an_input_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "qrels.tsv").write_text("nobody\ta\t1\n")
    for command in (["run", str(folder)], ["compare", str(folder), "lexical"]):
        assert main(command) == InputError.exit_code
        assert "no query that is judged" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["fly", "run", "run {folder} --profile best", "ablate {folder}"])
def test_check_fails_where_a_command_prints_no_such_number(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "x.toml").write_text(f'tolerance = 0\n["{command.format(folder=folder)}"]\n"nDCG@10" = 0.1\n')
    assert main(["check", str(tmp_path / "x.toml")]) == 1
    assert capsys.readouterr().out.startswith("FAIL")


def test_papers_may_lack_titles_and_call_their_text_abstract(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _write(
        folder / "corpus.jsonl",
        {"id": 1, "abstract": "Neural networks rank documents.", "authors": ["A. Turing", None], "date": "1950"},
        {"id": 2, "title": None, "text": None, "authors": "Ada Lovelace; Charles Babbage"},
    )
    (folder / "qrels.tsv").write_text("1\t1\t1\n")
    assert _run(capsys, str(folder))["measures"] == {"nDCG@10": 1.0, "R@100": 1.0, "Success@5": 1.0}


def test_other_measures_can_be_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--profile", "lexical", "--measures", "RR", "R@1000")
    assert _run(capsys, str(folder), *asked)["measures"] == {"RR": 0.5, "R@1000": 0.5}
    assert main(["run", str(folder), "--measures", "goodness"]) == InputError.exit_code


def test_runs_of_files_and_profiles_are_compared(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["compare", str(folder), "lexical", "hybrid", "--out", str(tmp_path / "runs")])
    capsys.readouterr()
    empty = tmp_path / "empty.run"
    empty.write_text("1\tQ0\tb\t1\t3.5\tother\n")
    written = tmp_path / "runs" / "lexical.run"
    assert main(["compare", str(folder), "lexical", str(written), str(empty), "--queries", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["measures"]["lexical"] == result["measures"][str(written)]
    (same, other) = (d for d in result["differences"] if d["measure"] == "nDCG@10")
    assert (same["better"], same["worse"], same["p"]) == (0, 0, 1.0)
    assert (other["value"], other["worse"]) == (0.0, 1)
    assert result["queries"] == {"1": {str(written): 0.0, str(empty): -1.0}}


def test_profiles_compared_answer_as_they_do_alone(folder: Path) -> None:
    collection, now = find(str(folder)), broadsheet.now()
    together = bench.answers(collection, ["lexical", "hybrid", "dense"], now, 100)
    alone = [bench.evaluate(collection, profile, now).run for profile in ("lexical", "hybrid", "dense")]
    assert [run.found for run in together] == [run.found for run in alone]


def test_the_paired_test_knows_chance_from_a_difference() -> None:
    random = np.random.default_rng(5)
    chance = random.normal(0, 1, 200)
    assert paired(chance - chance.mean()) > 0.9
    assert paired(chance + 0.5) < 0.001
    assert paired(np.array([1.0, 1.0, 1.0])) == pytest.approx(0.25, abs=0.02)  # 2 of 8 ways to choose the signs


def test_several_tests_are_corrected_together() -> None:
    assert corrected([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert corrected([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.skipif(
    not _SHARED.exists(), reason="the test collections (../shared/collections) are not beside the repository"
)
def test_published_numbers_of_small_collections_are_reached(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["check", "--only", "medline1033", "cranfield", "cacm"])
    verdicts = capsys.readouterr().out
    assert verdicts.count("OK  ") > 10
    assert code == 0, verdicts


def test_the_five_pages_are_set_beside_our_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pages", "--profile", "lexical", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert sum(page["papers"] for page in result["pages"]) >= 632
    assert all(page["auc"] > 0.5 for page in result["pages"])
    assert result["measures"]["share"] > 0.2


def test_known_papers_are_looked_for_by_changed_titles(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    title = "Self-supervised colour modelling of galaxies"
    _write(folder / "corpus.jsonl", {"id": "a", "title": title, "text": "Stars."}, {"id": "b", "title": "Stars"})
    assert main(["known", str(folder), "--json"]) == 0
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert {name: found["titles"] for name, found in changes.items()} == {
        **dict.fromkeys(changes, 1),
        "prefixes with hyphens": 0,
    }
    assert changes["as it is"]["success@3"] == changes["typing error"]["success@3"] == 1


def test_tau_and_auc_know_agreement_from_its_opposite() -> None:
    ours = np.arange(5)
    assert (tau(ours), tau(ours[::-1])) == (1.0, -1.0)
    assert (auc(ours, ours + 5), auc(ours + 5, ours), auc(ours, ours)) == (1.0, 0.0, 0.5)


def test_every_ingredient_is_measured_and_costed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate", str(folder), "--json"]) == 0
    rows = {row["way"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["words"]["measures"] == {"nDCG@10": 0.5, "R@100": 0.5}
    assert rows["words"]["bytes"] < rows["fixed 0.7"]["bytes"] < rows["and read"]["bytes"] == rows["and gated"]["bytes"]
    assert rows["and gated"]["ms"] > 0
    best = [rows[way]["measures"]["nDCG@10"] for way in ("words", "meaning")]
    assert rows["best fixed weight of the collection"]["measures"]["nDCG@10"] > 0
    assert rows["better channel, known for each query"]["measures"]["nDCG@10"] >= max(best)
    assert main(["ablate", str(folder)]) == 0
    assert "reciprocal ranks" in capsys.readouterr().out


def test_the_report_is_one_page_with_tables_and_plots(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert main(["report", str(folder), "--out", str(page)]) == 0
    html = page.read_text()
    assert html.count("<svg") == 2
    assert '<th scope="col">tiny</th>' in html
    assert "twin encoder" in html


def test_rivals_are_runs_like_any_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["compare", str(folder), "dense", "exact:static", "rrf:exact:static+exact:static", "--json"]
    assert main(asked) == 0
    measures = json.loads(capsys.readouterr().out)["measures"]
    assert len(set(map(str, measures.values()))) == 1
    assert main(["compare", str(folder), "rrf:exact:static"]) == InputError.exit_code


def test_bm25s_answers_as_a_rival(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("bm25s", reason="the extra `evaluation` is not installed")
    assert main(["compare", str(folder), "lexical", "bm25s", "--json"]) == 0
    measures = json.loads(capsys.readouterr().out)["measures"]
    assert measures["bm25s"] == measures["lexical"]
