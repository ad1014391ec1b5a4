"""A program that adds made-up records from where it stopped last: what the tests kill, and run twice at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from making import NOW, record

from broadsheet.records import Batch, Signal, SourceRecord
from broadsheet.store import Store


def made_up(number: int) -> SourceRecord:
    """One of a series of records in which every third repeats an earlier work, and some link two works."""
    work = number - number % 3 if number % 7 else number // 2
    identifiers = (f"doi:10.1/{work}",) if number % 2 else (f"arxiv:2501.{number:05}", f"doi:10.1/{work}")
    return record(
        f"r{number}",
        f"The Work of Number {work} on Cranes",
        authors=(f"Author {work % 50}", f"Helper {number % 11}"),
        identifiers=identifiers,
        date=f"2025-01-{work % 28 + 1:02}",
        abstract=f"An abstract about the crane of number {work}, folded {number} times. " * 5,
        signals=(Signal("votes", "", number % 13, "t"),),
    )


def batches(first: int, last: int, step: int, size: int) -> Iterator[Batch]:
    """Batches of every `step`th record; the cursor is the number of the next."""
    for start in count(first, step * size):
        numbers = range(start, min(start + step * size, last), step)
        if not numbers:
            return
        yield Batch(tuple(map(made_up, numbers)), str(start + step * size))


def main(url: str, home: str, first: int, last: int, step: int, size: int) -> None:
    """Add all that is left to add, writing a line after each batch."""
    name = f"file:{first}"
    with Store(url, Path(home)) as store:
        for batch in batches(int(store.cursor(name) or first), last, step, size):
            store.add(batch, cursor_name=name, source="test", now=NOW)
            sys.stdout.write(f"{batch.cursor}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7]))
