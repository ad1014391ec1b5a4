"""`ablate COLLECTION...` says what each ingredient of the default ranking adds and costs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

import broadsheet
from broadsheet.evaluation.ablation import Row, rivals, rows
from broadsheet.evaluation.collections import find
from broadsheet.evaluation.commands import Commands, add_json, add_rivals, progress, show
from broadsheet.evaluation.measures import parsed
from broadsheet.evaluation.rivals import checked

_MEASURES = ("nDCG@10", "R@100")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("ablate", help="what each ingredient of the ranking adds and costs")
    parser.add_argument("collections", nargs="+", help="names, or folders")
    parser.add_argument("--split", default="test", help="test (default), train or dev")
    add_rivals(parser)
    add_json(parser)
    parser.set_defaults(act=_ablate)


def _ablate(asked: argparse.Namespace) -> int:
    names = checked(asked.rivals)  # before anything that takes long
    measures, now, found = parsed(_MEASURES), broadsheet.now(), list[Row]()
    for collection in (find(name, asked.split) for name in asked.collections):
        found += rows(collection, now, measures, progress, asked.reranker)
        found += rivals(collection, names, measures, progress)
    if asked.json:
        show([asdict(row) for row in found], asked)
    else:
        _print(found)
    return 0


def _print(found: Sequence[Row]) -> None:
    names = list(dict.fromkeys(row.collection for row in found))
    print(f"{'nDCG@10':38}" + "".join(f"{name[:10]:>11}" for name in names) + f"{'mean':>9}{'R@100':>9}{'ms':>8}")
    for way in dict.fromkeys(row.way for row in found):
        own = [row for row in found if row.way == way]
        values = [row.measures["nDCG@10"] for row in own]
        recall, ms = np.mean([row.measures["R@100"] for row in own]), np.mean([row.ms for row in own])
        print(f"{way:38}" + "".join(f"{v:11.4f}" for v in values) + f"{np.mean(values):9.4f}{recall:9.4f}{ms:8.2f}")
