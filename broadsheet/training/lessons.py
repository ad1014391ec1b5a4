"""What a teacher makes of texts of the corpus (METHODS row 25): `python -m broadsheet.training.lessons`.

A teacher is a sentence encoder in an ONNX folder, such as bge-small or MiniLM; the vectors of several stand side by
side (after UNIC, Sariyildiz et al., 2024). They are made once and kept in a file, since that takes longer than any
training; the static encoder learns to make the same of words, of titles, and of abstracts what the teachers make of
their titles, in fewer numbers.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet import encode
from broadsheet.encode.pieces import Pieces
from broadsheet.errors import InputError
from broadsheet.text.tokens import stem, words
from broadsheet.training import corpus
from broadsheet.training.corpus import Corpus
from broadsheet.training.recipe import Recipe
from broadsheet.training.views import Bags, bags

KINDS = ("words", "titles", "abstracts")
_FEWEST = 3  # times that the words of a stem must have been written
_SEED = 5

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Told:
    """The texts of each kind, and the teachers' (texts, d) vectors; abstracts have those of their titles."""

    texts: Mapping[str, Sequence[str]]
    vectors: Mapping[str, Floats]
    teacher: str

    def save(self, path: Path) -> None:
        """Write all of it to one file, 16 bits a number."""
        path.parent.mkdir(parents=True, exist_ok=True)
        parts: dict[str, Any] = {"teacher": np.array(self.teacher)}
        for kind, texts in self.texts.items():
            parts[f"{kind}.texts"] = np.frombuffer(json.dumps(list(texts)).encode(), np.uint8)
            if kind != "abstracts":
                parts[f"{kind}.vectors"] = self.vectors[kind].astype(np.float16)
        with path.open("wb") as file:
            np.savez(file, **parts)

    @classmethod
    def open(cls, path: Path) -> Told:
        """Return what `save` wrote.

        Raises:
            InputError: there is no such file, or it is another one.
        """
        try:
            with np.load(path) as file:
                texts = {kind: json.loads(file[f"{kind}.texts"].tobytes()) for kind in KINDS}
                own = {kind: file[f"{kind}.vectors"].astype(np.float32) for kind in KINDS if kind != "abstracts"}
                return cls(texts, own | {"abstracts": own["titles"]}, str(file["teacher"]))
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{path} holds no lessons, make it with broadsheet.training.lessons: {error}") from error


def common_words(papers: Corpus) -> list[str]:
    """Return the most frequent word of each stem that is written often enough, the most frequent first."""
    stems: Counter[str] = Counter()
    most: dict[str, tuple[int, str]] = {}
    for word, count in zip(papers.vocabulary, papers.counts().tolist(), strict=True):
        name = stem(word)
        stems[name] += count
        most[name] = max(most.get(name, (0, "")), (count, word))
    return [most[name][1] for name, count in stems.most_common() if count >= _FEWEST]


def drawn(papers: Corpus, held_out: Ints, count: int) -> Ints:
    """Return numbers of papers that are not held out, those of small categories more often than their share."""
    chance = 1 / np.sqrt(np.bincount(papers.groups)[papers.groups])
    chance[held_out] = 0
    return np.random.default_rng(_SEED).choice(len(papers), count, replace=False, p=chance / chance.sum())


def texts(records: Iterable[dict[str, Any]], picked: Ints) -> dict[str, list[str]]:
    """Return titles and abstracts of some records, numbered as in the corpus."""
    wanted = set(picked.tolist())
    usable = (record for record in records if corpus.divided(record)[1])
    held = {number: record for number, record in enumerate(usable) if number in wanted}
    return {f"{part}s": [held[number][part] for number in picked.tolist()] for part in ("title", "abstract")}


def make(
    data: Path, teachers: Sequence[Path], titles: int, limit: int | None = None, held_out: int = Recipe().held_out
) -> Told:
    """Return the lessons of teachers in the free files of a folder; nothing of the papers that trainings hold out.

    Raises:
        InputError: the folder holds no file that may be trained on.
        SettingsError: a teacher cannot be read, or the extra `onnx` is not installed.
    """
    encoders, paths = [encode.load(f"onnx:{teacher}") for teacher in teachers], corpus.files(data)
    papers = corpus.read(corpus.records(paths, limit))
    picked = drawn(papers, corpus.held_out(papers, held_out)[0], titles)
    told = {"words": common_words(papers), **texts(corpus.records(paths, limit), picked)}
    own = {
        kind: np.concatenate([encoder.encode(told[kind]) for encoder in encoders], axis=1)
        for kind in KINDS
        if kind != "abstracts"
    }
    return Told(told, own | {"abstracts": own["titles"]}, ", ".join(encoder.id for encoder in encoders))


@dataclass(frozen=True, slots=True)
class Lesson:
    """Texts in pieces, flat, with where each begins, and the (texts, d) vectors that they should have."""

    pieces: NDArray[np.int32]
    starts: Ints
    targets: Floats

    def __len__(self) -> int:
        return len(self.targets)

    def of(self, chosen: Ints, first: int) -> tuple[NDArray[np.int32], Ints]:
        """Return the pieces of texts, and the number of the text each stands in, counted from `first`."""
        sizes = np.diff(self.starts)[chosen]
        where = np.repeat(self.starts[chosen] - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        return self.pieces[where], np.repeat(np.arange(len(chosen)) + first, sizes)


class Lessons:
    """The lessons of a teacher in a vocabulary of pieces, in d numbers.

    The directions are the d greatest of the titles' vectors around their mean, each divided by its deviation to the
    power `evened`, since a teacher's vectors lie in a narrow cone (after Model2Vec, Tulkens and van Dongen, 2024).
    """

    def __init__(self, told: Told, pieces: list[str], dimension: int, evened: float) -> None:
        axes, deviation = _axes(told.vectors["titles"], dimension)
        cut = Pieces(pieces)
        self.by_kind = {}
        for kind in KINDS:
            own = told.vectors[kind] - told.vectors[kind].mean(axis=0)
            targets = own @ axes / deviation**evened
            self.by_kind[kind] = _lesson(told.texts[kind], cut, targets)
        self._numbers = {piece: number for number, piece in enumerate(pieces)}
        self._rows = np.array([self._numbers.get(stem(word), -1) for word in told.texts["words"]])

    def start(self, random: Floats) -> Floats:
        """Return (pieces, d) rows: the teacher's for pieces that are words, else half of random ones."""
        rows: Floats = random * np.float32(0.5)
        known = self._rows >= 0
        rows[self._rows[known]] = self.by_kind["words"].targets[known]
        return rows

    def draw(self, counts: Mapping[str, int], random: np.random.Generator) -> tuple[Bags, Floats]:
        """Return so many texts of each kind as bags, and the vectors that they should have."""
        tokens, numbers, targets, first = [], [], [], 0
        for kind, count in counts.items():
            lesson = self.by_kind[kind]
            chosen = random.integers(0, len(lesson), count)
            own, of = lesson.of(chosen, first)
            tokens.append(own)
            numbers.append(of)
            targets.append(lesson.targets[chosen])
            first += count
        return bags(np.concatenate(tokens), np.concatenate(numbers), first), np.concatenate(targets)


def _axes(vectors: Floats, dimension: int) -> tuple[Floats, Floats]:
    around = vectors - vectors.mean(axis=0)
    axes, variances, _ = np.linalg.svd(around.T @ around / len(around))
    return axes[:, :dimension], np.sqrt(variances[:dimension])


def _lesson(texts: Sequence[str], cut: Pieces, targets: Floats) -> Lesson:
    of = [[piece for word in words(text) for piece in cut[word]] for text in texts]
    sizes = np.array([len(pieces) for pieces in of])
    flat = np.fromiter((piece for pieces in of for piece in pieces), np.int32, int(sizes.sum()))
    lengths = np.maximum(np.linalg.norm(targets, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return Lesson(flat, np.concatenate(([0], np.cumsum(sizes))), targets / lengths)


def main() -> None:
    """Make lessons as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument(
        "--teacher",
        type=Path,
        required=True,
        action="append",
        help="folder with model.onnx and tokenizer.json; may be said again",
    )
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--titles", type=int, default=100_000)
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    chosen = parser.parse_args()
    told = make(chosen.data, chosen.teacher, chosen.titles, chosen.limit)
    told.save(chosen.out)
    print(f"{chosen.out}: {', '.join(f'{len(of)} {kind}' for kind, of in told.texts.items())} by {told.teacher}")


if __name__ == "__main__":
    main()
