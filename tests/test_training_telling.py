"""Telling phrases: chosen greedily, counted on papers unseen, and written as papers mostly write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from broadsheet.encode import concepts as shipped
from broadsheet.encode import telling as loaded
from broadsheet.encode.static import SHIPPED, Static
from broadsheet.training import corpus, naming, telling
from broadsheet.training.naming import Phrases

ABOUT = {  # no abstract names its concept, "dark matter" or "speech recognition"
    "dark": "Dark halos around each spiral galaxy, its rotation curve and the density profile of cold particles",
    "speech": "Acoustic modelling of a spoken utterance lowers the word error rate of ASR decoders for each speaker",
}


def phrases(rows: list[list[int]], sizes: list[int]) -> Phrases:
    return Phrases(csr_matrix(np.array(rows, np.float32)), np.array(sizes), np.zeros(len(sizes), np.int64))


def active(papers: list[int]) -> csr_matrix:
    return csr_matrix(np.array(papers, np.float32)[:, None])


def test_a_phrase_is_chosen_for_the_papers_that_those_before_it_leave_out() -> None:
    """Two phrases have the same five papers; the second chosen is the one that has the other three."""
    right = [[0, 1, 1, 0]] * 5 + [[0, 0, 0, 1]] * 3
    found = phrases(right + [[0, 0, 0, 0]] * 40, [1, 1, 1, 1])
    best = telling.chosen(found, ["name", "often", "equal", "rest"], np.array([0]), active([1] * 8 + [0] * 40))
    assert best[0, :3].tolist() == [0, 1, 3]


def test_longer_phrases_come_first_and_what_holds_a_chosen_one_never_comes() -> None:
    rows = [[1, 1, 1, 0, 1]] * 6 + [[0, 0, 0, 1, 0]] * 40
    found = phrases(rows, [1, 2, 3, 1, 1])
    forms = ["galaxi", "spiral galaxi", "larg spiral galaxi", "elsewher", "github"]
    best = telling.chosen(found, forms, np.array([-1]), active([1] * 6 + [0] * 40))
    assert best[0].tolist() == [-1, 2, 1, 0, *[-1] * 5]  # an address tells nothing, nor what others have
    best = telling.chosen(found, forms, np.array([0]), active([1] * 6 + [0] * 40))
    assert best[0].tolist() == [0, *[-1] * 8]


def test_a_concept_that_no_paper_has_keeps_its_name_alone() -> None:
    found = phrases([[1, 0]] * 4 + [[0, 1]] * 4, [1, 1])
    assert telling.chosen(found, ["one", "two"], np.array([1]), active([0] * 8))[0].tolist() == [1, *[-1] * 8]


def test_what_is_measured_is_of_the_concepts_own_phrases() -> None:
    eye = np.repeat(np.eye(2, dtype=np.float32), 10, axis=0)
    found = Phrases(csr_matrix(eye), np.array([1, 1]), np.array([0, 0]))
    best = np.full((2, 9), -1)
    best[:, 1] = [0, 1]
    figures = telling.measured(found, best, csr_matrix(eye))
    assert figures["told"][1] == 0.5  # no name stands for them
    assert figures["told"][2] == figures["told"][9] == figures["well"][9] == 1
    assert figures["of_another"] == 0


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(naming, "_FEWEST", 5)
    monkeypatch.setattr(naming, "_MOST_COMMON", 0.6)
    monkeypatch.setattr(telling, "_EVERY", 1)
    monkeypatch.setattr(telling, "_FIRST", 0)
    monkeypatch.setattr(telling, "_LIFT", 1.5)
    lines = [_record(number) for number in range(240)]
    (tmp_path / "arxiv_2025_26.jsonl.zst").write_bytes(zstandard.compress("\n".join(map(json.dumps, lines)).encode()))
    return tmp_path


def _record(number: int) -> dict[str, Any]:
    kind = list(ABOUT)[number // 6 % 2]
    words: NDArray[np.str_] = np.random.default_rng(number).permutation(ABOUT[kind].split())
    ending = "galaxies" if number % 10 == 0 else "nothing"
    text = f"{' '.join(words[:10])} and {ABOUT[kind]}, part {number} of {ending}."
    return {"id": f"2501.{number:05}", "title": kind, "abstract": text, "date": "2025-01-01", "categories": ["cs.CL"]}


def test_phrases_are_found_for_shipped_concepts_and_measured_on_unseen_papers(data: Path) -> None:
    out = data / "telling.safetensors"
    figures = telling.make(data, SHIPPED, out)
    assert (figures["papers"], figures["unseen"]) == (240, 40)
    assert figures["told"][9] > 0.9 > figures["told"][1]
    encoder = Static(SHIPPED).id
    told = loaded.load(encoder, out)
    assert list(told) == list(shipped.load(encoder).names)
    of_dark, of_speech = (set(" ".join(told[name]).split()) for name in ("dark matter", "acoustic models"))
    assert {"galaxy", "halos"} <= of_dark
    assert {"spoken", "utterance"} <= of_speech
    assert not {"galaxy", "halos"} & of_speech


def test_a_phrase_is_written_as_most_papers_have_it(data: Path) -> None:
    papers = corpus.read(corpus.records(corpus.files(data)))
    found = naming.phrases(papers)
    forms = telling.forms_of(papers, found)
    number = forms.index("galaxi")
    assert telling.written(papers, found, forms, np.array([number])) == ["galaxy"]
