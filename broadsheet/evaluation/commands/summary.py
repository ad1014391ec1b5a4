"""`summary` measures the one-line summaries on scitldr, beside the lead sentence, TextRank, the title and an oracle."""

from __future__ import annotations

import argparse

from broadsheet.evaluation.collections import find
from broadsheet.evaluation.commands import Commands, add_json, show
from broadsheet.evaluation.summaries import measured


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("summary", help="one-line summaries beside simpler ways, in ROUGE")
    parser.add_argument("--split", default="dev", help="dev (default) or train, which the weights were learned from")
    add_json(parser)
    parser.set_defaults(act=_summary)


def _summary(asked: argparse.Namespace) -> int:
    table = measured(find("scitldr", asked.split))
    if asked.json:
        show({"measures": table["summary"], "ways": table}, asked)
        return 0
    for way, values in table.items():
        print(f"{way:10}" + "".join(f"  {name} {value:<6}" for name, value in values.items()))
    return 0
