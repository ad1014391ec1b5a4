"""The attention that this instance's own readers give, as dated signals: counted from their rows, never kept twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from broadsheet.records import Signal

from . import schema_readers as r
from .connect import Prepared
from .merging import HERE

_counted = (
    select(r.votes.c.record, r.votes.c.reader, r.votes.c.made)
    .join(r.readers, r.readers.c.id == r.votes.c.reader)
    .where(r.readers.c.state != "banned")
)
_COUNTED = Prepared(lambda among: _counted.where(among(r.votes.c.record)).order_by(r.votes.c.made))
_written = select(r.comments.c.record, r.comments.c.made).where(r.comments.c.deleted.is_(None))
_WRITTEN = Prepared(lambda among: _written.where(among(r.comments.c.record)))


def signals_of(connection: Connection, paper_of: Mapping[int, int]) -> dict[int, list[Signal]]:
    """Return the signals that readers gave to papers, given the paper of each record.

    A reader has one vote a paper, also where its records were voted for apart.
    """
    first: dict[int, dict[int, str]] = defaultdict(dict)
    for record, reader, made in _COUNTED.rows(connection, paper_of):
        first[paper_of[record]].setdefault(reader, made[:10])
    said: dict[int, list[str]] = defaultdict(list)
    for record, made in _WRITTEN.rows(connection, paper_of):
        said[paper_of[record]].append(made[:10])
    return {
        key: _totals("comments", said.get(key, ())) + _totals("votes", first.get(key, {}).values())
        for key in (*first, *(key for key in said if key not in first))
    }


def _totals(kind: str, days: Iterable[str]) -> list[Signal]:
    """Return the total of each day on which there was one more."""
    total, signals = 0, []
    for day, count in sorted(Counter(days).items()):
        total += count
        signals.append(Signal(kind, day, float(total), HERE))
    return signals
