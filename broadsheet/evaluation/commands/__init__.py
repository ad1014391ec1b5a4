"""What `python -m broadsheet.evaluation` can do: one module a command, each with a `register`.

`register(commands)` adds a parser whose default `act` is a function of what was asked that returns the exit code.
Standard output is the result alone, with `--json` one object on one line; where `check` is to know a command's numbers,
that object holds them under "measures".
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

Commands = argparse._SubParsersAction  # what `add_subparsers` returns has no public name


def progress(text: str) -> None:
    """Say how far the work is, on standard error."""
    print(text, file=sys.stderr, flush=True)


def show(result: Any, asked: argparse.Namespace) -> None:
    """Print a result as JSON: on one line with `--json`, else to be read."""
    print(json.dumps(result, indent=None if asked.json else 2))


def add_json(parser: argparse.ArgumentParser) -> None:
    """Give a command the option `--json`."""
    parser.add_argument("--json", action="store_true", help="one object on one line")


def add_collection(parser: argparse.ArgumentParser) -> None:
    """Give a command the collection that it is about."""
    parser.add_argument("collection", help="a name under $BROADSHEET_COLLECTIONS or ../shared/collections, or a folder")
    parser.add_argument("--split", default="test", help="test (default), train or dev: queries_SPLIT.jsonl")
    parser.add_argument("--encoder", default="static", help="as in the setting `encoder`")
    parser.add_argument("--reranker", default="", metavar="FOLDER", help="as in the setting: read all papers again")


def add_rivals(parser: argparse.ArgumentParser) -> None:
    """Give a command what is to be set beside our own ways to rank."""
    parser.add_argument("--reranker", default="", metavar="FOLDER", help="read all papers again, as in the setting")
    parser.add_argument("--rivals", nargs="+", default=[], help="bm25s, exact:ENCODER, rrf:A+B (extra [evaluation])")
