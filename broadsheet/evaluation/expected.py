"""Published numbers, each with the command that makes it: read, run again, compared."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from broadsheet.errors import InputError

PUBLISHED = Path(__file__).parent / "expected.toml"


@dataclass(frozen=True, slots=True)
class Number:
    """One published number: the command that prints it, its value, and how far below it may come out."""

    command: str
    measure: str
    value: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A published number beside the one found, which is None where the command failed or does not print it."""

    number: Number
    found: float | None

    @property
    def ok(self) -> bool:
        """Whether the number found is not worse than the published one allows."""
        return self.found is not None and self.found >= self.number.value - self.number.tolerance

    def __str__(self) -> str:
        n, found = self.number, "nothing" if self.found is None else f"{self.found:.4f}"
        verdict = "OK  " if self.ok else "FAIL"
        return f"{verdict} python -m broadsheet.evaluation {n.command}: {n.measure} {found}, published {n.value:.4f}"


def read(path: Path = PUBLISHED) -> list[Number]:
    """Return the numbers of a file: tables named by a command, of measures, with one tolerance for all.

    Raises:
        InputError: the file is missing or is no such file.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
        tolerance = float(content.pop("tolerance"))
        return [
            Number(command, measure, float(value), tolerance)
            for command, measures in content.items()
            for measure, value in measures.items()
        ]
    except (OSError, tomllib.TOMLDecodeError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a file of expected numbers: {error!r}") from error


def check(numbers: Sequence[Number], measures: Callable[[str], Mapping[str, Any]]) -> Iterator[Verdict]:
    """Yield each number's verdict; `measures` runs a command and returns what it measured, once for each command."""
    run = cache(measures)
    for number in numbers:
        yield Verdict(number, run(number.command).get(number.measure))
