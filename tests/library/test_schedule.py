"""When digests are due, in any zone, across the changes of summer time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.library.schedule import next_due
from broadsheet.records import Every

ZONES = ("UTC", "Europe/Paris", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe")
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def dues(every: Every, hour: int, weekday: int, zone: ZoneInfo, start: datetime, count: int) -> list[datetime]:
    found = [start]
    for _ in range(count):
        found.append(next_due(every, hour, weekday, zone, found[-1]))
    return found[1:]


@settings(max_examples=20)
@given(moments, st.sampled_from(ZONES), st.integers(0, 23))
def test_every_local_day_has_exactly_one(start: datetime, name: str, hour: int) -> None:
    zone = ZoneInfo(name)
    days = [due.astimezone(zone).date() for due in dues("daily", hour, 0, zone, start, 400)]
    assert set(Counter(days).values()) == {1}
    assert (days[-1] - days[0]).days == 399


@settings(max_examples=40)
@given(moments, st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 6))
def test_weekdays_and_weeks(start: datetime, name: str, hour: int, weekday: int) -> None:
    zone = ZoneInfo(name)
    working = [due.astimezone(zone).weekday() for due in dues("weekdays", hour, weekday, zone, start, 10)]
    assert sorted(working) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    weekly = dues("weekly", hour, weekday, zone, start, 3)
    assert {due.astimezone(zone).weekday() for due in weekly} == {weekday}
    assert weekly[0] - start <= timedelta(days=7, hours=2)


@pytest.mark.parametrize(
    ("after", "hour", "due"),
    [
        ("2026-03-28T12:00", 2, "2026-03-29T01:00"),  # clocks skip two o'clock: it is due at three, local time
        ("2026-03-29T01:00", 2, "2026-03-30T00:00"),
        ("2026-10-24T12:00", 2, "2026-10-25T00:00"),  # clocks show two o'clock twice: the first counts
        ("2026-10-25T00:00", 2, "2026-10-26T01:00"),
    ],
)
def test_summer_time_in_paris(after: str, hour: int, due: str) -> None:
    found = next_due("daily", hour, 0, ZoneInfo("Europe/Paris"), datetime.fromisoformat(after + "+00:00"))
    assert found == datetime.fromisoformat(due + "+00:00")
