"""`duplicates` measures how well versions of one work are found, on version_pairs."""

from __future__ import annotations

import argparse

from broadsheet.evaluation.collections import all_of_them
from broadsheet.evaluation.commands import Commands, add_json, show
from broadsheet.evaluation.duplicates import measured, pairs

_SHOWN = 20


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("duplicates", help="precision and recall on pairs of preprint and published paper")
    parser.add_argument("--others", action="store_true", help="list pairs of different titles that were joined, too")
    add_json(parser)
    parser.set_defaults(act=_duplicates)


def _duplicates(asked: argparse.Namespace) -> int:
    found = measured(pairs(all_of_them() / "version_pairs"))
    if asked.json:
        measures = {
            f"{kind} {name}": round(value, 4) for name, f in found.items() for kind, value in f.measures.items()
        }
        show({"measures": measures, "others": {name: figures.others for name, figures in found.items()}}, asked)
        return 0
    for name, figures in found.items():
        print(
            f"{name:16} recall {figures.recall:.4f}  of differing abstracts {figures.recall_differing:.4f}  "
            f"precision {figures.precision:.4f} ({len(figures.others)} pairs of different titles)"
        )
        for one, other in figures.others[: _SHOWN if asked.others else 0]:
            print(f"  {one} | {other}")
    return 0
