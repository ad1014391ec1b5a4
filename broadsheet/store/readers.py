"""Accounts, the local reader, and addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, case, func, insert, select, update

from broadsheet.errors import InputError
from broadsheet.records import Reader, Role

from . import papers
from . import schema_readers as r
from .connect import Database, among
from .freshness import stamp

READER = tuple(column for column in r.readers.c if column.name != "password")
_UNNAMED = "Reader"  # what a reader is called of whom only the address is known
COLUMNS = (*READER, r.readers.c.password.is_not(None).label("has_password"))
ACCOUNT = ("active", "banned", "deleted")  # of somebody; an address that nobody has confirmed may be anybody's
_TAKEN = {"email": "There is an account with this address already.", "handle": "This name is taken; choose another."}


class Readers:
    """Who reads here. Deleted readers keep an empty row, so that what others wrote to them still hangs together."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, number: int) -> Reader | None:
        """Return a reader by number."""
        return self._one(select(*COLUMNS).where(r.readers.c.id == number))

    def by_email(self, email: str) -> Reader | None:
        """Return a reader by address, in lower case."""
        return self._one(select(*COLUMNS).where(r.readers.c.email == email))

    def by_handle(self, handle: str) -> Reader | None:
        """Return a reader by the name that mentions and addresses have."""
        return self._one(select(*COLUMNS).where(r.readers.c.handle == handle))

    def many(self, numbers: list[int]) -> dict[int, Reader]:
        """Return readers by number."""
        with self._database.reading() as connection:
            rows = connection.execute(select(*COLUMNS).where(among(connection, r.readers.c.id, numbers))).mappings()
            return {row["id"]: reader_of(row) for row in rows}

    def all(self, limit: int, offset: int = 0) -> list[Reader]:
        """Return accounts, the oldest first; deleted ones are left out."""
        statement = select(*COLUMNS).where(r.readers.c.state != "deleted").order_by(r.readers.c.id)
        with self._database.reading() as connection:
            return [reader_of(row) for row in connection.execute(statement.limit(limit).offset(offset)).mappings()]

    def password(self, number: int) -> str | None:
        """Return the hash of a reader's password."""
        with self._database.reading() as connection:
            return connection.scalar(select(r.readers.c.password).where(r.readers.c.id == number))

    def local(self) -> Reader | None:
        """Return the local reader, if there is one and no account has been made."""
        accounts_first = case((r.readers.c.state == "local", 1), else_=0)
        counted = select(*COLUMNS).where(r.readers.c.state.in_((*ACCOUNT, "local")))
        found = self._one(counted.order_by(accounts_first, r.readers.c.id).limit(1))
        return found if found is not None and found.local else None

    def has_accounts(self) -> bool:
        """Whether an account has ever been made."""
        return self._exists(r.readers.c.state.in_(ACCOUNT))

    def has_admin(self) -> bool:
        """Whether somebody can look after accounts."""
        return self._exists((r.readers.c.role == "admin") & (r.readers.c.state == "active"))

    def make_local(self, *, now: datetime) -> Reader:
        """Make the local reader, or return the one that is there."""

        def work(connection: Connection) -> int:
            there = connection.scalar(select(r.readers.c.id).where(r.readers.c.state == "local"))
            return there or add_row(connection, name="You", role="admin", state="local", now=now)

        return self._present(self._database.durable(work))

    def add(self, *, email: str | None, name: str, handle: str | None, role: Role, now: datetime) -> Reader:
        """Make an account; without a name it is called by its number.

        Raises:
            InputError: address or name are taken.
        """

        def work(connection: Connection) -> int:
            _check_free(connection, email=email, handle=handle)
            more = {"email": email, "handle": handle, "confirmed": stamp(now) if email else None}
            number = add_row(connection, name=name, role=role, state="active", now=now, **more)
            if not name:
                name_by_number(connection, number)
            return number

        return self._present(self._database.durable(work))

    def change(self, number: int, **values: Any) -> Reader:
        """Change columns of a reader's row.

        Raises:
            InputError: address or name are taken.
        """

        def work(connection: Connection) -> None:
            unique = {name: values[name] for name in ("email", "handle") if values.get(name)}
            _check_free(connection, but=number, **unique)
            connection.execute(update(r.readers).where(r.readers.c.id == number).values(values))

        self._database.durable(work)
        return self._present(number)

    def set_role(self, number: int, role: Role) -> Reader:
        """Change what a reader may do.

        Raises:
            InputError: nobody would be left to look after accounts.
        """

        def work(connection: Connection) -> None:
            if role != "admin":
                keep_an_admin(connection, number)
            connection.execute(update(r.readers).where(r.readers.c.id == number).values(role=role))

        self._database.durable(work)
        return self._present(number)

    def ban(self, number: int) -> None:
        """Lock a reader out; votes of those who are banned do not count.

        Raises:
            InputError: nobody would be left to look after accounts.
        """

        def work(connection: Connection) -> None:
            keep_an_admin(connection, number)
            _set_state(connection, number, "banned")

        self._database.durable(work)

    def unban(self, number: int) -> None:
        """Let a banned reader in again; one who had never confirmed an address has still to do that."""
        proven = r.readers.c.email.is_(None) | r.readers.c.confirmed.is_not(None)
        state = case((r.readers.c.state != "banned", r.readers.c.state), (proven, "active"), else_="unconfirmed")
        self._database.durable(lambda c: _set_state(c, number, state))

    def with_address(self, address: str, *, now: datetime) -> Reader:
        """Return the reader of an address, or make one that has not confirmed it."""

        def work(connection: Connection) -> int:
            there = connection.scalar(select(r.readers.c.id).where(r.readers.c.email == address))
            if there is not None:
                return int(there)
            return add_row(connection, name=_UNNAMED, role="reader", state="unconfirmed", now=now, email=address)

        return self._present(self._database.durable(work))

    def confirm(self, number: int, address: str, *, now: datetime) -> Reader | None:
        """Note that a reader's address was proven; None where they are gone, or the address is another's by now."""

        def work(connection: Connection) -> bool:
            other = select(r.readers.c.id).where(r.readers.c.email == address, r.readers.c.id != number)
            if connection.scalar(other) is not None:
                return False
            state = case((r.readers.c.state == "unconfirmed", "active"), else_=r.readers.c.state)
            mine = (r.readers.c.id == number, r.readers.c.state.in_(("unconfirmed", "active", "local")))
            same = r.readers.c.email.is_(None) | (r.readers.c.email == address)
            first = func.coalesce(r.readers.c.confirmed, stamp(now))
            proven = update(r.readers).where(*mine, same).values(state=state, email=address, confirmed=first)
            return connection.execute(proven).rowcount == 1

        return self.get(number) if self._database.durable(work) else None

    def _present(self, number: int) -> Reader:
        reader = self.get(number)
        assert reader is not None
        return reader

    def _one(self, statement: Select[Any]) -> Reader | None:
        with self._database.reading() as connection:
            row = connection.execute(statement).mappings().first()
        return None if row is None else reader_of(row)

    def _exists(self, condition: ColumnElement[bool]) -> bool:
        with self._database.reading() as connection:
            return connection.scalar(select(r.readers.c.id).where(condition).limit(1)) is not None


def add_row(connection: Connection, *, name: str, role: Role, state: str, now: datetime, **more: Any) -> int:
    """Insert a reader and return the new number."""
    values = {"name": name, "role": role, "state": state, "created": stamp(now), "settings": "{}", **more}
    return int(connection.scalar(insert(r.readers).values(values).returning(r.readers.c.id)) or 0)


def reader_of(row: RowMapping | Mapping[str, Any]) -> Reader:
    """Return the reader of a row with `COLUMNS`."""
    values = {column.name: row[column.name] for column in READER}
    settings = orjson.loads(values.pop("settings"))
    return Reader(**values, settings=settings, has_password=bool(row["has_password"]))


def recount(connection: Connection, records: list[int]) -> None:
    """Write anew what lists know of the papers of these records."""
    papers.write_papers(connection, set(papers.present_of(connection, records)), {})


def name_by_number(connection: Connection, number: int) -> None:
    """Call a reader by number, until they choose a name."""
    called = {"name": f"Reader {number}", "handle": f"reader-{number}"}
    connection.execute(update(r.readers).where(r.readers.c.id == number).values(called))


def keep_an_admin(connection: Connection, but: int) -> None:
    """Check, within the transaction that takes an admin's powers, that another is left.

    Raises:
        InputError: nobody would be left to look after accounts.
    """
    admins = select(r.readers.c.id).where(r.readers.c.role == "admin", r.readers.c.state == "active")
    if set(connection.scalars(admins.limit(2).order_by(r.readers.c.id != but))) == {but}:
        raise InputError("Nobody else is an admin; make somebody one first.")


def _set_state(connection: Connection, number: int, state: str | ColumnElement[str]) -> None:
    connection.execute(update(r.readers).where(r.readers.c.id == number).values(state=state))
    recount(connection, list(connection.scalars(select(r.votes.c.record).where(r.votes.c.reader == number))))


def _check_free(connection: Connection, *, but: int = 0, **values: str | None) -> None:
    for name, value in values.items():
        taken = select(r.readers.c.id).where(r.readers.c[name] == value, r.readers.c.id != but)
        if value is not None and connection.scalar(taken) is not None:
            raise InputError(_TAKEN[name], "name" if name == "handle" else name)
