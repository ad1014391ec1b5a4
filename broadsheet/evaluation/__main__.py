"""How good Broadsheet is, by commands that anyone can run again."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line does; numpy reads it when it is loaded

from broadsheet.errors import BroadsheetError
from broadsheet.evaluation.commands import (
    ablate,
    attribution,
    check,
    compare,
    conditions,
    described,
    duplicates,
    encoders,
    known,
    pages,
    report,
    run,
    simulate,
    summary,
    taste,
    trending,
)

COMMANDS = (
    run,
    compare,
    ablate,
    pages,
    report,
    known,
    duplicates,
    simulate,
    summary,
    attribution,
    conditions,
    described,
    encoders,
    taste,
    trending,
    check,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return the exit code: 0, 1 when a published number is not reached, else the error's."""
    parser = argparse.ArgumentParser(prog="python -m broadsheet.evaluation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in COMMANDS:
        command.register(commands)
    asked = parser.parse_args(arguments)
    try:
        return int(asked.act(asked))
    except BroadsheetError as error:
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
