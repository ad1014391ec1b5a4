"""The loop: what is due when, and that one failure never stops the rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import Unavailable
from broadsheet.jobs import LEASE, RENEWAL, Event, Last, Loop, is_due, latest
from broadsheet.records import Progress
from broadsheet.settings import Harvest, Settings

if TYPE_CHECKING:
    from broadsheet.library import Library

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)

ARXIV = Harvest("arxiv", every=6)
MATHS = Harvest("arxiv", set="math", every=6)


class Shelf:
    """As much of a library as the loop asks of one: it harvests what it is told to, or fails."""

    def __init__(self, home: Path, *harvests: Harvest) -> None:
        self.settings = Settings(home=home, harvest=harvests)
        self.lag = 0
        self.harvested: list[str] = []
        self.refreshed = 0
        self.reading_due = False
        self.read = 0
        self.joining_due = False
        self.joined = 0
        self.failing: dict[str, Exception] = {}
        self.others_hold_the_lease = False
        self.renewals = 0
        self.released = 0
        self.while_harvesting: Callable[[Callable[[Progress], None]], None] = lambda progress: None
        self._states: dict[str, str] = {}

    @property
    def behind(self) -> bool:
        return self.lag > 0

    def state(self, name: str) -> str | None:
        return self._states.get(name)

    def set_state(self, name: str, value: str) -> None:
        self._states[name] = value

    def lease(self, name: str, seconds: float) -> bool:
        assert (name, seconds) == ("loop", LEASE)
        self.renewals += 1
        return not self.others_hold_the_lease

    def release(self, name: str) -> None:
        self.released += 1

    def harvest(self, source: str, *, set: str | None, refresh: bool, progress: Callable[[Progress], None]) -> Any:
        assert not refresh
        name = f"{source} {set or ''}".strip()
        if name in self.failing:
            raise self.failing[name]
        self.while_harvesting(progress)
        self.harvested.append(name)
        self.lag += 10
        return {"new": 10}

    def read_again(self, *, progress: Callable[[Progress], None]) -> Any:
        if "read again" in self.failing:
            raise self.failing["read again"]
        self.reading_due = False
        self.read += 1
        return {"read": 10}

    def join_missing(self, *, progress: Callable[[Progress], None]) -> Any:
        self.joining_due = False
        self.joined += 1
        return {"joined": 3}

    def refresh(self, *, progress: Callable[[Progress], None]) -> Any:
        if "refresh" in self.failing:
            raise self.failing["refresh"]
        self.lag = 0
        self.refreshed += 1
        return {"indexed": 10}


class Stopped(BaseException):
    """What a signal would raise."""


class House:
    """A loop with its shelf and a clock that moves when told to."""

    def __init__(self, home: Path, *harvests: Harvest) -> None:
        self.now = NOON
        self.shelf = Shelf(home, *harvests)
        self.events: list[Event] = []
        self.loop = self.another()

    def another(self) -> Loop:
        library = cast("Library", self.shelf)
        return Loop(library, now=lambda: self.now, sleep=self.sleep, report=self.events.append)

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.now - NOON >= timedelta(days=1):
            raise Stopped


def test_a_day_has_the_harvests_it_should(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV)
    with pytest.raises(Stopped):
        house.loop.run()
    assert house.shelf.harvested == ["arxiv"] * 4
    assert house.shelf.refreshed == 4


def test_nothing_is_harvested_unasked_and_the_lease_is_left_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.loop.turn()
    assert not house.events
    assert not house.shelf.renewals


def test_changes_made_elsewhere_are_indexed(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.shelf.lag = 3
    house.loop.turn()
    assert [(event.job, event.ok) for event in house.events] == [("refresh", True)]
    assert house.shelf.lag == 0


def test_one_source_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV, MATHS)
    house.shelf.failing["arxiv"] = Unavailable("arXiv says 503.")
    house.loop.turn()
    assert [(event.job, event.ok) for event in house.events] == [
        ("harvest arxiv", False),
        ("harvest arxiv math", True),
        ("refresh", True),
    ]
    assert house.events[0].detail == {"error": "arXiv says 503."}


def test_a_bug_in_a_source_does_not_stop_the_others_either(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV, MATHS)
    house.shelf.failing["arxiv"] = KeyError()
    house.loop.turn()
    assert house.shelf.harvested == ["arxiv math"]
    assert house.events[0].detail == {"error": "KeyError"}


def test_a_failed_harvest_is_tried_again_at_growing_distances(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV)
    house.shelf.failing["arxiv"] = Unavailable("arXiv says 503.")
    tried = []
    while house.now - NOON < timedelta(hours=12):
        before = len(house.events)
        house.loop.turn()
        tried += [(house.now - NOON) / timedelta(minutes=1)] if len(house.events) > before else []
        house.now += timedelta(minutes=5)
    assert tried == [0, 15, 45, 105, 225, 465, 705]


def test_a_failing_refresh_waits_a_minute(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.shelf.lag = 1
    house.shelf.failing["refresh"] = OSError("No space left on device")
    for _ in range(24):
        house.loop.turn()
        house.sleep(5)
    assert [event.ok for event in house.events] == [False, False]


def test_shelves_are_filled_after_all_else(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV)
    house.shelf.joining_due = True
    house.loop.turn()
    assert [event.job for event in house.events] == ["harvest arxiv", "refresh", "join shelves"]
    house.loop.turn()
    assert house.shelf.joined == 1


def test_papers_are_read_again_when_nothing_else_is_to_do(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.shelf.lag, house.shelf.reading_due = 3, True
    house.loop.turn()
    house.loop.turn()
    assert [event.job for event in house.events] == ["refresh", "read again"]
    house.shelf.reading_due, house.shelf.failing = True, {"read again": ValueError("no model")}
    house.loop.turn()
    house.loop.turn()  # not before a minute has passed
    assert [event.ok for event in house.events] == [True, True, False]


def test_who_has_no_lease_does_nothing(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV)
    house.shelf.others_hold_the_lease = True
    house.loop.turn()
    assert not house.shelf.harvested


def test_long_work_keeps_the_lease(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV)

    def slowly(progress: Callable[[Progress], None]) -> None:
        for _ in range(10):
            house.now += timedelta(seconds=RENEWAL / 2)
            progress(Progress("reading arxiv", 1, None, 1.0))

    house.shelf.while_harvesting = slowly
    house.loop.turn()
    assert house.shelf.renewals == 1 + 5


def test_the_lease_is_given_back_when_a_signal_ends_a_harvest(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV)

    def end(_: object) -> None:
        raise Stopped

    house.shelf.while_harvesting = end
    with pytest.raises(Stopped):
        house.loop.run()
    assert house.shelf.released == 1


def test_a_new_process_remembers_when_the_last_harvest_was(tmp_path: Path) -> None:
    house = House(tmp_path, ARXIV)
    house.loop.turn()
    house.now += HOUR
    house.another().turn()
    assert house.shelf.harvested == ["arxiv"]


@pytest.mark.parametrize(
    ("hours", "due"),
    [(0, False), (5.9, False), (6, True), (30, True)],
)
def test_every_counts_hours(hours: float, due: bool) -> None:
    assert is_due(ARXIV, Last(NOON - hours * HOUR), NOON, PARIS) is due


def test_without_times_it_is_once_a_day() -> None:
    assert not is_due(Harvest("arxiv"), Last(NOON - 23 * HOUR), NOON, PARIS)
    assert is_due(Harvest("arxiv"), Last(NOON - 24 * HOUR), NOON, PARIS)


def test_at_is_a_time_of_day_in_the_zone_of_the_settings() -> None:
    entry = Harvest("arxiv", at="12:30")  # in Paris 11:30 UTC in November
    half_past_eleven = NOON - 0.5 * HOUR
    assert is_due(entry, Last(half_past_eleven - timedelta(seconds=1)), half_past_eleven, PARIS)
    assert not is_due(entry, Last(half_past_eleven), NOON, PARIS)
    assert not is_due(entry, Last(half_past_eleven), half_past_eleven + 23 * HOUR, PARIS)
    assert is_due(entry, Last(half_past_eleven), half_past_eleven + 24 * HOUR, PARIS)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.times())
def test_the_latest_time_of_day_is_at_most_a_day_ago(now: datetime, at: Any) -> None:
    moment = latest(at.strftime("%H:%M"), now, PARIS)
    assert moment <= now
    assert now - moment.astimezone(UTC) <= timedelta(hours=25)  # the day summer time ends has 25


def test_what_the_store_keeps_is_read_back() -> None:
    assert Last.decode(Last(NOON, 3).encode()) == Last(NOON, 3)
    assert Last.decode(None) is None
