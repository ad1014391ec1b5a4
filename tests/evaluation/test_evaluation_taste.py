"""The command that measures recommendations, on readers made for it."""

from __future__ import annotations

import codecs
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from broadsheet.errors import InputError
from broadsheet.evaluation import taste
from broadsheet.evaluation.__main__ import main

_SUBJECTS = {
    "a": "protein folding structures amino acids chains",
    "b": "galaxies stars telescope surveys redshift",
    "c": "translation of sentences between languages",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty papers on each of three subjects; each of thirty readers saved six of one subject."""
    items = [
        {
            "id": f"{subject}{number}",
            "title": words.split()[number % 4],
            "abstract": f"{words} {words.split()[number % 3]}",
        }
        for subject, words in _SUBJECTS.items()
        for number in range(40)
    ]
    random = np.random.default_rng(1)
    pairs = [
        (reader, f"{'abc'[reader % 3]}{number}")
        for reader in range(30)
        for number in random.choice(40, 6, replace=False)
    ]
    _write(tmp_path, [*items, {"id": "empty", "title": "No text"}], [*pairs, (0, "empty"), (0, "unknown"), pairs[0]])
    return tmp_path


def _write(folder: Path, items: list[Mapping[str, object]], pairs: list[tuple[int, str]]) -> None:
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    (folder / "interactions.tsv").write_text("user\titem\n" + "".join(f"{user}\t{item}\n" for user, item in pairs))


def test_it_prints_one_object_and_finds_the_subject(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["taste", str(folder), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    result = json.loads(line)
    assert list(result) == ["folder", "measures", "ms_p50"]
    assert result["folder"] == str(folder)
    assert list(result["measures"]) == ["R@50", "R@100", "R@50 coldest"]
    assert result["measures"]["R@100"] == 1  # 24 papers are hidden
    assert result["ms_p50"] > 0
    assert main(["taste", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["measures"] == result["measures"]


def test_every_model_ranks_its_own_subject_first(folder: Path) -> None:
    from broadsheet.evaluation.commands.taste import MODELS

    shelves = taste.read(folder)
    papers = taste._papers(shelves, "static")
    one = taste.split(shelves, 0)
    for name in ("taste", "content", "mean", "ridge"):
        model = MODELS[name](shelves, papers, one)
        for shelf, wanted in one.cases:
            subject = shelves.items[one.shown[shelf[0]]]["id"][0]
            ranked = one.hidden[np.argsort(-model.scores(shelf))]
            found = [shelves.items[number]["id"][0] for number in ranked]
            assert found[: found.count(subject)] == [subject] * found.count(subject), name
            assert {shelves.items[one.hidden[place]]["id"][0] for place in wanted} == {subject}


def test_experts_learn_from_what_is_shown_alone(folder: Path) -> None:
    from broadsheet.evaluation.taste_experts import Experts

    shelves = taste.read(folder)
    papers, one = taste._papers(shelves, "static"), taste.split(shelves, 0)
    experts = Experts(shelves, papers, one)
    learned = experts._weights
    other = dataclasses.replace(one, cases=(), hidden=one.hidden[::-1])
    assert np.array_equal(learned, Experts(shelves, papers, other)._weights)
    assert learned[1].any()
    first = [(shelf[0], int((-experts.scores(shelf)).argsort()[0])) for shelf, _ in one.cases]
    kinds = [
        (shelves.items[one.shown[mine]]["id"][0], shelves.items[one.hidden[best]]["id"][0]) for mine, best in first
    ]
    assert np.mean([mine == best for mine, best in kinds]) > 0.9


def test_splits_hide_a_fifth_and_leave_nothing_of_it(folder: Path) -> None:
    shelves = taste.read(folder)
    assert len(shelves.items) == 120
    assert len(shelves.papers) == 180  # unknown, without text, twice: left out
    one = taste.split(shelves, 3)
    assert len(one.hidden) == 24
    assert not np.intersect1d(one.hidden, one.shown).size
    held = {(int(r), int(one.shown[p])) for r, p in zip(one.readers, one.saved, strict=True)}
    pairs = {(int(r), int(p)) for r, p in zip(shelves.readers, shelves.papers, strict=True)}
    assert pairs - held == {(r, p) for r, p in pairs if p in set(one.hidden.tolist())}
    assert all(len(shelf) and len(wanted) for shelf, wanted in one.cases)


def test_tags_and_citations_can_stand_for_text(tmp_path: Path) -> None:
    _write(tmp_path, [{"id": "1", "tags": ["small-world"], "cites": ["2"]}, {"id": "2"}], [(1, "1"), (1, "2")])
    shelves = taste.read(tmp_path, links=True)
    assert [text for _, text in shelves.texts] == ["tsmallworld c1 c2", "c2"]
    with pytest.raises(InputError, match="Nobody"):
        taste.read(tmp_path)


@pytest.mark.parametrize(
    "pairs",
    [
        "u\ta\nu\tb\n",
        "user\titem\nu\ta\nu\tb\nu\tb\n",
        "item\twhen\tUser\na\t1\tu\nb\t2\tu\nc\t3\tu",
        "\n".join(["x\ty", "u\ta ", "u\tb"]),
    ],
)
def test_readers_are_found_with_and_without_a_first_line(tmp_path: Path, pairs: str) -> None:
    items = ['{"id": "a", "text": "first"}', '{"id": "b", "abstract": "second"}', '{"id": "a", "text": "again"}']
    (tmp_path / "items.jsonl").write_bytes(codecs.BOM_UTF8 + "\n".join([*items, '{"id": "c", "text": " "}']).encode())
    (tmp_path / "interactions.tsv").write_text(pairs)
    shelves = taste.read(tmp_path)
    assert [text for _, text in shelves.texts] == ["first", "second"]
    assert sorted(zip(shelves.readers.tolist(), shelves.papers.tolist(), strict=True)) == [(0, 0), (0, 1)]


@pytest.mark.parametrize(
    ("items", "pairs", "message"),
    [
        ("{", "user\titem\n1\t1\n", "line 1 is none"),
        ("[1]\n", "user\titem\n1\t1\n", "line 1 is none"),
        ('{"id": "a", "text": "x"}\n\n{"id": "b", "title": 7, "text": "x"}', "1\ta", "line 3 .*its title is no text"),
        ('{"id": null, "text": "x"}', "1\ta", "its id is neither"),
        ('{"text": "x"}', "1\ta", "id"),
        ("", "", "Nobody"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path, items: str, pairs: str, message: str) -> None:
    (tmp_path / "items.jsonl").write_text(items)
    (tmp_path / "interactions.tsv").write_text(pairs)
    with pytest.raises(InputError, match=message):
        taste.read(tmp_path)


def test_a_folder_without_files_is_an_error_with_its_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["taste", str(tmp_path / "none")]) == InputError.exit_code
    assert "items.jsonl" in capsys.readouterr().err
