"""Lessons of a teacher: what they may hold, and that a table learns the likeness that the teacher sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx_model
import pytest

from broadsheet.encode.static import Static
from broadsheet.errors import InputError
from broadsheet.training import corpus
from broadsheet.training.lessons import Lessons, Told

pytest.importorskip("torch", reason="the extra `train` is not installed")
pytest.importorskip("tokenizers", reason="the extra `train` is not installed")

from test_training_static import DETAILS, RECIPE, SUBJECTS, record, write

from broadsheet.training import lessons, static
from broadsheet.training.model import start

LEARNT = replace(RECIPE, lessons={"words": 16, "titles": 32, "abstracts": 16}, lesson_steps=60, steps=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    write(folder / "arxiv_2025_26.jsonl.zst", [record(n) for n in range(200)])
    return folder


@pytest.fixture(scope="module")
def told() -> Told:
    """A teacher for whom the subject is all, and the first subject means what the second one's details mean."""
    random = np.random.default_rng(1)
    means = random.normal(size=(5, 64))
    number = np.arange(200)
    texts = {
        "words": [word for text in SUBJECTS + DETAILS for word in text.split()],
        "titles": [SUBJECTS[n % 5] for n in number],
        "abstracts": [f"{SUBJECTS[n % 5]} {DETAILS[(n + 1) % 5]}" for n in number],
    }
    of_words = np.repeat(np.concatenate((np.arange(5), (np.arange(5) - 1) % 5)), 2)
    noise = {kind: 0.1 * random.normal(size=(len(of), 64)) for kind, of in texts.items()}
    vectors = {kind: means[number % 5] + noise[kind] for kind in ("titles", "abstracts")}
    vectors["words"] = means[of_words] + noise["words"]
    return Told(texts, {kind: of.astype(np.float32) for kind, of in vectors.items()}, "a teacher")


def test_a_table_learns_the_likeness_that_the_teacher_sees(data: Path, told: Told, tmp_path: Path) -> None:
    static.make(data, tmp_path / "taught.safetensors", LEARNT, told=told)
    encoder = Static(tmp_path / "taught.safetensors")
    assert encoder.about["teacher"] == "a teacher"
    nearest = (encoder.encode(SUBJECTS) @ encoder.encode(DETAILS).T).argmax(axis=1)
    assert nearest.tolist() == [1, 2, 3, 4, 0]


def test_own_shares_keep_words_of_like_meaning_apart(data: Path, told: Told) -> None:
    of_words = corpus.read(corpus.records(corpus.files(data)))
    ready = static.prepared(of_words, LEARNT)
    begun = start(ready.papers.counts(), LEARNT)
    made = Lessons(told, ready.pieces, 32, 0.5)
    one, other = ready.pieces.index("graph"), ready.pieces.index("galaxi")
    likeness = []
    for own in (0.0, 1.0):
        table = static.taught(begun, made, replace(LEARNT, own=own))[0].numpy()
        units = table / np.linalg.norm(table, axis=1, keepdims=True)
        likeness.append(float(units[one] @ units[other]))
    assert likeness[0] > 0.7 > likeness[1] > 0.2


def test_lessons_are_of_papers_that_are_not_held_out_and_survive_their_file(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    onnx_model.write(tmp_path)
    papers = corpus.read(corpus.records(corpus.files(data)))
    kept = lessons.drawn(papers, np.arange(150), 40)
    assert kept.min() >= 150
    assert len(set(kept.tolist())) == 40
    whole = lessons.make(data, [tmp_path], titles=30, held_out=50)
    whole.save(tmp_path / "lessons.npz")
    again = Told.open(tmp_path / "lessons.npz")
    assert again.texts == whole.texts
    assert len(again.texts["titles"]) == 30
    assert again.vectors["abstracts"].tolist() == again.vectors["titles"].tolist()
    assert np.abs(again.vectors["words"] - whole.vectors["words"]).max() < 1e-3


def test_a_recipe_with_lessons_says_what_it_misses(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broadsheet\.training\.lessons"):
        static.make(data, tmp_path / "x.safetensors", LEARNT)
    (tmp_path / "odd.npz").write_bytes(b"odd")
    with pytest.raises(InputError, match="holds no lessons"):
        Told.open(tmp_path / "odd.npz")
