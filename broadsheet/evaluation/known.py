"""Papers that somebody half remembers: their titles as others would write them, and whether they are found.

Every change is one that people make, told from the title alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from broadsheet.evaluation.bench import Report, mean
from broadsheet.evaluation.collections import Collection, indexed, title_and_text
from broadsheet.query import plain
from broadsheet.rank import View, run
from broadsheet.text.normalise import fingerprint
from broadsheet.text.tokens import STOP_WORDS

_FIRST = 3  # places that count as found
_FEWEST = 4  # words of a title that names one paper
UNCHANGED = "as it is"
_HYPHEN = re.compile(r"(?<=[a-z]{2})-(?=[a-z]{2})")
_PREFIX = re.compile(
    r"\b(multi|semi|micro|nano|hyper|auto(?=enc|reg)|pre(?=train|proc)|non(?=linear|param)) ?-?(?=[a-z]{4})"
)
_ENDINGS = (
    ("isation", "ization"),
    ("ise ", "ize "),
    ("ising", "izing"),
    ("our ", "or "),
    ("elling", "eling"),
    ("tre ", "ter "),
)


def _plural(title: str, chance: random.Random) -> str:
    """Return a title with a long word put into the plural, or out of it."""
    places = [match for match in re.finditer(r"\b[a-z]{5,}\b", title) if match[0] not in STOP_WORDS]
    if not places:
        return title
    word = chance.choice(places)
    other = word[0][:-1] if word[0].endswith("s") and not word[0].endswith("ss") else f"{word[0]}s"
    return title[: word.start()] + other + title[word.end() :]


def _other_spelling(title: str, chance: random.Random) -> str:
    """Return a British title in American spelling, or the reverse."""
    padded = f"{title} "
    for british, american in _ENDINGS:
        for one, other in ((british, american), (american, british)):
            if one in padded:
                return padded.replace(one, other).strip()
    return title


def _typing_error(title: str, chance: random.Random) -> str:
    """Return a title in which two neighbouring letters of a long word have changed places."""
    places = [match for match in re.finditer(r"\b[a-z]{7,}\b", title) if len(set(match[0][2:5])) == 3]
    if not places:
        return title
    at = chance.choice(places).start() + 2
    return title[:at] + title[at + 1] + title[at] + title[at + 2 :]


CHANGES: Mapping[str, Callable[[str, random.Random], str]] = {
    UNCHANGED: lambda title, chance: title,
    "hyphens left out": lambda title, chance: _HYPHEN.sub("", title),
    "hyphens to spaces": lambda title, chance: _HYPHEN.sub(" ", title),
    "prefixes with hyphens": lambda title, chance: _PREFIX.sub(r"\1-", title),
    "plural and singular": _plural,
    "other spelling": _other_spelling,
    "typing error": _typing_error,
}


def measured(
    collection: Collection, profile: str, now: datetime, most: int, report: Report
) -> dict[str, dict[str, float]]:
    """Return, for each change of a title, how many titles it changes and the share of their papers in the first three.

    Titles of fewer than four words, or that stand twice, name no one paper and are left out.

    Raises:
        InputError: there is no such profile, or a file of the collection is missing.
    """
    shelf, chance = indexed(collection), random.Random(1)
    view, titles = View(shelf.snapshot, now), _titles(collection)
    known = set(titles)
    found: dict[str, dict[str, float]] = {}
    for name, change in CHANGES.items():
        changed = [(id, change(title, chance)) for id, title in titles]
        hits = []
        for id, text in [pair for pair in changed if name == UNCHANGED or pair not in known][:most]:
            rows = run(profile, plain(text), view, _FIRST).unfolded
            hits.append(id in [shelf.ids[key] for key in shelf.snapshot.keys[rows]])
        found[name] = {"titles": len(hits), f"success@{_FIRST}": mean(hits)}
        report(f"{collection.name}: {name}")
    return found


def _titles(collection: Collection) -> list[tuple[str, str]]:
    """Return (id, title in lower case) of papers whose title names them alone, in an order of chance."""
    once: dict[str, tuple[str, str] | None] = {}
    for paper in collection.papers():
        title = title_and_text(paper)[0].lower()
        mark = fingerprint(title)
        once[mark] = None if mark in once else (str(paper["id"]), title)
    listed = [pair for pair in once.values() if pair and len(pair[1].split()) >= _FEWEST]
    random.Random(0).shuffle(listed)
    return listed
