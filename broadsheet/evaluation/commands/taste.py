"""`taste FOLDER` measures what is recommended to readers against what they saved."""

from __future__ import annotations

import argparse
from pathlib import Path

from broadsheet.evaluation import taste
from broadsheet.evaluation.commands import Commands, add_json, progress, show
from broadsheet.evaluation.taste_rivals import RIVALS

MODELS: dict[str, taste.Maker] = {"taste": taste.Taste, **RIVALS}


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("taste", help="a fifth of the papers hidden, then ranked for each reader")
    parser.add_argument("folder", type=Path, help="has items.jsonl (id, title, text) and interactions.tsv (user, item)")
    parser.add_argument("--model", default="taste", choices=MODELS, help="what ranks; taste is what ships")
    parser.add_argument("--links", action="store_true", help="tags and citations instead of texts")
    parser.add_argument("--encoder", default="static", help="as in the setting `encoder`")
    add_json(parser)
    parser.set_defaults(act=_taste)


def _taste(asked: argparse.Namespace) -> int:
    shelves = taste.read(asked.folder, links=asked.links)
    show(taste.measured(shelves, MODELS[asked.model], progress, encoder=asked.encoder), asked)
    return 0
