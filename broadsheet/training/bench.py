"""Trains recipes and writes a row of docs/encoders.md for each: `python -m broadsheet.training.bench RECIPE...`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from broadsheet.evaluation.collections import find
from broadsheet.training import corpus
from broadsheet.training.alone import DEVELOPMENT, MORE, also, dense, means, speed, uniformity
from broadsheet.training.corpus import Corpus
from broadsheet.training.lessons import Told
from broadsheet.training.methods import METHODS
from broadsheet.training.recipe import Recipe, read

HEADING = (
    "| recipe | row | scifact | nfcorpus | scitldr | mean | R@100 | held-out MRR | uniformity | MB | CPU s |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def row(
    name: str, recipe: Recipe, of_words: Corpus, folder: Path, told: Told | None = None, more: Sequence[str] = ()
) -> str:
    """Return a recipe's line of the table: trained, written to a folder, and measured on development queries."""
    made = METHODS[recipe.method](of_words, recipe, folder / f"{name}.safetensors", told)
    measured = [dense(made.encoder, find(collection, split)) for collection, split in DEVELOPMENT]
    figures = [*means(measured), made.known, uniformity(measured[-1][2])]
    cells = [f"{figure:.3f}" for figure in figures]
    print(f"{name}: {speed(made.encoder, find(DEVELOPMENT[0][0])):.0f} papers/s", flush=True)
    for line in also(made.encoder, more):
        print(f"{name}, {line}", flush=True)
    return f"| {' | '.join([name, recipe.row, *cells, f'{made.bytes / 1e6:.1f}', f'{made.seconds:.0f}'])} |"


def main() -> None:
    """Train and measure as the command line says; the papers are read once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="+", help="names under training/recipes, or files")
    parser.add_argument("--data", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--out", type=Path, default=Path("encoders"), help="folder for the weights")
    parser.add_argument("--table", type=Path, help="a Markdown file that the rows are added to")
    parser.add_argument("--also", nargs="*", choices=MORE, default=(), help="what is measured beside the row")
    parser.add_argument("--limit", type=int, help="only the first papers of each file")
    parser.add_argument(
        "--lessons", type=Path, help="the file of broadsheet.training.lessons, for recipes with a teacher"
    )
    chosen = parser.parse_args()
    told = Told.open(chosen.lessons) if chosen.lessons else None
    torch.set_num_threads(1)
    of_words = corpus.read(corpus.records(corpus.files(chosen.data), chosen.limit))
    print(HEADING)
    for name in chosen.recipes:
        line = row(Path(name).stem, read(Path(name)), of_words, chosen.out, told, chosen.also)
        print(line, flush=True)
        if chosen.table:
            with chosen.table.open("a", encoding="utf-8") as table:
                table.write(line + "\n")


if __name__ == "__main__":
    main()
