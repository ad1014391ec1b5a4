"""`described FILE SYSTEM...` asks for papers by a sentence of their abstract without the words of their title."""

from __future__ import annotations

import argparse
from pathlib import Path

import broadsheet
from broadsheet.evaluation import bench
from broadsheet.evaluation.collections import cache
from broadsheet.evaluation.commands import Commands, add_json, progress, show
from broadsheet.evaluation.described import collection
from broadsheet.evaluation.measures import depth, measured, parsed
from broadsheet.evaluation.rivals import answered, is_rival

_MEASURES = ("Success@3", "RR")


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("described", help="papers known by a sentence without the title's words")
    parser.add_argument("file", type=Path, help="papers: JSON lines, plain or .zst")
    parser.add_argument("systems", nargs="*", default=["hybrid"], help="profiles, or rivals as in compare (hybrid)")
    parser.add_argument("--papers", type=int, default=2_000, metavar="N", help="how many papers (2000)")
    add_json(parser)
    parser.set_defaults(act=_described)


def _described(asked: argparse.Namespace) -> int:
    made = collection(asked.file, asked.papers, cache() / f"described-{asked.file.name.split('.')[0]}-{asked.papers}")
    measures, judged = parsed(_MEASURES), made.judgements()
    profiles = [name for name in asked.systems if not is_rival(name)]
    runs = bench.answers(made, profiles, broadsheet.now(), depth(measures), report=progress)
    runs += [answered(name, made, made.questions(), depth(measures)) for name in asked.systems if is_rival(name)]
    table = {
        run.system: {name: bench.mean(of.values()) for name, of in measured(judged, run.found, measures).items()}
        for run in runs
    }
    if asked.json:
        show({"measures": table[asked.systems[0]], "systems": table, "queries": len(judged)}, asked)
        return 0
    print(f"{len(judged)} descriptions, {asked.papers} papers")
    for name, values in table.items():
        print(f"{name:20}  {'  '.join(f'{measure} {value:.4f}' for measure, value in values.items())}")
    return 0
