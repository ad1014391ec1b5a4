"""Links that let somebody in, each once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, insert, select

from . import schema_readers as r
from .connect import Database
from .freshness import stamp

LinkKind = Literal["login", "invite", "address"]


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for: the kind, whose address, which reader (None: not yet one), and where to go afterwards."""

    kind: LinkKind
    email: str | None
    reader: int | None
    next: str


class Links:
    """Links by the hash of what is secret in them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, token: bytes, link: Link, *, now: datetime, expires: datetime) -> None:
        """Keep a link, and drop those whose time is over."""
        values = {"kind": link.kind, "email": link.email, "reader": link.reader, "next": link.next}

        def work(connection: Connection) -> None:
            connection.execute(delete(r.links).where(r.links.c.expires < stamp(now)))
            connection.execute(insert(r.links).values(token=token, expires=stamp(expires), **values))

        self._database.durable(work)

    def get(self, token: bytes, *, now: datetime) -> Link | None:
        """Return a link that still works, and leave it."""
        with self._database.reading() as connection:
            return _found(connection, token, now)

    def take(self, token: bytes, *, now: datetime) -> Link | None:
        """Return a link that still works, for the last time."""

        def work(connection: Connection) -> Link | None:
            link = _found(connection, token, now)
            connection.execute(delete(r.links).where(r.links.c.token == token))
            return link

        return self._database.durable(work)


def _found(connection: Connection, token: bytes, now: datetime) -> Link | None:
    columns = select(r.links.c.kind, r.links.c.email, r.links.c.reader, r.links.c.next)
    row = connection.execute(columns.where(r.links.c.token == token, r.links.c.expires > stamp(now))).first()
    return None if row is None else Link(row.kind, row.email, row.reader, row.next)
