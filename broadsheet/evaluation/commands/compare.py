"""`compare COLLECTION BASELINE SYSTEM...` sets profiles, rivals and TREC run files beside each other."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import broadsheet
from broadsheet.evaluation import bench
from broadsheet.evaluation.collections import Collection, find
from broadsheet.evaluation.commands import Commands, add_collection, add_json, progress, show
from broadsheet.evaluation.comparison import PerQuery, compared, per_query
from broadsheet.evaluation.measures import MEASURES, depth, measured, parsed
from broadsheet.evaluation.rivals import answered, is_rival
from broadsheet.evaluation.runs import Run


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("compare", help="systems beside a baseline, with paired tests")
    add_collection(parser)
    parser.add_argument(
        "systems",
        nargs="+",
        help="profiles, rivals (bm25s, exact:ENCODER, rrf:A+B) or TREC run files; the first is the baseline",
    )
    parser.add_argument("--measures", nargs="+", default=MEASURES, help="as ir-measures names them: RR P@5 AP@100")
    parser.add_argument("--queries", type=int, default=0, metavar="N", help="the N queries that differ most, too")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write each system's results as a TREC run file")
    add_json(parser)
    parser.set_defaults(act=_compare)


def _compare(asked: argparse.Namespace) -> int:
    measures = parsed(asked.measures)
    collection = find(asked.collection, asked.split)
    runs = _runs(collection, list(dict.fromkeys(asked.systems)), depth(measures), asked)
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        for run in runs:
            run.write(asked.out / f"{Path(run.system).stem}.run")
    judged = collection.judgements()
    values: dict[str, PerQuery] = {run.system: measured(judged, run.found, measures) for run in runs}
    (_show_json if asked.json else _print)(asked, values)
    return 0


def _runs(collection: Collection, systems: Sequence[str], limit: int, asked: argparse.Namespace) -> list[Run]:
    files = {name: Path(name) for name in systems if Path(name).is_file()}
    rivals = [name for name in systems if is_rival(name)]
    profiles = [name for name in systems if name not in files and name not in rivals]
    made = bench.answers(
        collection,
        profiles,
        broadsheet.now(),
        limit,
        encoder=asked.encoder,
        reranker=asked.reranker,
        report=progress,
    )
    judged = collection.judgements()
    questions = [question for question in collection.questions() if question.id in judged]
    found = {run.system: run for run in made}
    found |= {name: answered(name, collection, questions, limit) for name in rivals}
    found |= {name: Run.read(path, [question.id for question in questions]) for name, path in files.items()}
    return [found[name] for name in systems]


def _show_json(asked: argparse.Namespace, values: dict[str, PerQuery]) -> None:
    baseline, *_ = values
    result = {
        "collection": asked.collection,
        "split": asked.split,
        "baseline": baseline,
        "measures": {name: {m: bench.mean(v.values()) for m, v in of.items()} for name, of in values.items()},
        "differences": [asdict(difference) for difference in compared(values, baseline)],
        "queries": dict(per_query(values, baseline, asked.measures[0])[: asked.queries]),
    }
    show(result, asked)


def _print(asked: argparse.Namespace, values: dict[str, PerQuery]) -> None:
    baseline, *_ = values
    for measure, of in values[baseline].items():
        print(f"{baseline:24} {measure:10} {bench.mean(of.values()):.4f}  the baseline, {len(of)} queries")
    for difference in compared(values, baseline):
        print(difference)
    for query, moved in per_query(values, baseline, asked.measures[0])[: asked.queries]:
        print(
            f"query {query:18} {asked.measures[0]:10} " + "  ".join(f"{name} {by:+.4f}" for name, by in moved.items())
        )
