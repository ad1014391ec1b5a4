"""What goes into one mail: pure, from what each follow found and what was ever sent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from broadsheet.records import Follow, Pick, Section

MOST = 60  # papers of one mail, however many follows it serves


@dataclass(frozen=True, slots=True)
class Found:
    """What a follow found that is new, in any order."""

    follow: Follow
    picks: Sequence[Pick]


def compose(found: Sequence[Found], sent: Collection[int]) -> tuple[Section, ...]:
    """Return the sections of one reader's digest; none where there is nothing to say.

    No paper that was ever sent, none below its follow's threshold, and none twice: follows choose in turns, each its
    best that is left, so that a broad one does not empty a narrow one. A section stands best first, and holds at most
    its follow's size; the whole mail at most `MOST` papers.
    """
    waiting = [_wanted(one, sent) for one in found]
    chosen = _in_turns(waiting, [one.follow.size for one in found])
    taken = {pick.key for picks in chosen for pick in picks}
    finders = _finders(found, waiting)
    sections = []
    for one, picks, wanted in zip(found, chosen, waiting, strict=True):
        if picks:
            named = tuple(replace(pick, also=_others(finders[pick.key], one.follow.name)) for pick in picks)
            left = sum(pick.key not in taken for pick in wanted)
            sections.append(Section(one.follow.id, one.follow.name, named, left, one.follow.path))
    return tuple(sections)


def _wanted(one: Found, sent: Collection[int]) -> list[Pick]:
    """Return what a follow found that may be sent, best first, each paper once."""
    good = (pick for pick in one.picks if pick.score >= one.follow.threshold and pick.key not in sent)
    best = sorted(good, key=lambda pick: (-pick.score, pick.key))
    once: dict[int, Pick] = {}
    for pick in best:
        once.setdefault(pick.key, pick)
    return list(once.values())


def _in_turns(waiting: Sequence[Sequence[Pick]], sizes: Sequence[int]) -> list[list[Pick]]:
    chosen: list[list[Pick]] = [[] for _ in waiting]
    taken = set[int]()
    places = [0] * len(waiting)
    hungry = list(range(len(waiting)))
    while hungry and len(taken) < MOST:
        turn = hungry.pop(0)
        queue, place = waiting[turn], places[turn]
        while place < len(queue) and queue[place].key in taken:
            place += 1
        if place < len(queue) and len(chosen[turn]) < sizes[turn]:
            chosen[turn].append(queue[place])
            taken.add(queue[place].key)
            places[turn] = place + 1
            hungry.append(turn)
    return chosen


def _finders(found: Sequence[Found], waiting: Sequence[Sequence[Pick]]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = {}
    for one, wanted in zip(found, waiting, strict=True):
        for pick in wanted:
            names.setdefault(pick.key, []).append(one.follow.name)
    return names


def _others(names: Sequence[str], own: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name != own))
