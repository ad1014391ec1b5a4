"""Trains a static encoder: `python -m broadsheet.training.static --data ../shared/papers --recipe NAME --out FILE`."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch.nn.functional import normalize

from broadsheet.encode import nibbles
from broadsheet.errors import InputError
from broadsheet.training import corpus, phrases, vocabulary
from broadsheet.training.corpus import Corpus
from broadsheet.training.lessons import Lessons, Told
from broadsheet.training.miners import MINERS
from broadsheet.training.model import Floats, Model, Start, known_item, start
from broadsheet.training.pretraining import pretrained
from broadsheet.training.recipe import Recipe, read
from broadsheet.training.steps import repeat
from broadsheet.training.views import Views


def taught(begun: Start, lessons: Lessons, recipe: Recipe) -> Start:
    """Return rows and weights that have learnt a recipe's lessons, and each row's own random share added.

    Without that share words of like meaning become one, and a text that has the very word asked for is found no sooner.
    """
    apart, weights = begun
    slow = replace(recipe, steps=recipe.lesson_steps, rate=recipe.lesson_rate, weight_rate=recipe.lesson_weight_rate)
    model = Model((torch.from_numpy(lessons.start(apart.numpy())), weights), slow)
    random = np.random.default_rng(recipe.seed)
    repeat("lesson", slow.steps, lambda step: model.lesson(*lessons.draw(recipe.lessons, random)))
    table = model.table.detach()
    own = normalize(apart, dim=1) * table.norm(dim=1, keepdim=True)
    return table + recipe.own * own, model.weights.detach().exp()


def calmed(rows: Floats, counts: NDArray[np.int64], recipe: Recipe) -> Floats:
    """Return rows whose lengths are led back towards those of the start, by the recipe's share of the logarithm.

    What training makes of lengths holds for the kinds of text it saw: it silences the phrases of machine learning, and
    claims and questions of other fields are found worse for it (after WiSE-FT, Wortsman et al., 2022).
    """
    table, weights = start(counts, recipe)
    before = (table.norm(dim=1) * weights).numpy()
    after = np.linalg.norm(rows, axis=1)
    scaled: Floats = rows * ((before / np.maximum(after, np.finfo(np.float32).tiny)) ** recipe.calm)[:, None]
    return scaled


def save(
    path: Path, rows: Floats, pieces: list[str], pairs: NDArray[np.int32], about: dict[str, str], bits: int = 8
) -> str:
    """Write the file that `broadsheet.encode.static` reads, in 8 bits a number or 4, and return the encoder's id."""
    steps = np.abs(rows).max(axis=1) / 127
    numbers = np.rint(rows / steps[:, None]).astype(np.int8)
    tensors = {
        "table": nibbles.packed(numbers) if bits == 4 else numbers,
        "scale": steps.astype(np.float32),
        "pieces": np.frombuffer("\n".join(pieces).encode(), np.uint8),
    }
    if len(pairs):
        tensors["phrases"] = pairs
    digest = hashlib.sha256(b"".join(tensor.tobytes() for tensor in tensors.values())).hexdigest()
    about = {**about, "id": f"static-{rows.shape[1]}-{digest[:8]}"}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, about)
    return about["id"]


def train(papers: Corpus, recipe: Recipe, begun: Start | None = None) -> tuple[Model, float]:
    """Return the model of a corpus in pieces, trained from a start, and its mean reciprocal rank on papers held out."""
    model = Model(begun or start(papers.counts(), recipe), recipe)
    return model, fit(model, papers, recipe)


def fit(model: Model, papers: Corpus, recipe: Recipe) -> float:
    """Train a model on a corpus in pieces, and return its mean reciprocal rank on papers held out."""
    held_out, seen = corpus.held_out(papers, recipe.held_out)
    views = Views(papers, recipe.views, recipe.whole, recipe.seed)
    miner = MINERS[recipe.miner](papers, seen, recipe.near, recipe.seed)

    def once(step: int) -> float:
        if step in (recipe.steps // 6, recipe.steps // 2):
            miner.learn(lambda chosen, width: model.vectors(views, chosen, width))
        return model.learn(views, miner.draw(recipe.batch))

    repeat("step", recipe.steps, once)
    return known_item(model.titles_and_abstracts(views, held_out))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A corpus in pieces and phrases, the pieces, and the pairs of pieces that are phrases (int32, two a row)."""

    papers: Corpus
    pieces: list[str]
    pairs: NDArray[np.int32]


def prepared(of_words: Corpus, recipe: Recipe) -> Prepared:
    """Return a corpus of words as a recipe's encoder reads it."""
    pieces = vocabulary.learn(of_words, recipe.pieces)
    papers = vocabulary.cut(of_words, pieces)
    pairs = phrases.learn(papers, recipe.phrases)
    marked = phrases.mark(papers, pairs) if recipe.phrases else papers
    return Prepared(marked, pieces, phrases.split(pairs))


def average(ready: Prepared, recipe: Recipe, told: Told | None = None) -> tuple[Floats, float]:
    """Return the mean rows of a recipe's members, calmed, and the greatest mean reciprocal rank among them.

    The members start from the same rows and differ as the recipe says (model soups, Wortsman et al., 2022).

    Raises:
        InputError: the recipe has lessons, and there are none.
    """
    papers, begun = ready.papers, start(ready.papers.counts(), recipe)
    if recipe.before:
        begun = pretrained(papers, begun, recipe)
    if recipe.lessons:
        if told is None:
            raise InputError("This recipe learns from a teacher: name the file of broadsheet.training.lessons.")
        begun = taught(begun, Lessons(told, ready.pieces, recipe.dimension, recipe.evened), recipe)
    made = [train(papers, replace(recipe, **changes, members=()), begun) for changes in recipe.members or ({},)]
    rows: Floats = np.asarray(np.mean([model.rows() for model, _ in made], axis=0), np.float32)
    return calmed(rows, papers.counts(), recipe), max(known for _, known in made)


def facts(recipe: Recipe, known: float, seconds: float, told: Told | None) -> dict[str, str]:
    """Return what the weights file says of their training beside the data."""
    return {
        **({"teacher": told.teacher} if told and recipe.lessons else {}),
        "licence": "Apache-2.0",
        "recipe": json.dumps(asdict(recipe)),
        "prefixes": json.dumps(recipe.prefixes),
        "cpu_seconds": f"{seconds:.0f}",
        "held_out_mrr": f"{known:.4f}",
    }


def make(data: Path, out: Path, recipe: Recipe, limit: int | None = None, told: Told | None = None) -> str:
    """Train on the free files of a folder, write the weights and return the encoder's id.

    `limit` takes only the first papers of each file; `told` is what a teacher made, for recipes that ask for it.

    Raises:
        InputError: the folder holds no file that may be trained on, or the recipe needs lessons and has none.
    """
    torch.set_num_threads(1)
    paths = corpus.files(data)
    ready = prepared(corpus.read(corpus.records(paths, limit)), recipe)
    print(f"{len(ready.papers)} papers, {len(ready.papers.tokens)} pieces of {len(ready.pieces)} kinds", flush=True)
    rows, known = average(ready, recipe, told)
    about = {
        **facts(recipe, known, time.process_time(), told),
        "data": ", ".join(path.name for path in paths),
        "data_sha256": corpus.fingerprint(paths),
        "papers": str(len(ready.papers)),
    }
    name = save(out, rows, ready.pieces, ready.pairs, about, recipe.bits)
    print(f"{name}: {json.dumps(about)}")
    return name


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--recipe", default="second", help="a file, or a name under training/recipes")
    parser.add_argument("--out", type=Path, required=True, help="the safetensors file to write")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    parser.add_argument(
        "--lessons", type=Path, help="the file of broadsheet.training.lessons, for recipes with a teacher"
    )
    chosen = parser.parse_args()
    recipe = read(Path(chosen.recipe))
    told = Told.open(chosen.lessons) if chosen.lessons else None
    make(chosen.data, chosen.out, replace(recipe, steps=chosen.steps or recipe.steps), chosen.limit, told)


if __name__ == "__main__":
    main()
