"""Published numbers, each with the command that makes it: read, run again, compared."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from broadsheet.errors import InputError
from broadsheet.evaluation.bench import Outcome, Report, evaluate
from broadsheet.evaluation.collections import find

PUBLISHED = Path(__file__).parent / "expected.toml"


@dataclass(frozen=True, slots=True)
class Number:
    """One published number: what makes it, its value, and how far below it may come out."""

    collection: str
    profile: str
    measure: str
    value: float
    tolerance: float
    split: str = "test"

    @property
    def command(self) -> str:
        """The command that prints it."""
        split = "" if self.split == "test" else f" --split {self.split}"
        return f"python -m broadsheet.evaluation run {self.collection} --profile {self.profile}{split}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A published number beside the one found."""

    number: Number
    found: float

    @property
    def ok(self) -> bool:
        """Whether the number found is not worse than the published one allows."""
        return self.found >= self.number.value - self.number.tolerance

    def __str__(self) -> str:
        n = self.number
        return f"{'OK  ' if self.ok else 'FAIL'} {n.command}: {n.measure} {self.found:.4f}, published {n.value:.4f}"


def read(path: Path = PUBLISHED) -> list[Number]:
    """Return the numbers of a file: tables collection.profile of measures, with one tolerance for all.

    Raises:
        InputError: the file is missing or is no such file.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
        tolerance = float(content.pop("tolerance"))
        return [
            Number(collection, profile, measure, float(value), tolerance)
            for collection, profiles in content.items()
            for profile, measures in profiles.items()
            for measure, value in measures.items()
        ]
    except (OSError, tomllib.TOMLDecodeError, KeyError, AttributeError, ValueError) as error:
        raise InputError(f"{path} is not a file of expected numbers: {error!r}") from error


def check(numbers: Sequence[Number], now: datetime, report: Report = lambda _: None) -> Iterator[Verdict]:
    """Yield each number's verdict, running each command once."""

    @cache
    def outcome(collection: str, profile: str, split: str) -> Outcome:
        return evaluate(find(collection, split), profile, now, report=report)

    for number in numbers:
        found = outcome(number.collection, number.profile, number.split).measures
        yield Verdict(number, found.get(number.measure, 0.0))
