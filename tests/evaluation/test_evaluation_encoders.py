"""Quality against cost: the picture, the table of encoders, and rivals beside our own ways to rank."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from broadsheet.encode.static import SHIPPED
from broadsheet.errors import InputError
from broadsheet.evaluation.__main__ import main
from broadsheet.evaluation.drawing import Point, scatter
from broadsheet.evaluation.encoders import HEADING, Line, merged, read

_SVG = "{http://www.w3.org/2000/svg}"
_TABLE = f"# Encoders\n\n{HEADING}\n|---|---|---|---|---|---|\n| old | ours | 0.400 | 0.500 | 0.1 | 288 |\n\nMore.\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADSHEET_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A collection of two papers and one query."""
    papers = [
        {"id": "a", "title": "Ranking documents", "text": "By neural networks."},
        {"id": "b", "title": "Galaxies", "text": "Stars seen by a telescope."},
    ]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(paper) + "\n" for paper in papers))
    (tmp_path / "queries.jsonl").write_text('{"id": "1", "text": "stars in a galaxy"}\n')
    (tmp_path / "qrels.tsv").write_text("1\tb\t1\n")
    return tmp_path


def test_dearer_stands_to_the_right_and_better_above() -> None:
    drawn = ET.fromstring(
        scatter([Point("a", 1, 0.3), Point("b", 10, 0.5), Point("c", 100, 0.4, ours=False)], "x", "y")
    )
    a, b, c = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in drawn.iter(f"{_SVG}circle")]
    assert a[0] < b[0] < c[0]
    assert abs((b[0] - a[0]) - (c[0] - b[0])) < 0.2  # tenfold is as far everywhere
    assert b[1] < c[1] < a[1]
    (line,) = drawn.iter(f"{_SVG}polyline")
    assert line.get("points", "").split() == [f"{a[0]},{a[1]}", f"{b[0]},{b[1]}"]  # the third is dearer and worse


@pytest.mark.parametrize("low, high", [(160, 290), (0.07, 50), (1e-4, 1e5)])
def test_a_scale_has_some_round_numbers_and_not_too_many(low: float, high: float) -> None:
    drawn = ET.fromstring(scatter([Point("a", low, 0.3), Point("b", high, 0.5)], "x", "y"))
    across = [text for text in drawn.iter(f"{_SVG}text") if text.get("y") == "418.0"]
    assert 3 <= len(across) <= 12


def test_names_of_points_in_one_place_do_not_cover_each_other() -> None:
    drawn = ET.fromstring(scatter([Point(f"way {n}", 1 + n / 1000, 0.4) for n in range(6)], "x", "y"))
    texts = [text for text in drawn.iter(f"{_SVG}text") if (text.text or "").startswith("way")]
    places = {(text.get("x"), text.get("y"), text.get("text-anchor")) for text in texts}
    assert len(texts) == len(places) == 6
    for anchor in ("start", "middle", "end"):
        lines = sorted(float(text.get("y", "")) for text in texts if text.get("text-anchor") == anchor)
        assert all(after - before >= 13 for before, after in pairwise(lines))


def test_a_name_is_text_not_markup() -> None:
    assert "&lt;b&gt;" in scatter([Point("<b>", 1, 0.5), Point("c", 2, 0.5)], "x", "y")


def test_a_line_takes_the_place_of_the_one_of_its_name() -> None:
    text = merged(_TABLE, [Line("new", "others", 0.45, 0.6, 30, 432), Line("old", "ours", 0.41, 0.5, 0.1, 288)])
    assert [line.name for line in read(text)] == ["new", "old"]
    assert "| old | ours | 0.410 | 0.500 | 0.1 | 288 |\n\nMore." in text
    with pytest.raises(InputError, match="no table"):
        merged("# Nothing", [])


def test_encoders_are_measured_into_a_table_and_drawn(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "encoders.md"
    table.write_text(_TABLE)
    asked = ["encoders", "shipped=static", f"file={SHIPPED}", "--on", str(folder), "--table", str(table)]
    assert main(asked) == 0
    found = {line.name: line for line in read(table.read_text())}
    assert found["shipped"].ndcg == found["file"].ndcg == 1.0
    assert found["shipped"].bytes == found["file"].bytes == 288
    for name in ("ms", "bytes"):
        drawn = ET.fromstring((tmp_path / f"encoders-{name}.svg").read_text())
        assert len(list(drawn.iter(f"{_SVG}circle"))) == 3
    assert main(["encoders", "static", "--on", str(folder)]) == InputError.exit_code


def test_rivals_stand_beside_our_ways(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablate", str(folder), "--rivals", "exact:static", "rrf:exact:static+exact:static", "--json"]) == 0
    rows = {row["way"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["static"]["measures"]["nDCG@10"] == rows["rrf:static+static"]["measures"]["nDCG@10"] == 1.0
    assert not rows["static"]["ours"] and rows["words"]["ours"]
    assert rows["rrf:static+static"]["bytes"] == 2 * rows["static"]["bytes"] == 2 * 4 * 512


def test_a_rival_that_there_is_not_is_said_before_anything_is_measured(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("wordllama", "rrf:bm25s", "rrf:bm25s+dense"):
        assert main(["ablate", str(folder), "--rivals", "exact:static", name]) == InputError.exit_code
        assert name in capsys.readouterr().err
    assert not (folder / "home").exists()
