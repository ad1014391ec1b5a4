"""`check` runs the command of every published number again: OK or FAIL each."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shlex
from pathlib import Path
from typing import Any

from broadsheet.evaluation import expected
from broadsheet.evaluation.commands import Commands, progress


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("check", help="measure published numbers again; OK or FAIL each")
    parser.add_argument("file", nargs="?", type=Path, default=expected.PUBLISHED, help="another file of numbers")
    parser.add_argument("--only", nargs="+", default=(), metavar="WORD", help="commands with any of these words")
    parser.set_defaults(act=_check)


def _check(asked: argparse.Namespace) -> int:
    numbers = [n for n in expected.read(asked.file) if not asked.only or set(asked.only) & set(n.command.split())]
    all_well = True
    for verdict in expected.check(numbers, _measures):
        print(verdict, flush=True)
        all_well = all_well and verdict.ok
    return 0 if all_well else 1


def _measures(command: str) -> dict[str, Any]:
    """Run a command of this program and return the measures that it prints."""
    from broadsheet.evaluation.__main__ import main

    progress(f"python -m broadsheet.evaluation {command}")
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            code = main([*shlex.split(command), "--json"])
    except SystemExit:  # there is no such command, or it has no such option
        return {}
    found: Any = json.loads(printed.getvalue()) if code == 0 else {}
    return dict(found["measures"]) if "measures" in found else {}
