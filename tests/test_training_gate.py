"""The gate is learned by one command, from files to trees that the gate can read."""

from __future__ import annotations

import sys
from pathlib import Path

import learning
import numpy as np
import pytest

from broadsheet.rank.trees import Trees

pytest.importorskip("lightgbm", reason="trees are learned by the extra [train]")


def _collections(folder: Path) -> None:
    """Write the two collections whose training queries the gate learns from, too."""
    for name, split in (("scifact", "train"), ("nfcorpus_tokenised", "dev")):
        papers = [{"id": str(n), "title": f"Cells {n}", "text": f"Protein {n % 5} binds."} for n in range(20)]
        learning.lines(folder / name / "corpus.jsonl", papers)
        learning.lines(folder / name / f"queries_{split}.jsonl", [{"id": "q", "text": "protein 3"}])
        (folder / name / f"qrels_{split}.tsv").write_text("q\t3\t1\nq\t8\t1\n")


def test_the_command_makes_trees_that_order_papers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from broadsheet.training.gate import main

    learning.write(tmp_path / "papers", tmp_path / "collections")
    _collections(tmp_path / "collections")
    monkeypatch.setenv("BROADSHEET_HOME", str(tmp_path / "home"))
    folders = ["--papers", "papers", "--collections", "collections", "--work", "made", "--out", "gate.json"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["gate", *folders])
    main()
    trees = Trees.read(tmp_path / "gate.json")
    scores = trees.scores(np.random.default_rng(1).random((50, len(trees.features)), np.float32))
    assert len(set(scores.tolist())) > 1
    monkeypatch.setattr(sys, "argv", ["gate", *folders, "--check", "--parts"])
    capsys.readouterr()
    main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 13 + 2 * 14 and sum("parts of papers" in line for line in lines) == 14


def test_parts_of_a_paper_are_its_title_and_its_sentences(tmp_path: Path) -> None:
    from broadsheet.evaluation.collections import Collection
    from broadsheet.training.parts import Parts

    papers = [
        {"id": "1", "title": "Cells", "text": "Proteins fold. Galaxies are far away."},
        {"id": "2", "title": "Galaxies are far away", "text": ""},
        {"id": "3", "title": "Left out", "text": "Galaxies are far away."},
    ]
    learning.lines(tmp_path / "corpus.jsonl", papers)
    near = Parts.of(Collection(tmp_path), {"1", "2"}).near("Galaxies are far away", ["2", "1"])
    assert np.allclose(near[0], 1, atol=1e-5)
    assert near[1, 0] < 0.5 < 0.99 < near[1, 1] and near[1, 2] < near[1, 1]
