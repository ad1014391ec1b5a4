"""`run COLLECTION --profile P` measures one profile on one collection."""

from __future__ import annotations

import argparse
from pathlib import Path

import broadsheet
from broadsheet.evaluation import bench
from broadsheet.evaluation.collections import find
from broadsheet.evaluation.commands import Commands, add_collection, add_json, progress, show
from broadsheet.evaluation.measures import MEASURES, parsed


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="measure a profile on a collection; one JSON object")
    add_collection(parser)
    parser.add_argument(
        "--profile", default="hybrid", help="lexical, dense, hybrid (default), rerank, or similar: paper_id alone"
    )
    parser.add_argument("--measures", nargs="+", default=MEASURES, help="as ir-measures names them: RR P@5 AP@100")
    parser.add_argument("--out", type=Path, help="write the results as a TREC run file, too")
    add_json(parser)
    parser.set_defaults(act=_run)


def _run(asked: argparse.Namespace) -> int:
    collection = find(asked.collection, asked.split)
    measures = parsed(asked.measures)
    outcome = bench.evaluate(
        collection,
        asked.profile,
        broadsheet.now(),
        encoder=asked.encoder,
        reranker=asked.reranker,
        measures=measures,
        report=progress,
    )
    if asked.out:
        outcome.run.write(asked.out)
    show(outcome.summary(), asked)
    return 0
