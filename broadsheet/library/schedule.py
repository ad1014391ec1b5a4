"""When digests are due: pure arithmetic of local days, across the changes of summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from broadsheet.records import Every

_SATURDAY = 5


def next_due(every: Every, hour: int, weekday: int, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first moment after another (both UTC) at which a digest is due.

    That is when clocks in the reader's zone show `hour`, on each day, each weekday, or each week on `weekday` (0 is
    Monday). Where clocks skip the hour it is due an hour later, where they show it twice the first time, so that a
    day has exactly one.
    """
    day = after.astimezone(zone).date() - timedelta(days=1)
    while True:
        moment = datetime.combine(day, time(hour), zone).astimezone(UTC)
        if moment > after and _has_one(every, weekday, day):
            return moment
        day += timedelta(days=1)


def _has_one(every: Every, weekday: int, day: date) -> bool:
    if every == "weekly":
        return day.weekday() == weekday
    return every == "daily" or day.weekday() < _SATURDAY
