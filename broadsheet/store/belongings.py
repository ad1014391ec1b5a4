"""Everything of one reader's, to be forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, delete, select, update

from . import schema_readers as r
from . import submissions
from .comments import wipe
from .connect import Database
from .readers import keep_an_admin, recount
from .schema import metadata

_NOBODY = "Somebody who left"
_UNTOLD = ("reader", "network", "payload", "password")  # secrets, and who is asked about
_OTHERS_NEED = ("comments", "picks")  # they stay, without what was the reader's in them


def rows(database: Database, reader: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a reader's in every table, by its name, without what is secret."""
    found = {}
    with database.reading() as connection:
        for table in metadata.sorted_tables:
            if "reader" in table.c:
                told = [column for column in table.c if column.name not in _UNTOLD and not _is_binary(column)]
                mine = connection.execute(select(*told).where(table.c.reader == reader)).mappings()
                found[str(table.name)] = [{str(name): value for name, value in row.items()} for row in mine]
    return found


def _is_binary(column: Column[Any]) -> bool:
    return isinstance(column.type, LargeBinary)


def forget(database: Database, reader: int, *, now: datetime) -> None:
    """Delete all that is a reader's; comments are emptied, and a row without name or address remains.

    Raises:
        InputError: nobody would be left to look after accounts.
    """

    def work(connection: Connection) -> None:
        keep_an_admin(connection, reader)
        voted = list(connection.scalars(select(r.votes.c.record).where(r.votes.c.reader == reader)))
        wrote = list(connection.scalars(select(r.comments.c.id).where(r.comments.c.reader == reader)))
        own = select(r.shelves.c.id).where(r.shelves.c.reader == reader)
        address = connection.scalar(select(r.readers.c.email).where(r.readers.c.id == reader))
        if address is not None:  # mail and links that went to it as to anybody
            connection.execute(delete(r.outbox).where(r.outbox.c.address == address))
            connection.execute(delete(r.links).where(r.links.c.email == address))
            connection.execute(delete(r.limits).where(r.limits.c.name.endswith(f" {address}", autoescape=True)))
        connection.execute(delete(r.saved).where(r.saved.c.shelf.in_(own)))
        submissions.forget(connection, r.submissions.c.reader == reader)
        for table in metadata.sorted_tables:
            if "reader" in table.c and table.name not in _OTHERS_NEED:
                connection.execute(delete(table).where(table.c.reader == reader))
        wipe(connection, wrote, now)
        connection.execute(update(r.picks).where(r.picks.c.reader == reader).values(byline="by an editor"))
        gone = {"email": None, "handle": None, "password": None, "timezone": None, "confirmed": None, "settings": "{}"}
        mine = update(r.readers).where(r.readers.c.id == reader)
        connection.execute(mine.values(name=_NOBODY, state="deleted", role="reader", **gone))
        recount(connection, voted)

    database.durable(work)
