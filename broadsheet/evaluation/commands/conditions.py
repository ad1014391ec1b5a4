"""`conditions` measures what asking for more or less of a concept does to the papers like one."""

from __future__ import annotations

import argparse

from broadsheet.evaluation.collections import find
from broadsheet.evaluation.commands import Commands, add_json, show
from broadsheet.evaluation.conditions import measured


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("conditions", help="papers like one, asked for more or less of a concept")
    parser.add_argument("collection", nargs="?", default="scifact", help="papers to compare (scifact)")
    add_json(parser)
    parser.set_defaults(act=_conditions)


def _conditions(asked: argparse.Namespace) -> int:
    papers = find(asked.collection).papers()
    table = measured([(paper.get("title") or "", paper.get("text") or "") for paper in papers])
    if asked.json:
        show({"measures": table["both"], "ways": table}, asked)
        return 0
    for way, values in table.items():
        print(f"{way:10}  " + "  ".join(f"{name} {value:.3f}" for name, value in values.items()))
    return 0
