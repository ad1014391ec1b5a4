"""`trending FILE` ranks each day's papers by what was known before their votes, and compares with the votes."""

from __future__ import annotations

import argparse
from pathlib import Path

from broadsheet import encode
from broadsheet.evaluation import fronts
from broadsheet.evaluation.commands import Commands, add_json, show
from broadsheet.rank import interest


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("trending", help="front pages ordered by predicted interest, beside the votes")
    parser.add_argument("file", type=Path, help="front pages: JSON lines with daily_date, upvotes; plain or .zst")
    parser.add_argument(
        *("--history",), nargs="+", type=Path, default=[], metavar="FILE", help="earlier ones, for the authors' past"
    )
    parser.add_argument("--since", default="", metavar="DAY", help="rank only the days from this one on")
    add_json(parser)
    parser.set_defaults(act=_trending)


def _trending(asked: argparse.Namespace) -> int:
    items = [item for item in fronts.read(asked.file) if item.day >= asked.since]
    history = [item for path in asked.history for item in fronts.read(path)]
    orders = fronts.scores(items, history, interest.shipped(), encode.load("static"))
    values = {name: fronts.measured(items, order) for name, order in orders.items()}
    measures = values.pop("model")
    days = len({item.day for item in items})
    show({"file": str(asked.file), "days": days, "measures": measures, "baselines": values}, asked)
    return 0
