"""`encoders NAME=ENCODER... --table FILE` measures encoders alone and draws quality against cost."""

from __future__ import annotations

import argparse
from pathlib import Path

import broadsheet
from broadsheet.errors import InputError
from broadsheet.evaluation import encoders
from broadsheet.evaluation.collections import find
from broadsheet.evaluation.commands import Commands, progress

_COLLECTIONS = ("scifact", "nfcorpus_tokenised", "cranfield", "cisi", "cacm", "medline1033", "npl_vaswani")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("encoders", help="encoders alone: quality, CPU ms and bytes a paper, as a picture")
    parser.add_argument(
        "encoders",
        nargs="*",
        metavar="NAME=ENCODER",
        help="as in the setting `encoder`, a file of static weights, or wordllama; none: draw the table's again",
    )
    parser.add_argument("--on", nargs="+", default=_COLLECTIONS, help="collections (default: the seven open ones)")
    parser.add_argument("--table", type=Path, help="a Markdown file whose table gets the lines; FILE-ms.svg beside it")
    parser.set_defaults(act=_encoders)


def _encoders(asked: argparse.Namespace) -> int:
    collections, now = [find(name) for name in asked.on], broadsheet.now()
    lines = []
    for name, equals, encoder in (pair.partition("=") for pair in asked.encoders):
        if not equals:
            raise InputError(f"Name the encoder {name!r}, as NAME=ENCODER.")
        lines.append(encoders.line(name, encoder, collections, now, progress))
        print(lines[-1], flush=True)
    if asked.table:
        _write(asked.table, lines)
    return 0


def _write(path: Path, lines: list[encoders.Line]) -> None:
    try:
        text = encoders.merged(path.read_text(encoding="utf-8"), lines)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    path.write_text(text, encoding="utf-8")
    for name, picture in encoders.pictures(encoders.read(text)):
        path.with_name(f"{path.stem}-{name}.svg").write_text(picture, encoding="utf-8")
