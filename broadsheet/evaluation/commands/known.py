"""`known COLLECTION` looks for papers by their titles as others would write them."""

from __future__ import annotations

import argparse

import broadsheet
from broadsheet.evaluation import known
from broadsheet.evaluation.collections import find
from broadsheet.evaluation.commands import Commands, add_json, progress, show


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("known", help="titles with other hyphens, spellings and errors, looked for")
    parser.add_argument("collection", help="a name, or a folder; its queries are not used")
    parser.add_argument("--profile", default="hybrid", help="lexical, dense or hybrid (default)")
    parser.add_argument("--titles", type=int, default=300, metavar="N", help="of each kind at most (300)")
    add_json(parser)
    parser.set_defaults(act=_known)


def _known(asked: argparse.Namespace) -> int:
    table = known.measured(find(asked.collection), asked.profile, broadsheet.now(), asked.titles, progress)
    if asked.json:
        show({"measures": {name: values["success@3"] for name, values in table.items()}, "changes": table}, asked)
        return 0
    for name, values in table.items():
        print(f"{name:22}  {values['titles']:4} titles  success@3 {values['success@3']:.4f}")
    return 0
