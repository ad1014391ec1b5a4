"""Test collections: papers, queries and judgements in one folder, and the index made of its papers."""

from __future__ import annotations

import csv
import glob
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import platformdirs
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.encode import Encoder
from broadsheet.errors import InputError
from broadsheet.evaluation.vectors import kept
from broadsheet.index import Entry, current
from broadsheet.index.build import Builder
from broadsheet.index.snapshot import Snapshot, open_current

_BESIDE = Path("../shared/collections")
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Question:
    """One query of a collection; `paper` is the paper it was made from, which must not answer it."""

    id: str
    text: str
    paper: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A folder with corpus.jsonl, queries.jsonl and qrels.tsv, or the two latter of a split ("_train")."""

    folder: Path
    split: str = "test"

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.folder.name

    @property
    def _suffix(self) -> str:
        return "" if self.split == "test" else f"_{self.split}"

    def papers(self) -> Iterator[dict[str, Any]]:
        """Yield the papers: id, title, text and whatever else the file says."""
        yield from _lines(self.folder / "corpus.jsonl")

    def questions(self) -> list[Question]:
        """Return the queries."""
        lines = _lines(self.folder / f"queries{self._suffix}.jsonl")
        return [Question(str(q["id"]), str(q.get("text") or ""), _made_from(q)) for q in lines]

    def judgements(self) -> dict[str, dict[str, int]]:
        """Return query id -> paper id -> grade; the file may have a line of column names, or four columns as TREC's."""
        judged: dict[str, dict[str, int]] = {}
        path = self.folder / f"qrels{self._suffix}.tsv"
        with _opened(path) as file:
            for number, line in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)):
                if line and not (number == 0 and _heading(line)):
                    query, paper, grade = _judgement(line, path)
                    judged.setdefault(query, {})[paper] = grade
        return judged


def _made_from(query: dict[str, Any]) -> str | None:
    return str(query["paper_id"]) if query.get("paper_id") is not None else None


def _heading(line: list[str]) -> bool:
    """Whether a first line names columns: its last one is no grade."""
    return not line[-1].strip().lstrip("-").replace(".", "", 1).isdigit()


def _judgement(line: list[str], path: Path) -> tuple[str, str, int]:
    try:
        return line[0], line[-2], int(float(line[-1]))
    except (IndexError, ValueError) as error:
        raise InputError(f"{path} has a line that is no judgement: {line}.") from error


def all_of_them() -> Path:
    """Return the folder of all collections: $BROADSHEET_COLLECTIONS or ../shared/collections."""
    return Path(os.environ.get("BROADSHEET_COLLECTIONS") or _BESIDE)


def find(name: str, split: str = "test") -> Collection:
    """Return a collection by its folder, or by its name under $BROADSHEET_COLLECTIONS or ../shared/collections.

    Raises:
        InputError: there is none.
    """
    beside = all_of_them()
    for folder in (Path(name), beside / name):
        if (folder / "corpus.jsonl").exists():
            return Collection(folder.resolve(), split)
    raise InputError(f"There is no collection {name!r}: name a folder with corpus.jsonl, or one under {beside}.")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The papers of a collection, indexed: an open snapshot, and the paper id of each key."""

    snapshot: Snapshot
    ids: list[str]

    @property
    def bytes(self) -> float:
        """The size of the index in bytes a paper."""
        return round(self.snapshot.manifest.bytes / max(len(self.ids), 1), 1)

    def papers(self, rows: NDArray[np.int32], question: Question) -> list[str]:
        """Return the papers of rows without the one that the question was made from."""
        found = (self.ids[key] for key in self.snapshot.keys[rows])
        return [paper for paper in found if paper != question.paper]


def indexed(collection: Collection, encoder: str = "static") -> Shelf:
    """Return a collection's papers in an index made as that of any papers, which is kept for the next time."""
    ids, folder = [str(paper["id"]) for paper in collection.papers()], _kept(collection, encode.load(encoder).id)
    if current(folder) is None:
        _forget(folder)
        with Builder(folder, encode.load(encoder)) as builder:
            entries = (_entry(key, paper) for key, paper in enumerate(collection.papers()))
            while batch := list(islice(entries, _BATCH)):
                builder.add(batch)
            builder.publish(1)
    return Shelf(open_current(folder), ids)


def _forget(folder: Path) -> None:
    """Remove what was made of the same collection before: same name, another checksum."""
    name, _, digest = folder.name.rpartition("-")
    for older in folder.parent.glob(f"{glob.escape(name)}-{'?' * len(digest)}"):
        shutil.rmtree(older)


def vectors(collection: Collection, encoder: Encoder, report: Callable[[str], None]) -> NDArray[np.float32]:
    """Return the (n, d) vectors of a collection's papers by an encoder; goes on where it stopped."""
    texts = [encode.paper_text(*title_and_text(paper)) for paper in collection.papers()]
    return kept(texts, encoder, cache() / "vectors", collection.name, report)


def read_again(collection: Collection, shelf: Shelf, reranker: str, report: Callable[[str], None]) -> Shelf:
    """Return the shelf with a second vector for each paper, by an ONNX encoder's folder; goes on where it stopped."""
    encoder, folder = encode.load(f"onnx:{reranker}"), shelf.snapshot.path.parent
    if keys := shelf.snapshot.unread(encoder.id, range(len(shelf.ids)), 0):
        found = vectors(collection, encoder, report)[keys]
        with Builder(folder, encode.load(shelf.snapshot.manifest.encoder), processes=0) as builder:
            builder.read_again(encoder, keys, list(found))
            builder.publish(builder.start)
    return Shelf(open_current(folder), shelf.ids)


def title_and_text(paper: Mapping[str, Any]) -> tuple[str, str]:
    """Return a paper's title and its text, which a file may call abstract; both may be empty."""
    return str(paper.get("title") or ""), str(paper.get("text") or paper.get("abstract") or "")


def _entry(key: int, paper: dict[str, Any]) -> Entry:
    title, text = title_and_text(paper)
    return Entry(key=key, title=title, text=text, authors=authors_of(paper.get("authors")))


def authors_of(given: object) -> tuple[str, ...]:
    """Return names, whether a file has them in a list or in one string."""
    listed = given.split(";") if isinstance(given, str) else given if isinstance(given, list) else []
    return tuple(name.strip() for name in listed if isinstance(name, str) and name.strip())


def _kept(collection: Collection, encoder_id: str) -> Path:
    """Return where the index of these very papers, made by this very code and encoder, is kept."""
    content = hashlib.sha256(encoder_id.encode())
    package = Path(encode.__file__).parent.parent
    sources = [path for room in ("index", "encode", "text") for path in sorted((package / room).glob("*.py"))]
    for path in (Path(__file__), *sources, collection.folder / "corpus.jsonl"):
        content.update(path.read_bytes())
    return cache() / f"{collection.name}-{content.hexdigest()[:16]}"


def cache() -> Path:
    """Return the folder of what need not be made twice."""
    home = os.environ.get("BROADSHEET_HOME") or platformdirs.user_cache_dir("broadsheet")
    return Path(home) / "evaluation"


def _opened(path: Path) -> Any:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except FileNotFoundError as error:
        raise InputError(f"The collection has no {path.name} in {path.parent}.") from error


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _identified(line, f"{path}, line {number},")


def _identified(line: str, where: str) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{where} is not JSON: {error}.") from error
    if not isinstance(found, dict) or "id" not in found:
        raise InputError(f"{where} is no object with an id.")
    return found
