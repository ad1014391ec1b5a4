"""Merges that were made, and undoing one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select, update

from broadsheet.errors import NotFound

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
        sides = (t.merges.c.survivor, t.merges.c.absorbed)
        statement = statement.where(or_(*(among(connection, side, involved) for side in sides)))
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
    back = among(connection, t.absorbed.c.record, leaving)
    connection.execute(update(t.absorbed).where(back).values(key=merge.absorbed))
    pairs = {(merge.survivor, merge.absorbed), (root, merge.absorbed)}
    insert_new(connection, t.apart, [{"one": min(pair), "other": max(pair)} for pair in pairs])
    papers.give_names(connection, [root, merge.absorbed])
    deleted = papers.write_papers(connection, [root, merge.absorbed], {})
    changes.write(connection, [root, merge.absorbed], deleted)
    return root, merge.absorbed


def _absorbed_by(connection: Connection, key: int) -> set[int]:
    """Return all that joined a paper before it joined another itself."""
    found: set[int] = set()
    edge = [key]
    while edge:
        standing = select(t.merges.c.absorbed).where(t.merges.c.undone.is_(None))
        joined = connection.scalars(standing.where(among(connection, t.merges.c.survivor, edge)))
        edge = [number for number in joined if number not in found]
        found.update(edge)
    return found
