"""Papers read again by a real ONNX model, through the library and its loop's eyes."""

from __future__ import annotations

import json
from pathlib import Path

import onnx_model
import pytest

from broadsheet.errors import SettingsError
from broadsheet.index import wanted
from broadsheet.library import Library
from broadsheet.settings import Settings

TITLES = ("Graph graph", "Deep learning", "Deep graph learning", "Learning to learn")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Four papers, and a model beside them."""
    pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
    (tmp_path / "model").mkdir()
    onnx_model.write(tmp_path / "model")
    lines = [
        {"id": f"p{i}", "title": title, "abstract": f"On {title}.", "date": "2026"} for i, title in enumerate(TITLES)
    ]
    (tmp_path / "papers.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


def opened(home: Path, reranker: str = "model") -> Library:
    return Library(Settings(home=home / "home", reranker=str(home / reranker) if reranker else ""))


def test_papers_are_read_bit_by_bit_until_all_are(home: Path) -> None:
    with opened(home) as library:
        library.add([home / "papers.jsonl"])
        assert library.reading_due
        assert library.read_again(most=3)["read"] == 3
    with opened(home) as library:  # another process goes on where the last one stopped
        assert library.status()["snapshot"]["second"]["share"] == 0.75
        assert library.read_again(most=3)["read"] == 1
    with opened(home) as library:
        assert not library.reading_due
        assert library.read_again()["read"] == 0
        found = library.search("graph", profile="rerank", explain=True)
        assert found.hits[0].paper.title == "Graph graph"
        assert found.hits[0].reasons is not None
        assert "transformer" in found.hits[0].reasons.shares


def test_what_a_search_brings_to_the_top_is_read_next(home: Path) -> None:
    with opened(home) as library:
        library.add([home / "papers.jsonl"])
        library.search("learning to learn", profile="rerank")
        assert library.reading_due
        library.read_again(most=1)
        assert not wanted.any_in(library.settings.index_folder)
    with opened(home) as library:
        (row,) = library.snapshot.second.rows
        assert library.store.papers([int(library.snapshot.keys[row])])[0].title == TITLES[3]


def test_without_the_setting_nothing_is_read(home: Path) -> None:
    with opened(home, "") as library:
        library.add([home / "papers.jsonl"])
        assert not library.reading_due


def test_a_folder_that_is_none_is_named(home: Path) -> None:
    with opened(home, "nowhere") as library:
        library.add([home / "papers.jsonl"])
        assert library.reading_due
        with pytest.raises(SettingsError, match="nowhere"):
            library.read_again()
