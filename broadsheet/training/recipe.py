"""A recipe: everything that decides an encoder's weights beside the papers, read from a short TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from broadsheet.errors import InputError

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class Recipe:
    """The parts, by the names that their modules give them, and the numbers of a training."""

    about: str = ""
    row: str = "12"  # of docs/methods.md
    pieces: int = 64_000
    phrases: int = 0  # rows for pairs of words beside the pieces
    dimension: int = 256
    prefixes: tuple[int, ...] = (64, 128, 256)
    bits: int = 8  # of a number in the file, or 4
    views: dict[str, float] = field(
        default_factory=lambda: {"title": 0.4, "halves": 0.25, "sentence": 0.25, "span": 0.1}
    )
    whole: float = 0.0  # share of second views that keep the words of the first
    method: str = "table"  # of methods.METHODS
    numbers: dict[str, float] = field(default_factory=dict)  # of the method, where it has any
    objective: str = "softmax"
    miner: str = "categories"
    near: float = 0.25  # share of a batch that the miner draws near to each other
    threshold: float = 1.0  # a negative whose text is nearer to the right text than this cosine is no negative
    steps: int = 800
    batch: int = 1_024
    rate: float = 6e-3
    weight_rate: float = 2e-2
    more_rate: float = 2e-3  # of what a method learns beside the table
    memory: float = 0.95  # Adam's second decay: short, so that a rare row is not thrown about by its first gradient
    temperature: float = 0.05
    common: float = 1e-4  # a piece of this probability starts with half the weight of a rare one
    before: dict[str, int] = field(default_factory=dict)  # steps of each task of pretraining.TASKS before the pairs
    lessons: dict[str, int] = field(
        default_factory=dict
    )  # texts of each kind in a batch that a teacher's are learned by
    lesson_steps: int = 300  # before the pairs
    lesson_rate: float = 4e-3
    lesson_weight_rate: float = 1e-2
    evened: float = 0.5  # power of its deviation that a direction of the teacher's is divided by
    own: float = 0.0  # random share that each row gets after the lessons, so that words of like meaning stay apart
    calm: float = 0.0  # how far the rows' lengths are led back towards those of the start, 0 to 1
    members: tuple[dict[str, Any], ...] = ()  # trainings whose rows are averaged; each says in what it differs
    held_out: int = 10_000
    seed: int = 1


def read(path: Path) -> Recipe:
    """Return the recipe of a file, or of a name under `recipes/`.

    Raises:
        InputError: there is no such file, it is no TOML, or it names something that no recipe has.
    """
    path = path if path.is_file() else RECIPES / f"{path}.toml"
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        known = {part.name for part in fields(Recipe)}
        if unknown := set(given) - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}; a recipe may say {', '.join(sorted(known))}")
        parts = {name: tuple(part) if isinstance(part, list) else part for name, part in given.items()}
        return Recipe(**cast(Any, parts))
    except (OSError, TypeError, ValueError) as error:
        raise InputError(f"{path} is not a recipe: {error}") from error
