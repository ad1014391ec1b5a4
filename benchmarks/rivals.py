"""Words only, side by side on the same papers and queries: Broadsheet, SQLite FTS5 and bm25s.

    python benchmarks/rivals.py --home /tmp/scale --papers 200000

Prints one JSON object with milliseconds and the ratio of each rival's median to ours.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scale import percentiles, say, timed, title_queries

from broadsheet import Library
from broadsheet.records import Paper
from broadsheet.settings import Settings
from broadsheet.text.tokens import content_terms


def texts(papers: Sequence[Paper]) -> list[str]:
    return [f"{paper.title} {paper.text}" for paper in papers]


def fts5(documents: Sequence[str]) -> Callable[[str], object]:
    """Return a search over an FTS5 table in memory: OR of the query's words, best ten by its bm25()."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(body, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO t(body) VALUES (?)", ((text,) for text in documents))

    def search(query: str) -> object:
        words = " OR ".join(f'"{word}"' for word in content_terms(query)) or '"x"'
        return connection.execute("SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10", (words,)).fetchall()

    return search


def bm25s_numba(documents: Sequence[str]) -> Callable[[str], object]:
    """Return a search with bm25s on its numba backend, fed with our terms."""
    import bm25s

    vocabulary: dict[str, int] = {}
    rows = [[vocabulary.setdefault(term, len(vocabulary)) for term in content_terms(text)] for text in documents]
    model = bm25s.BM25(backend="numba", k1=1.2, b=0.75)
    model.index((rows, vocabulary), show_progress=False)

    def search(query: str) -> object:
        return model.retrieve([content_terms(query)], k=10, show_progress=False, n_threads=1)

    return search


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--papers", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=220)
    arguments = parser.parse_args()
    with Library(Settings(home=arguments.home)) as library:
        queries = title_queries(library, arguments.queries)
        keys = library.snapshot.keys[: arguments.papers].tolist()
        papers = [
            paper for start in range(0, len(keys), 5_000) for paper in library.store.papers(keys[start : start + 5_000])
        ]
        searches: dict[str, Callable[[str], object]] = {
            "broadsheet lexical": lambda query: library.search(query, profile="lexical", limit=10),
            "broadsheet hybrid": lambda query: library.search(query, limit=10),
            "sqlite fts5": fts5(texts(papers)),
            "bm25s numba": bm25s_numba(texts(papers)),
        }
        result: dict[str, Any] = {"papers_of_rivals": len(papers), "papers_of_broadsheet": int(library.snapshot.rows)}
        for name, search in searches.items():
            timed(search, queries[:20])
            result[name] = percentiles(timed(search, queries[20:]))
            say(f"{name}: {result[name]}")
    ours = result["broadsheet lexical"]["p50"]
    result["ratios"] = {name: round(result[name]["p50"] / ours, 2) for name in searches}
    print(json.dumps(result, indent=1), file=sys.stdout)


if __name__ == "__main__":
    main()
