"""Merges that were made, and undoing one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select, update

from broadsheet.errors import NotFound
from broadsheet.text import normalise

from . import changes, papers
from . import schema as t
from .connect import among, insert_new


@dataclass(frozen=True, slots=True)
class Merge:
    """Two that became one: keys of the paper that stayed and of the record or paper that joined it, why, and when.

    `reason` is "identifier" (shared), "title" (with first author and year) or "title alone" (one named no authors);
    `undone` is when it was undone, or None. Times are UTC, ISO.
    """

    id: int
    survivor: int
    absorbed: int
    reason: str
    made: str
    undone: str | None = None


def listed(connection: Connection, key: int | None) -> list[Merge]:
    """Return the merges that made a paper, or all, in the order in which they were made; undone ones too."""
    statement = select(t.merges).order_by(t.merges.c.id)
    if key is not None:
        involved = {key, *connection.scalars(select(t.absorbed.c.record).where(t.absorbed.c.key == key))}
        statement = statement.where(
            or_(among(connection, t.merges.c.survivor, involved), among(connection, t.merges.c.absorbed, involved))
        )
    return [Merge(**row) for row in connection.execute(statement).mappings()]


def undo(connection: Connection, number: int, stamp: str) -> tuple[int, int]:
    """Undo a merge, so that no later record makes the two one again; return the keys of both papers.

    Raises:
        NotFound: there is no such merge, or it has been undone.
    """
    merge = connection.execute(select(t.merges).where(t.merges.c.id == number, t.merges.c.undone.is_(None))).first()
    if merge is None:
        raise NotFound(f"There is no merge {number} that could be undone; `broadsheet unmerge` lists those of a paper.")
    root = connection.scalar(select(t.absorbed.c.key).where(t.absorbed.c.record == merge.absorbed))
    assert root is not None
    connection.execute(update(t.merges).where(t.merges.c.id == number).values(undone=stamp))
    leaving = _absorbed_by(connection, merge.absorbed)
    connection.execute(delete(t.absorbed).where(t.absorbed.c.record == merge.absorbed))
    connection.execute(
        update(t.absorbed).where(among(connection, t.absorbed.c.record, leaving)).values(key=merge.absorbed)
    )
    pairs = {(merge.survivor, merge.absorbed), (root, merge.absorbed)}
    insert_new(connection, t.apart, [{"one": min(pair), "other": max(pair)} for pair in pairs])
    _name(connection, merge.absorbed)
    deleted = papers.write_papers(connection, [root, merge.absorbed], {}, {})
    changes.write(connection, [root, merge.absorbed], deleted)
    return root, merge.absorbed


def _absorbed_by(connection: Connection, key: int) -> set[int]:
    """Return all that joined a paper before it joined another itself."""
    found: set[int] = set()
    edge = [key]
    while edge:
        standing = select(t.merges.c.absorbed).where(
            among(connection, t.merges.c.survivor, edge), t.merges.c.undone.is_(None)
        )
        edge = [number for number in connection.scalars(standing) if number not in found]
        found.update(edge)
    return found


def _name(connection: Connection, key: int) -> None:
    """Give a paper that leaves another an address of its own, where all of its identifiers stay with the other."""
    for stored in papers.records_of(connection, [key])[key]:
        record = stored.record
        own = normalise.fallback(record.scheme, record.own_id)
        if key in papers.resolve(connection, [*record.identifiers, own]).values():
            return
    first = papers.records_of(connection, [key])[key][0]
    own = normalise.fallback(first.record.scheme, first.record.own_id)
    insert_new(connection, t.identifiers, [{"identifier": own, "record": first.number}])
    if papers.resolve(connection, [own])[own] != key:
        insert_new(connection, t.identifiers, [{"identifier": papers.last_resort(key), "record": first.number}])
