"""`pages` sets our order beside that of the five result pages which the sample comes from."""

from __future__ import annotations

import argparse
from dataclasses import asdict, astuple

import broadsheet
from broadsheet.evaluation import pages
from broadsheet.evaluation.bench import mean
from broadsheet.evaluation.commands import Commands, add_json, show


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("pages", help="our order beside that of five saved result pages")
    parser.add_argument("--profile", default="hybrid", help="lexical, dense or hybrid (default)")
    add_json(parser)
    parser.set_defaults(act=_pages)


def _pages(asked: argparse.Namespace) -> int:
    found = pages.compared(asked.profile, broadsheet.now())
    if asked.json:
        measures = {name: mean(getattr(page, name) for page in found) for name in ("share", "tau", "auc")}
        show({"profile": asked.profile, "measures": measures, "pages": [asdict(page) for page in found]}, asked)
        return 0
    print(f"{'query':24} papers  share of first {pages.FIRST}  Kendall tau    AUC")
    for page in found:
        query, papers, share, tau, auc = astuple(page)
        print(f"{query:24} {papers:6} {share:18.3f} {tau:12.3f} {auc:6.3f}")
    return 0
