"""`report COLLECTION... --out FILE` writes every way to rank, the five pages, and what they cost as one HTML page."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import broadsheet
from broadsheet import encode
from broadsheet.evaluation import pages, report
from broadsheet.evaluation.ablation import retrieved, rivals, rows
from broadsheet.evaluation.collections import find
from broadsheet.evaluation.commands import Commands, add_rivals, progress
from broadsheet.evaluation.measures import parsed
from broadsheet.evaluation.rivals import checked, short


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("report", help="an HTML page with tables and plots")
    parser.add_argument("collections", nargs="+", help="names, or folders")
    parser.add_argument("--out", type=Path, default=Path("report.html"), help="the page (default: report.html)")
    add_rivals(parser)
    parser.set_defaults(act=_report)


def _report(asked: argparse.Namespace) -> int:
    names = checked(asked.rivals)  # before anything that takes long
    now, measures = broadsheet.now(), parsed(["nDCG@10", "R@100"])
    collections = [find(name) for name in asked.collections]
    others = [row for collection in collections for row in rivals(collection, names, measures, progress)]
    found = [row for collection in collections for row in rows(collection, now, measures, progress, asked.reranker)]
    html = report.page(
        [*found, *others],
        pages.compared("hybrid", now),
        [(collection.name, retrieved(collection, now)) for collection in collections],
        command=f"python -m broadsheet.evaluation report {shlex.join(asked.collections)}{_options(asked)}",
        encoder=f"Encoder {encode.load('static').id}",
    )
    asked.out.write_text(html, encoding="utf-8")
    progress(f"{asked.out} is written.")
    return 0


def _options(asked: argparse.Namespace) -> str:
    """Return the other options as they were given, folders by their names alone."""
    reranker = f" --reranker {Path(asked.reranker).name}" if asked.reranker else ""
    return reranker + (f" --rivals {' '.join(map(short, asked.rivals))}" if asked.rivals else "")
