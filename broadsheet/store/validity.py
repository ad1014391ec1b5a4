"""What no record may have: checked once at the store's door, so that everything behind it can rely on records."""

from __future__ import annotations

import math

from broadsheet.records import SourceRecord, day_range

_DAY = 10  # characters of a date with day precision
_MAXIMUM_TEXT = 1_000_000


def fault(record: SourceRecord) -> str | None:
    """Return why a record cannot be stored, or None when it can."""
    if not record.title.strip() and record.status != "deleted":
        return "it has no title"
    if len(record.title) + len(record.abstract or "") + len(record.note or "") > _MAXIMUM_TEXT:
        return f"its text is longer than {_MAXIMUM_TEXT:,} characters"
    return _date_fault(record) or _signal_fault(record) or _text_fault(record)


def storable(text: str) -> bool:
    """Return whether every database takes a text: it holds no NUL and no half characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _date_fault(record: SourceRecord) -> str | None:
    for name, value in (("date", record.date), ("updated", record.updated), ("announced", record.announced)):
        if value and not _is_date(value):
            return f"its {name} is not of the form 2025, 2025-11 or 2025-11-03: {value[:40]!r}"
    if record.announced and len(record.announced) != _DAY:
        return f"it is announced on no single day: {record.announced!r}"
    return None


def _signal_fault(record: SourceRecord) -> str | None:
    for signal in record.signals:
        if not math.isfinite(signal.value):
            return f"its {signal.kind} is not a number"
        if signal.day and not (len(signal.day) == _DAY and _is_date(signal.day)):
            return f"its {signal.kind} has no day of the form 2025-11-03: {signal.day[:40]!r}"
    return None


def _text_fault(record: SourceRecord) -> str | None:
    """These stand in columns of text, which hold no NUL."""
    texts = [record.source, record.scheme, record.own_id, *record.identifiers]
    texts += [part for s in record.signals for part in (s.kind, s.source)]
    return "an identifier holds a NUL character" if any("\0" in part for part in texts) else None


def _is_date(text: str) -> bool:
    try:
        day_range(text)
    except ValueError:
        return False
    return True
