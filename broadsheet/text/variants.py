"""Words that stand for each other: written as one word or two, in British or American, as acronym or in full.

The table is learned by `broadsheet.training.variants`; letters and digits written together ("l1", "gpt4") need none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from broadsheet.text.tokens import STOP_WORDS, stem

TABLE = Path(__file__).parent / "data" / "variants.json"
Stems = tuple[str, ...]

_LETTERS_AND_DIGITS = re.compile(r"([a-z]{1,8})(\d+[a-z]?)")
_SHORTEST_IN_LOWER_CASE = 3  # letters of an acronym that is recognised without capitals
_MOST_JOINED = 3  # parts of a compound
_LONGEST = 6  # stems of an expansion
_LETTERS = {"l": ("ell",), "ell": ("l",)}  # of norms and spaces: "l1", "\\ell_1"
_STOPS = frozenset(stem(word) for word in STOP_WORDS)


@dataclass(frozen=True, slots=True)
class Table:
    """Stem of a compound to its parts, of a spelling to the other, of an acronym to what it stands for, and back."""

    compounds: Mapping[str, Stems]
    spellings: Mapping[str, str]
    acronyms: Mapping[str, tuple[Stems, ...]]
    shortened: Mapping[Stems, tuple[str, ...]]


def of_word(word: str, written: str) -> tuple[Stems, ...]:
    """Return what stands for a folded word, as stems in a row; `written` tells acronyms by their capitals."""
    own, found = stem(word), list[Stems]()
    table = _table()
    if own in table.compounds:
        found.append(table.compounds[own])
    if own in table.spellings:
        found.append((table.spellings[own],))
    short = own if own in table.acronyms else own.removesuffix("s")
    inflected = len(word) > len(short) + 1  # "added" is no plural of "ADD"
    shouted = written.rstrip("s").isupper()
    if short in table.acronyms and not inflected and (shouted or len(short) >= _SHORTEST_IN_LOWER_CASE):
        found += [*_numbers(short, own), *table.acronyms[short]]
    if match := _LETTERS_AND_DIGITS.fullmatch(word):
        letters, digits = match.groups()
        found += [(stem(name), stem(digits)) for name in (letters, *_LETTERS.get(letters, ()))]
    return tuple(found)


def _numbers(short: str, but: str) -> Iterator[Stems]:
    """Yield an acronym and its plural, which the stemmer keeps apart where it has no vowel ("llm", "llms")."""
    yield from ((one,) for one in dict.fromkeys((short, stem(f"{short}s"))) if one != but)


def of_parts(parts: Sequence[str]) -> tuple[Stems, ...]:
    """Return what stands for the folded parts of a compound ("pre-trained"): the word written as one."""
    if not 2 <= len(parts) <= _MOST_JOINED:
        return ()
    joined = stem("".join(parts))
    return ((joined,), *((other,) for other in (_table().spellings.get(joined),) if other))


def acronyms_in(stems: Sequence[str]) -> dict[int, tuple[int, tuple[Stems, ...]]]:
    """Return the place of an expansion's last stem -> that of its first, and its acronyms; the longest expansion wins.

    `stems` are those of a query without stop words.
    """
    shortened = _table().shortened
    found: dict[int, tuple[int, tuple[Stems, ...]]] = {}
    for end in range(2, len(stems) + 1):
        for begin in range(max(0, end - _LONGEST), end - 1):
            if short := shortened.get(tuple(stems[begin:end])):
                found[end - 1] = begin, tuple(one for acronym in short for one in _numbers(acronym, ""))
                break
    return found


@lru_cache(maxsize=1)
def _table() -> Table:
    read = json.loads(TABLE.read_text(encoding="utf-8"))
    acronyms = {short: tuple(map(tuple, longs)) for short, longs in read["acronyms"].items()}
    shortened: dict[Stems, tuple[str, ...]] = {}
    for short, longs in acronyms.items():
        for long in longs:
            content = tuple(part for part in long if part not in _STOPS)
            if len(content) > 1:
                shortened[content] = (*shortened.get(content, ()), short)
    compounds = {joined: tuple(parts) for joined, parts in read["compounds"].items()}
    return Table(compounds, read["spellings"], acronyms, shortened)
