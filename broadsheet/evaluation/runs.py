"""Runs: what a system answered to each query of a collection, and the TREC files they are exchanged as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from broadsheet.errors import InputError


@dataclass(frozen=True, slots=True)
class Run:
    """The papers that a system found for each query, best first.

    `ms` are the milliseconds of each query, if timed; `bytes` are those that it holds a paper, 0 where not known.
    """

    system: str
    found: Mapping[str, Sequence[str]]
    ms: tuple[float, ...] = ()
    bytes: float = 0.0

    def write(self, path: Path) -> None:
        """Write lines "query Q0 paper place score system", scores falling with the place."""
        with path.open("w", encoding="utf-8") as file:
            for query, papers in self.found.items():
                for place, paper in enumerate(papers, 1):
                    file.write(f"{query}\tQ0\t{paper}\t{place}\t{1 / place:.6f}\t{self.system}\n")

    @classmethod
    def read(cls, path: Path, queries: Sequence[str]) -> Run:
        """Return the run of a file for given queries, by its scores; a query it does not hold found nothing.

        Raises:
            InputError: the file is missing or is no run.
        """
        scored: dict[str, list[tuple[float, str]]] = {query: [] for query in queries}
        try:
            for line in path.read_text(encoding="utf-8").splitlines():
                query, _, paper, _, score, _ = line.split("\t") if "\t" in line else line.split(maxsplit=5)
                if query in scored:
                    scored[query].append((-float(score), paper))
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} is not a TREC run, lines of query, Q0, paper, place, score, name: {error}"
            ) from error
        found = {query: [paper for _, paper in sorted(pairs)] for query, pairs in scored.items()}
        return cls(str(path), found)
