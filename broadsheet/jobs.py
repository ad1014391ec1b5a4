"""The loop behind `broadsheet work`: harvest what the settings name when it is due, and keep the index up to date."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from broadsheet.records import Progress
from broadsheet.settings import Harvest

if TYPE_CHECKING:
    from broadsheet.library import Library

TICK = 5.0  # seconds between two looks at what is due
LEASE = 300.0  # seconds that planning stays with one process without a sign of life from it
RENEWAL = 60.0  # seconds between two signs of life
RETRY = timedelta(minutes=15)  # after the first failure; doubled with every further one
LONGEST_RETRY = timedelta(hours=4)
DAILY = 24.0  # hours between harvests where the settings do not say


@dataclass(frozen=True, slots=True)
class Event:
    """What the loop did: which job, whether it went well, and what came of it."""

    job: str
    ok: bool
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Last:
    """When a job last ran, and how often in a row it has failed since it went well."""

    tried: datetime
    failures: int = 0

    def encode(self) -> str:
        """Return it as the store keeps it."""
        return json.dumps({"tried": self.tried.isoformat(), "failures": self.failures})

    @classmethod
    def decode(cls, text: str | None) -> Last | None:
        """Return what the store kept, or None where the job never ran."""
        if text is None:
            return None
        kept = json.loads(text)
        return cls(datetime.fromisoformat(kept["tried"]), kept["failures"])


def is_due(entry: Harvest, last: Last | None, now: datetime, zone: ZoneInfo) -> bool:
    """Say whether a harvest should run now: never ran, failed and waited long enough, or its time has come."""
    if last is None:
        return True
    if last.failures:
        return now - last.tried >= min(RETRY * (1 << min(last.failures - 1, 10)), LONGEST_RETRY)
    if entry.at is not None:
        return last.tried < latest(entry.at, now, zone)
    return now - last.tried >= timedelta(hours=entry.every or DAILY)


def latest(at: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the last moment, not after now, at which a clock in that zone showed `at` (HH:MM)."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), time.fromisoformat(at), zone)
    if today <= local:
        return today
    return datetime.combine(local.date() - timedelta(days=1), time.fromisoformat(at), zone)


class Loop:
    """Runs what is due, one thing after the other; the failure of one never stops the others.

    Of several loops on one store, the one that holds the lease plans; the lease of one that died expires.
    """

    def __init__(
        self,
        library: Library,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        report: Callable[[Event], None],
    ) -> None:
        self._library = library
        self._now = now
        self._sleep = sleep
        self._report = report
        self._zone = ZoneInfo(library.settings.timezone)
        self._renewed: datetime | None = None

    def run(self) -> None:
        """Work until `sleep` or a signal handler raises something, then give the lease back."""
        try:
            while True:
                self.turn()
                self._sleep(TICK)
        finally:
            self._library.release("loop")

    def turn(self) -> None:
        """Do everything that is due now, if this process may."""
        harvests = [entry for entry in self._library.settings.harvest if self._due(entry)]
        stale = self._library.behind and self._may_refresh()
        if not (harvests or stale) or not self._library.lease("loop", LEASE):
            return
        self._renewed = self._now()
        for entry in harvests:
            self._attempt(_name(entry), partial(self._harvest, entry))
        if self._library.behind and self._may_refresh():
            self._attempt("refresh", partial(self._library.refresh, progress=self._renew))
        self._library.release("loop")

    def _due(self, entry: Harvest) -> bool:
        return is_due(entry, self._last(_name(entry)), self._now(), self._zone)

    def _may_refresh(self) -> bool:
        last = self._last("refresh")
        return last is None or not last.failures or self._now() - last.tried >= timedelta(minutes=1)

    def _last(self, job: str) -> Last | None:
        return Last.decode(self._library.state(f"job:{job}"))

    def _harvest(self, entry: Harvest) -> dict[str, Any]:
        return self._library.harvest(entry.source, set=entry.set, refresh=False, progress=self._renew)

    def _attempt(self, job: str, run: Callable[[], dict[str, Any]]) -> None:
        last = self._last(job)
        try:
            detail = run()
        except Exception as error:  # whatever is wrong with one job, a bug included, the others go on
            failures = last.failures + 1 if last else 1
            event = Event(job, False, {"error": str(error) or type(error).__name__})
        else:
            failures = 0
            event = Event(job, True, detail)
        self._library.set_state(f"job:{job}", Last(self._now(), failures).encode())
        self._report(event)

    def _renew(self, _: Progress) -> None:
        now = self._now()
        if self._renewed is None or now - self._renewed >= timedelta(seconds=RENEWAL):
            self._library.lease("loop", LEASE)
            self._renewed = now


def _name(entry: Harvest) -> str:
    return f"harvest {entry.source}" + (f" {entry.set}" if entry.set else "")
