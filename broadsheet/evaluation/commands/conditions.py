"""`conditions` measures what asking for more or less of a concept does to the papers like one."""

from __future__ import annotations

import argparse

import broadsheet
from broadsheet.evaluation.collections import find, indexed
from broadsheet.evaluation.commands import Commands, add_json, show
from broadsheet.evaluation.conditions import measured
from broadsheet.rank import View


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("conditions", help="papers like one, asked for more or less of a concept")
    parser.add_argument("collection", nargs="?", default="scifact", help="papers to compare (scifact)")
    add_json(parser)
    parser.set_defaults(act=_conditions)


def _conditions(asked: argparse.Namespace) -> int:
    shelf = indexed(find(asked.collection))
    table = measured(View(shelf.snapshot, broadsheet.now()))
    if asked.json:
        show({"measures": table["both"], "ways": table}, asked)
        return 0
    for way, values in table.items():
        print(f"{way:10}  " + "  ".join(f"{name} {value:.3f}" for name, value in values.items()))
    return 0
