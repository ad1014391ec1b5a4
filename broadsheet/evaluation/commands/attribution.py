"""`attribution` measures whether the words marked in similar papers are those that make them similar."""

from __future__ import annotations

import argparse

from broadsheet.evaluation.attribution import measured
from broadsheet.evaluation.collections import find, title_and_text
from broadsheet.evaluation.commands import Commands, add_json, show


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("attribution", help="words marked in similar papers beside the removal test")
    parser.add_argument("collection", nargs="?", default="scifact", help="papers to compare (scifact)")
    add_json(parser)
    parser.set_defaults(act=_attribution)


def _attribution(asked: argparse.Namespace) -> int:
    table = measured([title_and_text(paper) for paper in find(asked.collection).papers()])
    if asked.json:
        show({"measures": table["attribution"], "ways": table}, asked)
        return 0
    for way, values in table.items():
        print(f"{way:20}  spearman {values['spearman']:.4f}  first five in common {values['top']:.4f}")
    return 0
