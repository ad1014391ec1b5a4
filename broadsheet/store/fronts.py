"""Front pages of days, weeks and months, and what trending is made of: all read from one index, never by a scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, bindparam, func, select, update

from broadsheet.records import Attention, Paper, Reception, Signal

from . import merging, papers
from . import schema as t
from .connect import Database, Prepared

_edition = t.papers.c.edition
_NUMBERS = tuple(t.papers.c[name] for name in ("votes", *t.GAINS))
_attention = select(t.papers.c.key, _edition, *_NUMBERS)
_ORDER = tuple(t.papers.c[name].desc() for name in ("votes", "expected", "day", "key"))  # as the index has it


class Fronts:
    """Papers by the day they were announced. Days are ISO; a range includes its first and last day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, first: str, last: str) -> int:
        """Return how many papers were announced in a range of days."""
        with self._database.reading() as connection:
            return int(_COUNT.rows(connection, first=first, last=last)[0][0])

    def days(self, first: str, last: str) -> list[tuple[str, int]]:
        """Return the days of a range that have an edition, ascending, with their papers."""
        with self._database.reading() as connection:
            return [(day, count) for day, count in _DAYS.rows(connection, first=first, last=last)]

    def nearest(self, day: str) -> tuple[str | None, str | None]:
        """Return the last day before and the first day after one that have an edition."""
        with self._database.reading() as connection:
            return _edge(connection, _BEFORE, day), _edge(connection, _AFTER, day)

    def newest(self, upto: str) -> str | None:
        """Return the last day up to one that has an edition."""
        with self._database.reading() as connection:
            return _edge(connection, _UPTO, upto)

    def between(self, first: str, last: str, limit: int) -> list[Attention]:
        """Return the papers of a range that have most votes, then those of which most were expected, then the newest.

        A single day is read in the order of the index; longer ranges are read whole, from the index alone, and cut.
        """
        if first == last:
            return self._attention(_OF_DAY, day=first, limit=limit)
        return self._attention(_OF_DAYS, first=first, last=last, limit=limit)

    def latest(self, upto: str, editions: int, each: int) -> list[Attention]:
        """Return the first papers of each of the newest editions up to a day, newest edition first."""
        found: list[Attention] = []
        with self._database.reading() as connection:
            day = _edge(connection, _UPTO, upto)
            while day and editions:
                found += [Attention(*row) for row in _OF_DAY.rows(connection, day=day, limit=each)]
                day, editions = _edge(connection, _BEFORE, day), editions - 1
        return found

    def of(self, keys: Sequence[int]) -> dict[int, Attention]:
        """Return what is known of these papers; those that stand in no edition are left out."""
        with self._database.reading() as connection:
            return {row[0]: Attention(*row) for row in _OF.rows(connection, keys)}

    def series(self, keys: Sequence[int]) -> dict[int, list[Signal]]:
        """Return all dated signals of each of these papers, by kind, day and source."""
        with self._database.reading() as connection:
            found = papers.signals_of(connection, papers.members(connection, keys))
            return {key: merging.series(signals) for key, signals in found.items()}

    def receptions(self) -> list[Reception]:
        """Return how the papers that any source counted votes for were received; their authors are hashes."""
        counted = select(t.signals.c.record).where(t.signals.c.kind == "votes").distinct().subquery()
        key = func.coalesce(t.absorbed.c.key, counted.c.record)
        joined = (
            counted.outerjoin(t.absorbed, t.absorbed.c.record == counted.c.record)
            .join(t.papers, t.papers.c.key == key)
            .join(t.authorship, t.authorship.c.record == counted.c.record)
        )
        columns = select(t.papers.c.key, _edition, t.papers.c.votes, t.authorship.c.author).select_from(joined)
        people: dict[tuple[int, str, float], set[int]] = {}
        with self._database.reading() as connection:
            for key_, day, votes, author in connection.execute(columns.where(_edition.is_not(None))):
                people.setdefault((key_, day, votes), set()).add(author)
        return [Reception(day, tuple(authors), votes) for (_, day, votes), authors in people.items()]

    @staticmethod
    def authors(paper: Paper) -> list[int]:
        """Return the hashes by which `receptions` knows the authors of a paper, in its order."""
        return [hashed for author in paper.authors if (hashed := papers.author_hash(author.name)) is not None]

    def expect(self, votes: Mapping[int, float]) -> None:
        """Keep how many votes papers are expected to get."""
        statement = update(t.papers).where(t.papers.c.key == bindparam("paper")).values(expected=bindparam("number"))
        rows = [{"paper": key, "number": number} for key, number in votes.items()]
        if rows:
            self._database.bulk(lambda c: c.execute(statement, rows))

    def _attention(self, statement: Prepared, **values: Any) -> list[Attention]:
        with self._database.reading() as connection:
            return [Attention(*row) for row in statement.rows(connection, **values)]


_OF_DAY = Prepared(lambda _: _attention.where(_edition == bindparam("day")).order_by(*_ORDER).limit(bindparam("limit")))
_within = _edition.between(bindparam("first"), bindparam("last"))
_first = select(t.papers.c.key).where(_within).order_by(*_ORDER).limit(bindparam("limit"))
_OF_DAYS = Prepared(lambda _: _attention.where(t.papers.c.key.in_(_first)).order_by(*_ORDER))
_OF = Prepared(lambda among: _attention.where(among(t.papers.c.key), _edition.is_not(None)))
_COUNT = Prepared(lambda _: select(func.count()).where(_within))
_DAYS = Prepared(lambda _: select(_edition, func.count()).where(_within).group_by(_edition).order_by(_edition))
_day: ColumnElement[str] = bindparam("day", type_=Text())
_BEFORE = Prepared(lambda _: select(func.max(_edition)).where(_edition < _day))
_UPTO = Prepared(lambda _: select(func.max(_edition)).where(_edition <= _day))
_AFTER = Prepared(lambda _: select(func.min(_edition)).where(_edition > _day))


def _edge(connection: Connection, statement: Prepared, day: str) -> str | None:
    found: str | None = statement.rows(connection, day=day)[0][0]
    return found
