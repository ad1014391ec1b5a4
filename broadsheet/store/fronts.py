"""Front pages of days, weeks and months, and what trending is made of: all read from one index, never by a scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select, update

from broadsheet.records import Attention, Signal

from . import merging, papers
from . import schema as t
from .connect import Database, among

_edition = t.papers.c.edition
_NUMBERS = tuple(t.papers.c[name] for name in ("votes", *t.GAINS))
_ATTENTION = select(t.papers.c.key, _edition, *_NUMBERS)
_ORDER = tuple(t.papers.c[name].desc() for name in ("votes", "expected", "day", "key"))  # as the index has it


class Fronts:
    """Papers by the day they were announced. Days are ISO; a range includes its first and last day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, first: str, last: str) -> int:
        """Return how many papers were announced in a range of days."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).where(_edition.between(first, last))) or 0

    def days(self, first: str, last: str) -> list[tuple[str, int]]:
        """Return the days of a range that have an edition, ascending, with their papers."""
        statement = select(_edition, func.count()).where(_edition.between(first, last)).group_by(_edition)
        with self._database.reading() as connection:
            return [(day, count) for day, count in connection.execute(statement.order_by(_edition))]

    def nearest(self, day: str) -> tuple[str | None, str | None]:
        """Return the last day before and the first day after one that have an edition."""
        with self._database.reading() as connection:
            return _edge(connection, _LAST, _edition < day), _edge(connection, func.min(_edition), _edition > day)

    def newest(self, upto: str) -> str | None:
        """Return the last day up to one that has an edition."""
        with self._database.reading() as connection:
            return _edge(connection, _LAST, _edition <= upto)

    def between(self, first: str, last: str, limit: int) -> list[Attention]:
        """Return the papers of a range that have most votes, then those of which most were expected, then the newest.

        A range within one day is read in order; longer ones are read whole, from the index alone, and cut.
        """
        within = and_(_edition == first) if first == last else _edition.between(first, last)
        chosen = select(t.papers.c.key).where(within)
        with self._database.reading() as connection:
            keys = list(connection.scalars(chosen.order_by(*_ORDER).limit(limit)))
            return _read(connection, keys)

    def latest(self, upto: str, editions: int, each: int) -> list[Attention]:
        """Return the first papers of each of the newest editions up to a day, newest edition first."""
        found: list[int] = []
        with self._database.reading() as connection:
            day = _edge(connection, _LAST, _edition <= upto)
            while day and editions:
                found += connection.scalars(_FIRST_OF_DAY, {"edition": day, "each": each})
                day, editions = connection.scalar(_BEFORE, {"edition": day}), editions - 1
            return _read(connection, found)

    def of(self, keys: Sequence[int]) -> dict[int, Attention]:
        """Return what is known of these papers; those that stand in no edition are left out."""
        with self._database.reading() as connection:
            return {found.key: found for found in _read(connection, keys)}

    def series(self, keys: Sequence[int]) -> dict[int, list[Signal]]:
        """Return all dated signals of each of these papers, by kind, day and source."""
        with self._database.reading() as connection:
            found = papers.signals_of(connection, papers.members(connection, keys))
            return {key: merging.series(signals) for key, signals in found.items()}

    def expect(self, votes: Mapping[int, float]) -> None:
        """Keep how many votes papers are expected to get."""
        statement = update(t.papers).where(t.papers.c.key == bindparam("paper")).values(expected=bindparam("votes"))
        rows = [{"paper": key, "votes": number} for key, number in votes.items()]
        if rows:
            self._database.bulk(lambda c: c.execute(statement, rows))


_FIRST_OF_DAY: Select[int] = (
    select(t.papers.c.key).where(_edition == bindparam("edition")).order_by(*_ORDER).limit(bindparam("each"))
)
_LAST: ColumnElement[str] = func.max(_edition)
_BEFORE: Select[str] = select(_LAST).where(_edition < bindparam("edition"))


def _edge(connection: Connection, which: ColumnElement[str], condition: ColumnElement[bool]) -> str | None:
    return connection.scalar(select(which).where(condition))


def _read(connection: Connection, keys: Sequence[int]) -> list[Attention]:
    rows = connection.execute(_ATTENTION.where(among(connection, t.papers.c.key, keys), _edition.is_not(None)))
    found = {row[0]: Attention(row[0], *row[1:]) for row in rows}
    return [found[key] for key in keys if key in found]
