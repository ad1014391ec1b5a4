"""Who readers are at issuers of OpenID Connect."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from broadsheet.records import Identity

from . import schema_readers as r
from .connect import Database
from .freshness import stamp
from .readers import add_row, name_by_number

_OF = r.identities.c


class Issuers:
    """The identities of all readers: one subject of one issuer is one reader."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, reader: int) -> list[Identity]:
        """Return the identities of a reader, the oldest first."""
        mine = select(_OF.issuer, _OF.subject, _OF.made).where(_OF.reader == reader).order_by(_OF.made, _OF.issuer)
        with self._database.reading() as connection:
            return [Identity(*row) for row in connection.execute(mine)]

    def subject(self, reader: int, issuer: str) -> str | None:
        """Return who a reader is at an issuer; the first they added, where they are several."""
        return next((one.subject for one in self.of(reader) if one.issuer == issuer), None)

    def link(self, reader: int, issuer: str, subject: str, *, now: datetime) -> bool:
        """Let a reader be known by a subject; False where it is another reader's."""

        def work(connection: Connection) -> bool:
            owner = _owner(connection, issuer, subject)
            if owner is None:
                _add(connection, reader, issuer, subject, now)
            return owner in (None, reader)

        return self._database.durable(work)

    def unlink(self, reader: int, issuer: str, subject: str) -> None:
        """Know a reader by a subject no more."""
        mine = delete(r.identities).where(_OF.issuer == issuer, _OF.subject == subject, _OF.reader == reader)
        self._database.durable(lambda c: c.execute(mine))

    def enter(self, issuer: str, subject: str, email: str | None, *, make: bool, now: datetime) -> int | None:
        """Return the number of the reader that a subject is: known already, or of its verified address, or a new one.

        None where it is nobody, and `make` does not let it become somebody.
        """

        def work(connection: Connection) -> int | None:
            owner = _owner(connection, issuer, subject)
            if owner is not None:
                return owner
            number = _proven(connection, email, now)
            if number is None and make and not _taken(connection, email):
                proven = {"email": email, "confirmed": email and stamp(now)}
                number = add_row(connection, name="", role="reader", state="active", now=now, **proven)
                name_by_number(connection, number)
            if number is not None:
                _add(connection, number, issuer, subject, now)
            return number

        return self._database.durable(work)


def _owner(connection: Connection, issuer: str, subject: str) -> int | None:
    return connection.scalar(select(_OF.reader).where(_OF.issuer == issuer, _OF.subject == subject))


def _add(connection: Connection, reader: int, issuer: str, subject: str, now: datetime) -> None:
    row = {"issuer": issuer, "subject": subject, "reader": reader, "made": stamp(now)}
    connection.execute(insert(r.identities).values(row))


def _proven(connection: Connection, email: str | None, now: datetime) -> int | None:
    """Return the reader of an address that was just proven; None where nobody has it, or one who may not come in."""
    if email is None:
        return None
    mine = (r.readers.c.email == email, r.readers.c.state.in_(("active", "unconfirmed")))
    number = connection.scalar(select(r.readers.c.id).where(*mine))
    if number is not None:
        connection.execute(update(r.readers).where(*mine).values(state="active", confirmed=stamp(now)))
    return number


def _taken(connection: Connection, email: str | None) -> bool:
    return email is not None and connection.scalar(select(r.readers.c.id).where(r.readers.c.email == email)) is not None
