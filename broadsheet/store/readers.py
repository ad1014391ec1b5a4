"""Accounts, the local reader, and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Select, case, insert, select

from broadsheet.records import Reader, Role

from . import schema_readers as r
from .connect import Database
from .freshness import stamp

READER = tuple(column for column in r.readers.c if column.name != "password")
COLUMNS = (*READER, r.readers.c.password.is_not(None).label("has_password"))


class Readers:
    """Who reads here. Deleted readers keep an empty row, so that what others wrote to them still hangs together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, number: int) -> Reader | None:
        """Return a reader by number."""
        return self._one(select(*COLUMNS).where(r.readers.c.id == number))

    def local(self) -> Reader | None:
        """Return the local reader, if there is one and no account has been made."""
        accounts_first = case((r.readers.c.state == "local", 1), else_=0)
        found = self._one(select(*COLUMNS).order_by(accounts_first, r.readers.c.id).limit(1))
        return found if found is not None and found.local else None

    def has_accounts(self) -> bool:
        """Whether an account has ever been made."""
        with self._database.reading() as connection:
            return connection.scalar(select(r.readers.c.id).where(r.readers.c.state != "local").limit(1)) is not None

    def has_admin(self) -> bool:
        """Whether somebody can look after accounts."""
        admins = select(r.readers.c.id).where(r.readers.c.role == "admin", r.readers.c.state == "active").limit(1)
        with self._database.reading() as connection:
            return connection.scalar(admins) is not None

    def make_local(self, *, now: datetime) -> Reader:
        """Make the local reader, or return the one that is there."""

        def work(connection: Connection) -> int:
            there = connection.scalar(select(r.readers.c.id).where(r.readers.c.state == "local"))
            return there or add_row(connection, name="You", role="admin", state="local", now=now)

        return self._present(self._database.durable(work))

    def _present(self, number: int) -> Reader:
        reader = self.get(number)
        assert reader is not None
        return reader

    def _one(self, statement: Select[Any]) -> Reader | None:
        with self._database.reading() as connection:
            row = connection.execute(statement).mappings().first()
        return None if row is None else reader_of(row)


def add_row(connection: Connection, *, name: str, role: Role, state: str, now: datetime, **more: Any) -> int:
    """Insert a reader and return the new number."""
    values = {"name": name, "role": role, "state": state, "created": stamp(now), "settings": "{}", **more}
    return int(connection.scalar(insert(r.readers).values(values).returning(r.readers.c.id)) or 0)


def reader_of(row: RowMapping | Mapping[str, Any]) -> Reader:
    """Return the reader of a row with `COLUMNS`."""
    values = {column.name: row[column.name] for column in READER}
    settings = orjson.loads(values.pop("settings"))
    return Reader(**values, settings=settings, has_password=bool(row["has_password"]))
