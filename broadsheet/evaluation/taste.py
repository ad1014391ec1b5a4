"""How well taste finds what readers saved: a fifth of the papers hidden entirely, and ranked for each reader."""

from __future__ import annotations

import codecs
import csv
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.errors import InputError
from broadsheet.evaluation.bench import Report
from broadsheet.evaluation.collections import title_and_text
from broadsheet.rank import taste
from broadsheet.rank.nearness import Lexicon, Papers, from_middle

SPLITS = range(5)
HIDDEN = 0.2  # share of the papers
COLDEST = 0.2  # share of the readers, those with the fewest papers shown
_BLOCK = 512

Numbers = NDArray[np.intp]
Scores = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shelves:
    """Papers with their texts, and who saved which: parallel numbers of readers and papers, each pair once."""

    folder: str
    items: tuple[dict[str, Any], ...]
    readers: Numbers
    papers: Numbers

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Title and text of each paper."""
        return [title_and_text(item) for item in self.items]


@dataclass(frozen=True, eq=False)
class Split:
    """What one seed shows and hides: numbers of papers, and the pairs of readers and shown papers (by place)."""

    shown: Numbers
    hidden: Numbers
    readers: Numbers
    saved: Numbers
    cases: tuple[tuple[Numbers, Numbers], ...]  # for each reader to be served: places among shown, and among hidden


class Model(Protocol):
    """What ranks hidden papers, made for one split."""

    def scores(self, shelf: Numbers) -> Scores:
        """Return the scores of all hidden papers for a reader of some shown ones."""


Maker = Callable[[Shelves, Papers, Split], Model]


def read(folder: Path, *, links: bool = False) -> Shelves:
    """Return the readers of a folder, with items.jsonl and interactions.tsv; papers without text are left out.

    With `links`, all papers stay, and their tags and citations are their text.

    Raises:
        InputError: a file is missing or is not what it should be, or nothing is left.
    """
    items: dict[str, dict[str, Any]] = {}
    for item in _items(folder / "items.jsonl", links=links):
        items.setdefault(str(item["id"]), item)
    numbers = {name: number for number, name in enumerate(items)}
    try:
        pairs = sorted(set(_pairs(folder / "interactions.tsv", numbers)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{folder} must hold items.jsonl and interactions.tsv: {error}") from error
    if not pairs:
        raise InputError(f"Nobody in {folder / 'interactions.tsv'} has a paper of items.jsonl with text.")
    names = {name: number for number, name in enumerate(dict.fromkeys(reader for reader, _ in pairs))}
    readers, papers = zip(*((names[reader], numbers[paper]) for reader, paper in pairs), strict=True)
    return Shelves(str(folder), tuple(items.values()), np.array(readers, np.intp), np.array(papers, np.intp))


def _items(path: Path, *, links: bool) -> list[dict[str, Any]]:
    """Return the papers of a file that have a text, or links, in its order."""
    found = []
    try:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines()
    except OSError as error:
        raise InputError(f"{path.parent} must hold items.jsonl and interactions.tsv: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                item = _item(orjson.loads(line))
                found.append(_linked(item) if links else item)
            except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
                raise InputError(f"{path} must hold a paper in each line; line {number} is none: {error!r}") from error
    return [item for item in found if links or _text(item).strip()]


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """Return a paper as it is.

    Raises:
        TypeError: it has no id, or a title or text that is something else.
    """
    if not isinstance(item["id"], str | int):
        raise TypeError("its id is neither text nor a number")
    for name in ("title", "text", "abstract"):
        if not isinstance(item.get(name), str | None):
            raise TypeError(f"its {name} is no text")
    return item


def _text(item: dict[str, Any]) -> str:
    return item.get("text") or item.get("abstract") or ""


def _linked(item: dict[str, Any]) -> dict[str, Any]:
    """Return a paper whose text is a word for each tag, for each paper it cites, and for itself."""
    tags = ["t" + "".join(filter(str.isalnum, str(tag))) for tag in item.get("tags") or ()]
    links = [f"c{paper}" for paper in (item["id"], *(item.get("cites") or ()))]
    return {"id": item["id"], "text": " ".join([*tags, *links])}


def _pairs(path: Path, known: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield reader and paper of each line about a known paper; the first line may say which column is which."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        first = next(rows, [])
        header = [name.strip().lower() for name in first]
        named = {"user", "item"} <= set(header)
        reader, paper = (header.index("user"), header.index("item")) if named else (0, 1)
        for row in chain([] if named else [first], rows):  # a file may lack the line that it should begin with
            if len(row) > max(reader, paper) and row[paper].strip() in known:
                yield row[reader].strip(), row[paper].strip()


def split(shelves: Shelves, seed: int) -> Split:
    """Hide a fifth of the papers; readers with a shown and a hidden paper are served."""
    order = np.random.default_rng(seed).permutation(len(shelves.items))
    is_hidden = np.zeros(len(order), bool)
    is_hidden[order[: round(HIDDEN * len(order))]] = True
    places = np.where(is_hidden, np.cumsum(is_hidden), np.cumsum(~is_hidden)) - 1
    hides = is_hidden[shelves.papers]
    return Split(
        shown=np.flatnonzero(~is_hidden),
        hidden=np.flatnonzero(is_hidden),
        readers=shelves.readers[~hides],
        saved=places[shelves.papers[~hides]],
        cases=served(shelves.readers, places[shelves.papers], hides),
    )


def served(readers: Numbers, places: Numbers, hides: NDArray[np.bool_]) -> tuple[tuple[Numbers, Numbers], ...]:
    """Return the places of shown and of hidden papers for each reader of both, from pairs of which some are hidden."""
    cases = []
    by_reader = np.argsort(readers, kind="stable")
    for own in np.split(by_reader, np.flatnonzero(np.diff(readers[by_reader])) + 1):
        hidden = hides[own]
        if hidden.any() and not hidden.all():
            cases.append((places[own[~hidden]], places[own[hidden]]))
    return tuple(cases)


class Taste:
    """The model that ships: content and co-reading."""

    def __init__(self, shelves: Shelves, papers: Papers, split: Split) -> None:
        self._shown, self._hidden = papers.take(split.shown), papers.take(split.hidden)
        self._readers = taste.CoReading(split.readers, split.saved, len(split.shown))
        parts = [taste.Neighbours.of(block.near(self._shown)) for block in _blocks(self._hidden)]
        self._neighbours = taste.Neighbours(
            np.concatenate([part.nearest for part in parts]), np.concatenate([part.shares for part in parts])
        )

    def scores(self, shelf: Numbers) -> Scores:
        """Return the scores of all hidden papers for a reader of some shown ones."""
        near = self._hidden.near(self._shown.take(shelf))
        content = taste.liking(near, np.ones(len(shelf), np.float32))
        return taste.joined(content, self._neighbours.warmth(self._readers.warmth(shelf)))


class Content:
    """The half that needs no other readers."""

    def __init__(self, shelves: Shelves, papers: Papers, split: Split) -> None:
        self._shown, self._hidden = papers.take(split.shown), papers.take(split.hidden)

    def scores(self, shelf: Numbers) -> Scores:
        """Return the scores of all hidden papers for a reader of some shown ones."""
        return taste.liking(self._hidden.near(self._shown.take(shelf)), np.ones(len(shelf), np.float32))


def measured(shelves: Shelves, make: Maker, report: Report, *, encoder: str = "static") -> dict[str, Any]:
    """Return recall among the first 50 and 100, the former also of the coldest readers, and milliseconds a reader.

    Means over readers, then over the five splits.

    Raises:
        InputError: no reader has both a shown and a hidden paper.
    """
    papers = _papers(shelves, encoder)
    outcomes, times = [], []
    for seed in SPLITS:
        one = split(shelves, seed)
        if not one.cases:
            raise InputError(f"No reader of {shelves.folder} has both a shown and a hidden paper.")
        report(f"{shelves.folder}: split {seed}, {len(one.hidden)} papers hidden, {len(one.cases)} readers")
        recalls, took = _recalls(make(shelves, papers, one), one)
        outcomes.append(recalls)
        times += took
    means = np.mean(outcomes, axis=0)
    return {
        "folder": shelves.folder,
        "measures": {name: round(float(mean), 4) for name, mean in zip(MEASURES, means, strict=True)},
        "ms_p50": round(float(np.median(times)), 2),
    }


MEASURES = ("R@50", "R@100", "R@50 coldest")


def _papers(shelves: Shelves, encoder: str) -> Papers:
    texts = shelves.texts
    vectors = encode.load(encoder).encode([encode.paper_text(*text) for text in texts])
    return Papers.of(from_middle(vectors, vectors.mean(axis=0)), texts, Lexicon.among(texts))


def _recalls(model: Model, one: Split) -> tuple[list[float], list[float]]:
    """Return the split's measures, and how long learning from each shelf and ranking for it took, in milliseconds."""
    at_50, at_100, times = [], [], []
    for shelf, wanted in one.cases:
        began = time.perf_counter()
        ranked = np.argsort(-model.scores(shelf), kind="stable")[:100]
        times.append((time.perf_counter() - began) * 1e3)
        at_50.append(np.isin(wanted, ranked[:50]).mean())
        at_100.append(np.isin(wanted, ranked).mean())
    by_size = np.argsort([len(shelf) for shelf, _ in one.cases], kind="stable")
    coldest = by_size[: max(round(COLDEST * len(by_size)), 1)]
    return [float(np.mean(at_50)), float(np.mean(at_100)), float(np.mean(np.array(at_50)[coldest]))], times


def _blocks(papers: Papers) -> Iterator[Papers]:
    for begin in range(0, len(papers), _BLOCK):
        yield papers.take(np.arange(begin, min(begin + _BLOCK, len(papers))))
