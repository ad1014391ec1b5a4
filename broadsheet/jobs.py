"""The loops behind `broadsheet work`: one harvests what is due and keeps the index up to date, one fetches what readers
sent in, one looks after mail.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from broadsheet.mail.herald import Herald
from broadsheet.mail.postman import Postman
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
POST_TICK = 1.0  # seconds between two looks at what readers wait for: log-in mail, and what they sent in
DOWN = timedelta(seconds=15)  # until a mail server that is down is tried again; doubled with every further time
LONGEST_DOWN = timedelta(minutes=5)
COLLECTING = timedelta(minutes=5)  # between two looks at mail that came back


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
        stale = self._library.behind and self._may("refresh")
        unread = self._may("read again") and self._library.reading_due
        joining = self._may("join shelves") and self._library.joining_due
        if not (harvests or stale or unread or joining) or not self._library.lease("loop", LEASE):
            return
        self._renewed = self._now()
        for entry in harvests:
            self._attempt(_name(entry), partial(self._harvest, entry))
        if self._library.behind and self._may("refresh"):
            self._attempt("refresh", partial(self._library.refresh, progress=self._renew))
        elif unread:
            self._attempt("read again", partial(self._library.read_again, progress=self._renew))
        if self._may("join shelves") and self._library.joining_due:
            self._attempt("join shelves", partial(self._library.join_missing, progress=self._renew))
        self._library.release("loop")

    def _due(self, entry: Harvest) -> bool:
        return is_due(entry, self._last(_name(entry)), self._now(), self._zone)

    def _may(self, job: str) -> bool:
        last = self._last(job)
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


class Desk:
    """Fetches what readers sent in: beside the loop, too, for whoever sent something in looks at its page.

    One process at a time does, so that servers are asked as slowly as they wish; what it dies on, another takes up.
    """

    def __init__(self, library: Library, *, report: Callable[[Event], None]) -> None:
        self._library, self._report = library, report

    def run(self, stopped: Callable[[float], bool]) -> None:
        """Work until `stopped`, which waits for so many seconds, says so."""
        while not stopped(0 if self.turn() else POST_TICK):
            pass

    def turn(self) -> bool:
        """Fetch one submission, if one is due; say whether there may be more. A failure is reported, no more."""
        try:
            if not self._library.submissions_due or not self._library.lease("submissions", LEASE):
                return False
            try:
                found = self._library.fetch_submission()
            finally:
                self._library.release("submissions")
        except Exception as error:  # whatever is wrong now may be right at the next turn
            self._report(Event("submission", False, {"error": str(error) or type(error).__name__}))
            return False
        if found is not None:
            detail = {"id": found.id, "given": found.given, "state": found.state, "reason": found.reason}
            self._report(Event("submission", found.state != "waiting", detail))
        return found is not None


class Post:
    """Makes digests, sends mail and reads what came back: beside the loop, since a harvest may take hours.

    Any number may work on one store: what one process makes or sends, no other does, and what dies half done is taken
    up by another once its lease has ended.
    """

    def __init__(self, library: Library, *, now: Callable[[], datetime], report: Callable[[Event], None]) -> None:
        """Make the post of a library; without settings for mail it only forgets what is old.

        Raises:
            SettingsError: the mail server's address or the key for signing cannot be used.
        """
        self._library, self._now, self._report = library, now, report
        self._postman = None if library.no_mail else Postman(library, now)
        self._down = 0
        self._again = self._collect_at = now()

    def run(self, stopped: Callable[[float], bool]) -> None:
        """Work until `stopped`, which waits for so many seconds, says so."""
        while not stopped(0 if self.turn() else POST_TICK):
            pass

    def turn(self) -> bool:
        """Do what is due now; say whether there may be more. A failure is reported, and ends nothing else."""
        self._tried(self._look_after)
        if self._postman is None:
            return False
        planned = self._tried(self._plan)
        return self._tried(partial(self._send, self._postman)) or planned

    def _tried(self, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except Exception as error:  # whatever is wrong now may be right at the next turn
            self._report(Event("mail", False, {"error": str(error) or type(error).__name__}))
            return False

    def _plan(self) -> bool:
        """Make digests, if this process may: the lease keeps two from composing the same ones in vain."""
        if not self._library.digests_due or not self._library.lease("digests", LEASE):
            return False
        try:
            made = self._library.plan_digests()
        finally:
            self._library.release("digests")
        for error in made.pop("errors", ()):
            self._report(Event("digests", False, {"error": error}))
        self._report(Event("digests", True, made))
        return bool(made["readers"])

    def _send(self, postman: Postman) -> bool:
        if self._now() < self._again:
            return False
        became = postman.turn()
        if became.get("down"):
            self._again = self._now() + min(DOWN * (1 << min(self._down, 10)), LONGEST_DOWN)
            self._down += 1
        elif became:
            self._down = 0
            if self._library.state("mail server"):  # also what another process, or one before this, said of it
                self._library.set_state("mail server", "")
        if became:
            self._report(Event("mail", not became.get("down"), dict(became)))
        return bool(became) and not became.get("down")

    def _look_after(self) -> bool:
        """Forget what is old, and read what came back, now and then."""
        if self._now() >= self._collect_at:
            self._collect_at = self._now() + COLLECTING
            self._library.tidy()
            if self._postman and self._library.settings.bounces and self._library.lease("bounces", LEASE):
                self._collect(self._postman)
        return False

    def _collect(self, postman: Postman) -> None:
        try:
            read = postman.collect()
        finally:
            self._library.release("bounces")
        if read:
            self._report(Event("bounces", True, {"read": read}))


class Heralds:
    """Looks at what is due for hooks and posts it, beside the post: what answers slowly must keep no mail waiting."""

    def __init__(self, library: Library, *, now: Callable[[], datetime], report: Callable[[Event], None]) -> None:
        self._library, self._report = library, report
        self._herald = Herald(library, now)

    def run(self, stopped: Callable[[float], bool]) -> None:
        """Work until `stopped`, which waits for so many seconds, says so."""
        while not stopped(0 if self.turn() else TICK):
            pass

    def turn(self) -> bool:
        """Do what is due now; say whether there may be more. A failure is reported, and ends nothing."""
        try:
            self._plan()
            became = self._herald.turn()
        except Exception as error:  # whatever is wrong now may be right at the next turn
            self._report(Event("webhooks", False, {"error": str(error) or type(error).__name__}))
            return False
        if became:
            self._report(Event("webhooks", not became["failed"], dict(became)))
        return bool(became)

    def _plan(self) -> None:
        """Find what is new, if this process may: the lease keeps two from looking for the same in vain."""
        if self._library.hooks_due and self._library.lease("webhooks", LEASE):
            try:
                self._library.plan_hooks()
            finally:
                self._library.release("webhooks")


def _name(entry: Harvest) -> str:
    return f"harvest {entry.source}" + (f" {entry.set}" if entry.set else "")
