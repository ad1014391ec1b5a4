"""One line that says what a paper does: its abstract's most telling sentence, shortened.

Highlight, then shorten, as in *Read, Highlight and Summarize*, without a network: a linear score, learned by
`broadsheet.training.summary`, chooses the sentence by its place, its words and what it shares with the title, and then
which of its clauses are kept.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from broadsheet.text.sentences import sentences
from broadsheet.text.tokens import STOP_WORDS, stem, terms

WEIGHTS = Path(__file__).parent / "data" / "summary.json"
MOST_WORDS = 40
_FEWEST = 8  # words that a shortened sentence keeps
_OPENING = 3  # terms of an opening, such as "^in_this_paper"
_MOST_READ = 8_000  # characters of a text
_STOPS = frozenset(stem(word) for word in STOP_WORDS)
_ASIDE = re.compile(r"\s+\([^()$]*\)|\s*\[[\d,;\s\u2013-]+\]")  # an aside in brackets, numbers of references
_BREAK = re.compile(r"(?<=[,;:])\s+|\s+(?=\u2014|--)")
_BEGINS = re.compile(r"(?:we|this|our|it|the|an?|i)\b", re.I)  # a clause that can stand alone
_LOOSE = ",;:\u2014- "


@dataclass(frozen=True, slots=True)
class Cut:
    """A sentence with so many clauses left out at its beginning and at its end."""

    text: str
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class Context:
    """What a sentence is judged against: the terms of the title, and of each sentence of the text."""

    title: frozenset[str]
    bags: Sequence[Sequence[str]] = field(hash=False)

    @classmethod
    def of(cls, title: str, parts: Sequence[str]) -> Context:
        """Return the context of a paper's sentences."""
        return cls(frozenset(terms(title)) - _STOPS, [terms(part) for part in parts])

    @cached_property
    def spread(self) -> Counter[str]:
        """In how many sentences each term stands."""
        counted: Counter[str] = Counter()
        for bag in self.bags:
            counted.update(set(bag))
        return counted


@lru_cache(maxsize=2_048)
def summary(title: str, text: str) -> str | None:
    """Return one line, of at most 40 words, that says what a paper does; None where there is no text."""
    parts = sentences(text[:_MOST_READ])
    if not parts:
        return None
    context, weights = Context.of(title, parts), _weights()
    scored = [score(context, place, bag, Cut(""), weights) for place, bag in enumerate(context.bags)]
    best = max(range(len(parts)), key=scored.__getitem__)
    kept = max(cuts(parts[best]), key=lambda cut: score(context, best, terms(cut.text), cut, weights))
    return _within(kept.text)


def score(context: Context, place: int, bag: Sequence[str], cut: Cut, weights: Mapping[str, float]) -> float:
    """Return how telling a sentence, or what a cut leaves of it, is: a weighted sum of its features."""
    weighed = sum(value * weights.get(name, 0.0) for name, value in features(context, place, bag, cut).items())
    return weighed + sum(map(weights.__getitem__, cues(bag) & weights.keys()))


def features(context: Context, place: int, bag: Sequence[str], cut: Cut) -> dict[str, float]:
    """Return what is counted of a sentence: its place, its length, and what it shares with title and text."""
    own = set(bag) - _STOPS
    last = len(context.bags) - 1
    shared = len(own & context.title)
    return {
        ":first": place == 0,
        ":second": place == 1,
        ":last": place == last,
        ":place": place / max(last, 1),
        ":length": math.log1p(len(bag)),
        ":short": len(bag) < _FEWEST,
        ":brief": len(bag) < 2 * _FEWEST,
        ":long": max(len(bag) - 25, 0) / 25,
        ":longer": max(len(bag) - MOST_WORDS, 0) / 25,
        ":title": shared / max(len(context.title), 1),
        ":titled": shared / max(len(own), 1),
        ":central": (sum(map(context.spread.__getitem__, own)) - len(own)) / max(len(own), 1) / (last + 1),
        ":content": len(own) / 10,
        ":before": cut.before > 0,
        ":after": cut.after > 0,
        ":after_length": len(bag) / 25 if cut.after else 0.0,
    }


def cues(bag: Sequence[str]) -> set[str]:
    """Return the terms of a sentence and its openings of one to three terms ("^we_propos")."""
    return set(bag).union("^" + "_".join(bag[:length]) for length in range(1, _OPENING + 1))


def cuts(sentence: str) -> Iterator[Cut]:
    """Yield a sentence without asides: whole, from a later clause on that can stand alone, up to an earlier one."""
    clauses = _clauses(_ASIDE.sub("", sentence))
    for before in range(min(len(clauses), 3)):
        if before and not _BEGINS.match(clauses[before]):
            continue
        for upto in range(len(clauses), before, -1):
            text = " ".join(clauses[before:upto])
            whole = upto == len(clauses)
            if (before == 0 and whole) or text.count(" ") + 1 >= _FEWEST:
                text = text if whole else text.rstrip(_LOOSE) + "."
                yield Cut(text[:1].upper() + text[1:] if before else text, before, len(clauses) - upto)


def _clauses(sentence: str) -> list[str]:
    """Return a sentence at its commas, semicolons, colons and dashes; never inside a formula or brackets."""
    clauses: list[str] = []
    for part in _BREAK.split(sentence):
        if clauses and not _balanced(clauses[-1]):
            clauses[-1] += f" {part}"
        else:
            clauses.append(part)
    return clauses


def _balanced(text: str) -> bool:
    return text.count("$") % 2 == 0 and all(text.count(a) == text.count(b) for a, b in ("()", "{}", "[]"))


def _within(text: str) -> str:
    """Return at most 40 words of a text, an ellipsis for the rest."""
    words = text.split()
    if len(words) <= MOST_WORDS:
        return " ".join(words)
    kept = " ".join(words[:MOST_WORDS])
    while kept and not _balanced(kept):
        kept = kept.rpartition(" ")[0]
    return (kept or text).rstrip(_LOOSE) + " …"


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, float]:
    weights: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"]
    return weights
