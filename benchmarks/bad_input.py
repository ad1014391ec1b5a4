"""How long odd queries take, in process: empty, endless, binary, of other scripts, contradictory.

    python benchmarks/bad_input.py --home HOME

HOME has papers and an index. Prints one JSON object: milliseconds of each query's first and slowest answer, its notes.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from broadsheet import Library
from broadsheet.settings import Settings

TIMES = 5
QUERIES = {
    "empty": "",
    "only signs": '"" -- ** ()',
    "10,000 characters": "graph neural retrieval " * 435,
    "10,000 characters without a space": "x" * 10_000,
    "10,000 characters of unknown words": " ".join(f"qzj{n:04}xw" for n in range(1_000))[:10_000],
    "unknown words": "qzjvkk wvxzqp kjzzqv bvqxjk zzqkvw jqxvbz kkzvqj vxqzjb",
    "binary": "\x00\x01\xfe\xff\x7f" * 40,
    "binary with words": "gr\x00aph \x1bnetworks\x00",
    "Chinese": "注意力机制和图神经网络",
    "Arabic": "الشبكات العصبية",
    "Russian": "нейронные сети для поиска",
    "German": "Wie lernen neuronale Netze und warum für den Menschen",
    "only stop words": "the of and to in is",
    "unbalanced quotes": '"graph neural networks',
    "contradictory dates": "graph after:2025 before:2020",
    "contradictory words": "graph -graph",
    "only a minus": "-graph",
    "unknown filters": "graph cat:none.such venue:nowhere after:yesterday sort:best",
    "boolean": "(graph OR network) AND (retrieval NOT survey)",
    "a short beginning": "a* s* t*",
}


def measured(library: Library, text: str) -> dict[str, object]:
    """Return the milliseconds of the first and of the slowest answer to a query, the hits and the notes."""
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        listing = library.search(text, explain=True)
        times.append(round((time.perf_counter() - began) * 1e3, 1))
    return {"first": times[0], "slowest": max(times), "hits": len(listing.hits), "notes": listing.notes}


def main() -> None:
    """Measure every query."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="folder with papers and an index")
    with Library(Settings(home=parser.parse_args().home)) as library:
        library.search("graph")
        print(json.dumps({name: measured(library, text) for name, text in QUERIES.items()}, indent=2))


if __name__ == "__main__":
    main()
