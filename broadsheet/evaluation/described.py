"""Known by description: a sentence of the abstract, without the title's words, is to find its paper.

The sentence is taken out of its paper, and one out of every other paper too, so that nothing is found by having it or
by missing it. What is left to go by is what the rest of the paper says in other words.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import zstandard

from broadsheet.errors import InputError
from broadsheet.evaluation.collections import Collection
from broadsheet.text.sentences import sentences
from broadsheet.text.tokens import STOP_WORDS, stem, words

_SHORTEST = 400  # characters of an abstract
_FEWEST = 5  # words of a description that say something
_SEED = 1


def collection(papers: Path, count: int, folder: Path) -> Collection:
    """Write a collection of described papers of a file, JSON lines plain or zstd, drawn by chance, and return it.

    Raises:
        InputError: the file cannot be read, or does not hold as many papers with an abstract.
    """
    try:
        usable = {str(paper["id"]): paper for paper in _lines(papers) if _usable(paper)}
    except (OSError, ValueError, KeyError, AttributeError, zstandard.ZstdError) as error:
        raise InputError(f"{papers} holds no papers in JSON lines: {error}") from error
    if len(usable) < count:
        raise InputError(f"{papers} has {len(usable)} papers with a title and an abstract; ask for at most so many.")
    chance = random.Random(_SEED)
    drawn = [usable[name] for name in chance.sample(sorted(usable), count)]
    _write(folder, [(paper, *described(paper, chance)) for paper in drawn])
    return Collection(folder)


def _lines(path: Path) -> Iterator[Any]:
    packed = path.suffix == ".zst"
    with zstandard.open(path, "rb") if packed else path.open("rb") as stream:
        yield from map(orjson.loads, io.BufferedReader(stream) if packed else stream)


def _usable(paper: Mapping[str, Any]) -> bool:
    return bool(paper.get("title")) and len(paper.get("abstract") or "") >= _SHORTEST


def described(paper: Mapping[str, Any], chance: random.Random) -> tuple[str, str]:
    """Return a description of a paper, "" where too little is left, and the abstract without the sentence it is of."""
    parts = sentences(paper["abstract"])
    sentence = parts.pop(chance.randrange(len(parts)))
    title = {stem(word) for word in words(paper["title"])} - STOP_WORDS
    left = [word for word in words(sentence) if stem(word) not in title]
    tells = sum(word not in STOP_WORDS for word in left) >= _FEWEST
    return " ".join(left) if tells and parts else "", " ".join(parts)


def _write(folder: Path, papers: list[tuple[Mapping[str, Any], str, str]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    asked = [(str(paper["id"]), description) for paper, description, _ in papers if description]
    shelved = [{"id": str(paper["id"]), "title": paper["title"], "text": rest} for paper, _, rest in papers]
    queries = [{"id": name, "text": description} for name, description in asked]
    for name, lines in (("corpus", shelved), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    judged = "".join(f"{name}\t{name}\t1\n" for name, _ in asked)
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", encoding="utf-8")
