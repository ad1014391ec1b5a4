"""`report COLLECTION... --out FILE` writes every way to rank, the five pages, and what they cost as one HTML page."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import broadsheet
from broadsheet import encode
from broadsheet.evaluation import pages, report
from broadsheet.evaluation.ablation import retrieved, rows
from broadsheet.evaluation.collections import find
from broadsheet.evaluation.commands import Commands, progress
from broadsheet.evaluation.measures import parsed


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("report", help="an HTML page with tables and plots (extra [evaluation])")
    parser.add_argument("collections", nargs="+", help="names, or folders")
    parser.add_argument("--out", type=Path, default=Path("report.html"), help="the page (default: report.html)")
    parser.set_defaults(act=_report)


def _report(asked: argparse.Namespace) -> int:
    now, measures = broadsheet.now(), parsed(["nDCG@10", "R@100"])
    collections = [find(name) for name in asked.collections]
    found = [row for collection in collections for row in rows(collection, now, measures, progress)]
    html = report.page(
        found,
        pages.compared("hybrid", now),
        [(collection.name, retrieved(collection, now)) for collection in collections],
        command=f"python -m broadsheet.evaluation report {shlex.join(asked.collections)}",
        encoder=f"Encoder {encode.load('static').id}",
    )
    asked.out.write_text(html, encoding="utf-8")
    progress(f"{asked.out} is written.")
    return 0
