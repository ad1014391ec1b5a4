"""Papers known by description: what is asked, what is hidden, and that the command finds papers so."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import zstandard

from broadsheet.errors import InputError
from broadsheet.evaluation.__main__ import main
from broadsheet.evaluation.described import collection, described

_SUBJECTS = {
    "Graph kernels": "molecules atoms bonds chemistry structure compounds",
    "Dark matter": "galaxies halos rotation telescope stars universe",
    "Speech recognition": "phonemes audio microphone acoustic voices listeners",
}


def _paper(number: int) -> dict[str, str]:
    title, told = list(_SUBJECTS.items())[number % 3]
    of = [f"Sentence {part} on {title.lower()} tells of {told} in study {number} as a whole." for part in range(6)]
    return {"id": f"p{number}", "title": title, "abstract": " ".join(of)}


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BROADSHEET_HOME", str(tmp_path / "home"))
    path = tmp_path / "papers.jsonl.zst"
    path.write_bytes(zstandard.compress("".join(json.dumps(_paper(n)) + "\n" for n in range(30)).encode()))
    return path


def test_a_description_has_no_word_of_the_title_and_its_sentence_is_taken_out() -> None:
    paper = _paper(1)
    description, rest = described(paper, random.Random(1))
    assert "galaxies" in description
    assert not {"dark", "matter"} & set(description.split())
    (gone,) = [part for part in range(6) if f"Sentence {part} " not in rest]
    assert description.startswith(f"sentence {gone} ")


def test_a_sentence_that_says_nothing_beside_the_title_is_not_asked() -> None:
    paper = {"title": "Dark matter of galaxies", "abstract": "Dark matter of galaxies. The galaxies of dark matter."}
    assert described(paper, random.Random(1))[0] == ""


def test_the_command_says_how_many_are_found(papers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["described", str(papers), "lexical", "--papers", "20", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["queries"] == 20
    assert 0.9 <= told["measures"]["Success@3"] <= 1  # the number of the study tells papers of one subject apart


def test_too_few_papers_are_an_error_that_says_how_many_there_are(papers: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 30 papers"):
        collection(papers, 31, tmp_path / "made")
    (tmp_path / "odd.jsonl").write_text("odd")
    with pytest.raises(InputError, match="holds no papers"):
        collection(tmp_path / "odd.jsonl", 1, tmp_path / "made")
