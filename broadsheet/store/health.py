"""How much there is, and whether it is sound."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, text

from . import schema as t


def counts(connection: Connection) -> dict[str, int]:
    """Return the number of rows of what an owner may want to know about."""
    tables = (t.papers, t.records, t.identifiers, t.changes, t.signals, t.set_aside)
    found = {str(table.name): connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    standing = select(func.count()).where(t.merges.c.undone.is_(None))
    return found | {"merges": connection.scalar(standing) or 0}


def fault(connection: Connection) -> str | None:
    """Return what is wrong, or None: the database's own check, then that papers and records fit each other."""
    if connection.dialect.name == "sqlite":
        found = connection.scalar(text("PRAGMA quick_check(1)"))
        if found != "ok":
            return f"SQLite says: {found}. Restore a backup."
    numbers = counts(connection)
    absorbed = connection.scalar(select(func.count()).select_from(t.absorbed)) or 0
    if numbers["papers"] + absorbed != numbers["records"]:
        return f"{numbers['records']} records, but {numbers['papers']} papers and {absorbed} merged records."
    lost = select(func.count()).where(t.papers.c.key.not_in(select(t.changes.c.key)))
    if missing := connection.scalar(lost):
        return f"{missing} papers have no change row, so that the index may not know them. Restore a backup."
    return None
