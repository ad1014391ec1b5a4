"""What tells a concept besides its name: phrases whose presence tells its papers, made by `training.telling`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from safetensors import safe_open

from broadsheet.encode import concepts
from broadsheet.text.tokens import terms

SHIPPED = Path(__file__).parent / "data" / "telling.safetensors"


@lru_cache(maxsize=4)
def load(encoder: str, path: Path = SHIPPED) -> Mapping[str, tuple[str, ...]]:
    """Return the telling phrases of an encoder's concepts by their names, the most telling first; nothing for others.

    The file's `phrases` are all of them, `of` (concepts, n) are places of each concept's there, -1 after the last.
    """
    known = concepts.load(encoder)
    if not known.names or not path.is_file():
        return {}
    with safe_open(path, framework="np") as file:
        if file.metadata()["concepts"] != known.id:
            return {}
        phrases = file.get_tensor("phrases").tobytes().decode().split("\n")
        places = file.get_tensor("of").tolist()
    return {
        name: tuple(phrases[place] for place in row if place >= 0)
        for name, row in zip(known.names, places, strict=True)
    }


@lru_cache(maxsize=4)
def told(encoder: str, path: Path = SHIPPED) -> Mapping[str, tuple[str, ...]]:
    """Return the names of the concepts that each phrase tells, by its stems."""
    found: dict[str, tuple[str, ...]] = {}
    for name, phrases in load(encoder, path).items():
        for stems in {" ".join(terms(phrase)) for phrase in phrases}:
            found[stems] = (*found.get(stems, ()), name)
    return found
