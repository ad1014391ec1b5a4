"""Other ways of foreseeing votes: what each may look at, and that it learns what is there to learn."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from broadsheet.evaluation.fronts import Item
from broadsheet.training import outlooks
from broadsheet.training.outlooks import Days

TITLES = ("Galaxies and dark matter", "Folding of proteins", "Translation of sentences", "Graphs of molecules")


def items(days: int = 8) -> list[Item]:
    """Four papers a day, of which Ada's gets the votes."""
    found = []
    for number in range(days):
        day = (date(2025, 1, 1) + timedelta(number)).isoformat()
        for place, title in enumerate(TITLES):
            names, votes = (("ada",), 90.0) if place == 0 else ((f"nobody-{number}-{place}",), 3.0)
            found.append(Item(f"{number}-{place}", day, title, f"{title}.", names, day, votes))
    return found


@pytest.fixture(scope="module")
def days() -> Days:
    return Days(items(), [0.0, 2.0] * 16, "2025-01-05")


def test_a_table_learns_of_a_day_when_it_is_over(days: Days) -> None:
    blank = copy(days)
    blank.ridge = np.zeros(len(days.items))
    left, size = outlooks.hashed(blank, None)
    mine = np.array([item.authors == ("ada",) for item in days.items])
    first = days.day == days.day.min()
    assert not left[first].any()
    assert left[mine & (days.day == days.day.max())] > left[~mine & (days.day == days.day.max())].max()
    assert outlooks.hashed(blank, 3)[1] <= 8 < size


def test_the_past_of_a_topic_ends_before_the_day(days: Days) -> None:
    before = outlooks.past_of_topic(days)
    changed = Days(
        [replace(one, votes=0.0) if one.day >= "2025-01-07" else one for one in days.items], [0.0] * 32, "2025-01-05"
    )
    known = days.day <= date(2025, 1, 7).toordinal()
    after = outlooks.past_of_topic(changed)
    assert np.allclose(before[known], after[known]) and not np.allclose(before[~known], after[~known])
    assert not before[days.day == days.day.min()].any()


def test_a_network_learns_each_task_from_what_is_seen() -> None:
    inputs = np.random.default_rng(1).normal(size=(400, 3))
    targets = np.column_stack([inputs[:, 0], -inputs[:, 1]])
    seen = np.arange(400) < 300
    found = outlooks.network(inputs, targets, seen)
    for task in (0, 1):
        assert np.corrcoef(found[~seen, task], targets[~seen, task])[0, 1] > 0.95
    spoilt = targets.copy()
    spoilt[~seen] = 9.0
    assert np.array_equal(found, outlooks.network(inputs, spoilt, seen))


def test_the_command_prints_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        {"id": one.id, "daily_date": one.day, "title": one.title, "abstract": one.text, "authors": list(one.authors)}
        | {"date": one.date, "upvotes": one.votes, "num_comments": place % 3}
        for place, one in enumerate(items())
    ]
    (tmp_path / "fronts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    outlooks.main([str(tmp_path / "fronts.jsonl"), "--fit", "2025-01-05"])
    names = [line[:24].strip() for line in capsys.readouterr().out.splitlines()]
    assert names[0] == "ridge" and {"hashed 10", "network of the past", "network of both"} <= set(names)
