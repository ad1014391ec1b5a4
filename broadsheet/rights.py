"""What a role may do, how often, and how much an account's vote weighs. Pure: times and ages come as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import Literal

from broadsheet.records import Role

Act = Literal["vote", "save", "comment", "submit", "report", "claim", "invite", "pick", "moderate", "administer"]

ROLES: tuple[Role, ...] = ("reader", "editor", "moderator", "admin")  # each may do what those before it may

_LEAST: dict[Act, Role] = {"pick": "editor", "moderate": "moderator", "administer": "admin"}
_HOUR, _DAY = 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may be done: `count` times within `seconds`."""

    count: int
    seconds: int


def poured(level: float, since: float, limit: Limit) -> tuple[float, int]:
    """Return the level of a leaky bucket once one more is in it, and 0, or how many seconds too early that is.

    `level` is what was in it `since` seconds ago. One that is too early is not counted.
    """
    rate = limit.count / limit.seconds
    now = max(0.0, level - max(since, 0.0) * rate)
    return (now + 1, 0) if now + 1 <= limit.count else (now, ceil((now + 1 - limit.count) / rate))


class Buckets:
    """Leaky buckets of one process: they forget with it, and cost nothing."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._levels: dict[str, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, name: str, limit: Limit, *, at: float) -> int:
        """Count one more at a moment (seconds since 1970); return 0, or how many seconds too early it is."""
        with self._lock:
            level, last = self._levels.pop(name, (0.0, at))
            level, wait = poured(level, at - last, limit)
            self._levels[name] = (level, at)
            if len(self._levels) > self._most:
                del self._levels[next(iter(self._levels))]  # the one that was used least lately
        return wait


_LIMITS: dict[Act, Limit] = {
    "vote": Limit(300, _HOUR),
    "save": Limit(600, _HOUR),
    "comment": Limit(30, _HOUR),
    "submit": Limit(20, _DAY),
    "report": Limit(30, _DAY),
    "claim": Limit(10, _DAY),
    "invite": Limit(10, _DAY),
}
_MORE = 10  # times as much for those who look after an instance
LOG_IN = Limit(10, 900)  # tries for one address of the network, and for one account
ASK_FOR_MAIL = Limit(5, _HOUR)  # log-in mails to one address
SUBSCRIBE = Limit(20, _HOUR)  # addresses asked to confirm themselves from one network
LONGEST = _DAY  # seconds after which every limit has forgotten everything

_FULL_AFTER = 14.0  # days until an account's vote weighs one
_NEW = 0.25  # what the vote of an account weighs in its first hour
_NETWORK = 3  # votes of one network for one paper that count in full


def may(role: Role, act: Act) -> bool:
    """Say whether a role may do something."""
    return ROLES.index(role) >= ROLES.index(_LEAST.get(act, "reader"))


def limit(role: Role, act: Act) -> Limit | None:
    """Return how often a role may do something; None: as often as it likes."""
    found = _LIMITS.get(act)
    if found is None or role == "reader":
        return found
    return Limit(found.count * _MORE, found.seconds)


def vote_weight(age_days: float, earlier_from_network: int = 0) -> float:
    """Return how much a vote counts in trending, 0..1: less from new accounts, and less in a burst from one network.

    `age_days` is the account's age at the vote, `earlier_from_network` how many votes for the paper came from the same
    network before it: the first three count in full, the n-th after them 1/(n+1).
    """
    grown = min(max(age_days, 0.0) / _FULL_AFTER, 1.0)
    crowd = max(earlier_from_network - _NETWORK + 1, 0)
    return (_NEW + (1 - _NEW) * grown) / (1 + crowd)
