"""Learns which words stand for each other: `python -m broadsheet.training.variants --data ../shared/papers`.

Counted in titles and abstracts of free licences: compounds written with a hyphen and without ("pre-trained",
"pretrained"), British and American spellings, and acronyms with what they stand for, found as Schwartz and
Hearst (2003) do. What is learned are words and counts, nobody's sentences.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from broadsheet.text.tokens import STOP_WORDS, fold, stem, words
from broadsheet.text.variants import TABLE
from broadsheet.training import corpus

_SEEN = 5  # times that each side of a pair must have been written
_RARE = 0.005  # share of a compound's writings below which the hyphen is one of a line's end
_ACRONYM_SEEN = 5
_ACRONYM_SHARE = 0.25  # of an acronym's expansions
_MOST_EXPANSIONS = 2
_MOST_WORDS = 6  # of an expansion
_TOKEN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ACRONYM = re.compile(r"\(([A-Za-z][A-Za-z0-9-]{1,9})\)")
_BEFORE = 120  # characters that are looked at for an expansion
_BRITISH = (
    (re.compile(r"(?<=[a-z]{4})is(e|es|ed|er|ers|ing|able|ation|ations|ational)$"), r"iz\1"),
    (re.compile(r"(?<=al|ol)ys(e|es|ed|er|ers|ing)$"), r"yz\1"),
    (re.compile(r"(?<=[a-z]{3})our(s|ed|ing|al|able|ite|less|hood|hoods)?$"), r"or\1"),
    (re.compile(r"(?<=cen|fib|hea|lit)tre(s|d)?$"), r"ter\1"),
    (re.compile(r"(?<=ode|abe|eve|gna|nce|nne|ave|fue|ota)ll(ed|ing|er|ers|ation)$"), r"l\1"),
    (re.compile(r"(?<=al|ol)ogue(s)?$"), r"og\1"),
    (re.compile(r"(?<=def|off)ence$"), r"ense"),
    (re.compile(r"^(an|h|p|arch|medi|orthop|gyn|leuk)ae"), r"\1e"),
    (re.compile(r"^(f|dys|diarrh)oe(?=[a-z]{3})"), r"\1e"),
)


@dataclass
class Counts:
    """What is written how often; acronyms with their expansions, folded."""

    words: Counter[str] = field(default_factory=Counter)
    joined: Counter[str] = field(default_factory=Counter)
    acronyms: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def read(self, text: str) -> None:
        """Count a paper's title and abstract."""
        for token in _TOKEN.findall(fold(text)):
            (self.joined if "-" in token else self.words)[token] += 1
        for short, long in set(expansions(text)):
            self.acronyms[_singular(short)][fold(long)] += 1


def expansions(text: str) -> Iterator[tuple[str, str]]:
    """Yield (acronym, what it stands for) for each acronym in brackets behind its expansion."""
    for match in _ACRONYM.finditer(text):
        short = match.group(1)
        long = expansion(short, text[max(0, match.start() - _BEFORE) : match.start()].rstrip())
        if sum(letter.isupper() for letter in short) > 1 and long and len(long) > len(short) + 3:
            yield short, long


def expansion(short: str, before: str) -> str | None:
    """Return the shortest end of a text with an acronym's letters in order, the first at a word's beginning."""
    near = " ".join(before.split()[-min(len(short) + 5, 2 * len(short)) :])
    place = len(near)
    for number, letter in reversed(list(enumerate(short.lower()))):
        if not letter.isalnum():
            continue
        place = near.lower().rfind(letter, 0, place)
        while number == 0 and place > 0 and near[place - 1].isalnum():
            place = near.lower().rfind(letter, 0, place)
        if place < 0:
            return None
    return near[place:]


def _singular(short: str) -> str:
    return (short[:-1] if short.endswith("s") and short[:-1].isupper() else short).lower()


def compounds(counts: Counts) -> dict[str, list[str]]:
    """Return stem of the word written as one -> stems of its two parts."""
    found: dict[str, list[str]] = {}
    for token, apart in counts.joined.most_common():
        parts = token.split("-")
        together = counts.words["".join(parts)]
        often = min(apart, together) >= _SEEN and apart >= _RARE * together
        if len(parts) == 2 and often and "".join(parts) not in STOP_WORDS and not any(map(str.isdigit, parts)):
            found.setdefault(stem("".join(parts)), [stem(part) for part in parts])
    return found


def spellings(counts: Counts) -> dict[str, str]:
    """Return stem -> other stem, both ways, of words that are spelled in two ways."""
    found: dict[str, str] = {}
    for word, count in counts.words.most_common():
        for pattern, american in _BRITISH:
            other = pattern.sub(american, word)
            if other == word or min(count, counts.words[other]) < _SEEN or len(word) < 5:
                continue
            one, two = stem(word), stem(other)
            if one != two and one not in found and two not in found:
                found |= {one: two, two: one}
    return found


def acronyms(counts: Counts) -> dict[str, list[list[str]]]:
    """Return acronym -> stems of what it mostly stands for."""
    found = {}
    for short, longs in sorted(counts.acronyms.items()):
        grouped: Counter[tuple[str, ...]] = Counter()
        for long, count in longs.items():
            grouped[tuple(stem(word) for word in words(long))] += count
        least = max(_ACRONYM_SEEN, _ACRONYM_SHARE * grouped.total())
        kept = [list(long) for long, n in grouped.most_common(_MOST_EXPANSIONS) if n >= least and _fits(short, long)]
        if kept and short not in STOP_WORDS:
            found[stem(short)] = kept
    return found


def _fits(short: str, long: tuple[str, ...]) -> bool:
    return 2 <= len(long) <= _MOST_WORDS and short not in long and short.isalnum()


def learned(records: Iterable[dict[str, str]]) -> dict[str, object]:
    """Return the table that `text.variants` reads."""
    counts = Counts()
    for record in records:
        counts.read(f"{record['title']}. {record['abstract']}")
    return {"compounds": compounds(counts), "spellings": spellings(counts), "acronyms": acronyms(counts)}


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=TABLE)
    chosen = parser.parse_args()
    table = learned(corpus.records(corpus.files(chosen.data)))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(part, ensure_ascii=False)}" for name, part in table.items())
    chosen.out.write_text("{" + lines + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
