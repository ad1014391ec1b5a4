"""Small files in the layout of the papers and collections that ranking is learned from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import zstandard


def _paper(name: str, number: int, **more: object) -> dict[str, object]:
    parts = [
        f"Sentence {part} of study {number} in {name} looks at subject {number % 7} once more." for part in range(8)
    ]
    text = " ".join(parts)
    return {"id": f"{name}{number}", "title": f"Paper {number} of {name} on things", "abstract": text, **more}


def write(papers: Path, collections: Path) -> None:
    """Write the papers files, forty papers each, and the collections scitldr and citeulike_a."""
    for name in ("arxiv_history", "arxiv_2025_26", "acl_anthology"):
        own = [_paper(name, number) for number in range(40)]
        own[0]["title"] = f"{name.upper()[:5]}X: a method"
        own[1]["abstract"] = f"{own[1]['abstract']} It is better than {name.upper()[:5]}X in all that we measured."
        _compressed(papers / f"{name}.jsonl.zst", own)
    keywords = [{"keywords": f"topic {number % 7};area {number % 7};word: of a venue"} for number in range(40)]
    _compressed(papers / "conferences.jsonl.zst", [_paper("conf", number, **keywords[number]) for number in range(40)])
    lines(
        collections / "scitldr" / "corpus.jsonl",
        [{"id": f"s{n}", "title": f"Short {n}", "text": "T."} for n in range(450)],
    )
    lines(
        collections / "scitldr" / "queries_train.jsonl", [{"id": f"s{n}#0", "text": f"We do {n}."} for n in range(450)]
    )
    item = {"title": "An item", "abstract": "Of a shelf."}
    lines(
        collections / "citeulike_a" / "items.jsonl",
        [{"id": "1", "cites": ["2", "3"], **item}, {"id": "2", **item}, {"id": "3"}],
    )


def _compressed(path: Path, papers: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(paper) + "\n" for paper in papers)
    path.write_bytes(zstandard.ZstdCompressor().compress(text.encode()))


def lines(path: Path, objects: list[dict[str, Any]]) -> None:
    """Write objects as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in objects))
