"""`python -m broadsheet.evaluation run COLLECTION --profile P` measures; `check` compares with expected.toml."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import broadsheet
from broadsheet.errors import BroadsheetError
from broadsheet.evaluation import bench, expected
from broadsheet.evaluation.collections import find


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return the exit code: 0, 1 when a published number is not reached, else the error's."""
    asked = _parser().parse_args(arguments)
    try:
        return _check(asked) if asked.command == "check" else _run(asked)
    except BroadsheetError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m broadsheet.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure a profile on a collection; one JSON object")
    run.add_argument("collection", help="a name under $BROADSHEET_COLLECTIONS or ../shared/collections, or a folder")
    run.add_argument("--profile", default="hybrid", help="lexical, dense or hybrid (default)")
    run.add_argument("--split", default="test", help="test (default), train or dev: queries_SPLIT.jsonl")
    run.add_argument("--encoder", default="static", help="as in the setting `encoder`")
    run.add_argument("--json", action="store_true", help="on one line")
    check = commands.add_parser("check", help="measure all published numbers again; OK or FAIL each")
    check.add_argument("file", nargs="?", type=Path, default=expected.PUBLISHED, help="another file of numbers")
    return parser


def _run(asked: argparse.Namespace) -> int:
    outcome = bench.evaluate(
        find(asked.collection, asked.split), asked.profile, broadsheet.now(), encoder=asked.encoder, report=_progress
    )
    shown = {name: value for name, value in asdict(outcome).items() if name != "per_query"}
    print(json.dumps(shown, indent=None if asked.json else 2))
    return 0


def _check(asked: argparse.Namespace) -> int:
    verdicts = expected.check(expected.read(asked.file), broadsheet.now(), _progress)
    all_well = True
    for verdict in verdicts:
        print(verdict)
        all_well = all_well and verdict.ok
    return 0 if all_well else 1


def _progress(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
