"""`simulate` lets the trending formula and others order the same simulated papers, with readers and vote rings."""

from __future__ import annotations

import argparse

from broadsheet.evaluation import simulation
from broadsheet.evaluation.commands import Commands, add_json, show


def register(commands: Commands[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("simulate", help="the trending formula beside others in a simulated world")
    parser.add_argument("--worlds", type=int, default=5, metavar="N", help="how many worlds to average over (5)")
    parser.add_argument("--seed", type=int, default=simulation.World.seed, help="the first world's seed")
    parser.add_argument("--ring", type=int, default=simulation.World.ring, metavar="N", help="accounts of a ring (40)")
    add_json(parser)
    parser.set_defaults(act=_simulate)


def _simulate(asked: argparse.Namespace) -> int:
    show(simulation.simulate(simulation.World(seed=asked.seed, ring=asked.ring), asked.worlds), asked)
    return 0
