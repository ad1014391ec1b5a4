"""`evaluation trending`: measures by hand, what it may look at, files with little in them, errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from broadsheet.evaluation import fronts
from broadsheet.evaluation.__main__ import main
from broadsheet.rank.interest import Pasts


def line(number: int, day: str = "2026-07-01", votes: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": f"2607.{number:05}", "title": f"Paper {number}", "daily_date": day, "upvotes": votes} | more


def write(path: Path, *lines: dict[str, Any]) -> Path:
    text = "\n".join(map(json.dumps, lines)).encode()
    path.write_bytes(zstandard.compress(text) if path.suffix == ".zst" else text)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> dict[str, Any]:
    assert main(["trending", *map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_measures_by_hand() -> None:
    votes, score = np.array([3.0, 1.0, 0.0]), np.array([1.0, 2.0, 3.0])
    best = 3 + 1 / np.log2(3)
    assert fronts.ndcg(votes, score) == pytest.approx((1 / np.log2(3) + 3 / 2) / best)
    assert fronts.ndcg(votes, -score) == 1
    assert fronts.tau(votes, score) == -1
    assert fronts.tau(np.array([1.0, 1.0, 0.0]), -score) == pytest.approx(2 / np.sqrt(3 * 2))
    assert fronts.tau(votes, np.zeros(3)) == 0


@pytest.mark.parametrize("name", ["front.jsonl", "front.jsonl.zst"])
def test_lines_with_hardly_anything_in_them_are_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    days = [line(n, f"2026-07-{1 + n % 3:02}", n) for n in range(12)]
    found = run(capsys, write(tmp_path / name, *days))
    assert found["file"].endswith(name)
    assert found["days"] == 3
    assert set(found) == {"file", "days", "measures", "baselines"}
    assert set(found["baselines"]) == {"newest", "authors", "random"}
    assert all(set(values) == {"nDCG@10", "tau"} for values in (found["measures"], *found["baselines"].values()))
    assert found["baselines"]["newest"]["tau"] == 1


def test_a_day_is_enough_and_may_have_a_time(tmp_path: Path) -> None:
    bare = {"daily_date": "2026-07-01T09:00:00.000Z"}
    whole = bare | {"title": "A", "authors": "Ada Lovelace; Charles Babbage", "date": "2026-06-29T01:00:00Z"}
    one, other = sorted(fronts.read(write(tmp_path / "f.jsonl", bare, whole)), key=lambda item: item.title)
    assert (one.day, one.title, one.authors, one.date, one.votes) == ("2026-07-01", "", (), None, 0)
    assert (other.authors, other.date) == (("ada-lovelace", "charles-babbage"), "2026-06-29")


def test_the_order_of_the_file_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line(n, votes=20 - n, title="The same", authors=["A"]) for n in range(20)]
    one, other = (run(capsys, write(tmp_path / "f.jsonl", *some)) for some in (lines, lines[::-1]))
    assert one == other
    assert abs(one["measures"]["tau"]) < 0.5


def test_its_own_votes_are_never_looked_at(tmp_path: Path) -> None:
    lines = [line(n, votes=n, authors=[f"Author {n % 4}"], num_comments=n, github_stars=n) for n in range(9)]
    known = fronts.read(write(tmp_path / "f.jsonl", *lines))
    blind = fronts.read(write(tmp_path / "f.jsonl", *(one | {"upvotes": 1, "num_comments": 0} for one in lines)))
    past = Pasts(fronts.receptions(known))
    assert np.array_equal(
        fronts.features(known, past), fronts.features(blind, Pasts(fronts.receptions(blind))), equal_nan=True
    )


def test_history_is_what_came_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    today = [line(n, votes=10 * (n % 2), authors=["Known" if n % 2 else "Unknown"]) for n in range(6)]
    file = write(tmp_path / "f.jsonl", *today)
    earlier = write(tmp_path / "h.jsonl", line(90, "2026-06-01", 80, authors=["Known"]))
    assert run(capsys, file)["baselines"]["authors"]["tau"] == 0
    assert run(capsys, file, "--history", file)["baselines"]["authors"]["tau"] == 0
    assert run(capsys, file, "--history", earlier)["baselines"]["authors"]["tau"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[1]",
        '{"daily_date": "2026-07-01", "upvotes": [1]}',
        '{"daily_date": "yesterday", "title": "x"}',
        '{"title": "no day"}',
        "",
    ],
)
def test_what_is_no_such_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "f.jsonl").write_text(text)
    assert main(["trending", str(tmp_path / "f.jsonl")]) > 0
    assert capsys.readouterr().err
    assert main(["trending", str(tmp_path / "missing.jsonl")]) > 0
