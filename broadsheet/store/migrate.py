"""The schema's age: create, migrate, or say why not."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from broadsheet.errors import NewerSchema, StoreError

from .connect import Database, driver
from .schema import HEAD

_FOLDER = Path(__file__).parent / "migrations"


def revision(connection: Connection) -> str | None:
    """Return which migration a database stands at, or None when it is empty.

    Raises:
        StoreError: the database holds tables of something else.
    """
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)
    if tables:
        raise StoreError(
            f"The database holds tables that are not Broadsheet's ({', '.join(tables[:3])}); give it its own."
        )
    return None


def prepare(database: Database, *, migrate: bool) -> None:
    """Bring a database to this program's schema: create it, or migrate it after a backup (SQLite) or when told to.

    Raises:
        NewerSchema: a newer Broadsheet has written it.
        StoreError: it is an older PostgreSQL database and `migrate` is False, or it holds something else.
    """
    with database.reading() as connection:
        current = revision(connection)
    if current == HEAD:
        return
    with database.exclusive() as connection:
        with connection.begin():
            current = revision(connection)  # another process may have been first
        if current == HEAD:
            return
        _check(current, database, migrate)
        if current is not None and database.embedded:
            _copy_aside(connection, database.home, current)
        upgrade(connection)


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run the migrations up to one, each in its own transaction."""
    from alembic import command  # a tenth of a second that only a new or old database has to pay
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _check(current: str | None, database: Database, migrate: bool) -> None:
    if current is None:
        return
    if current > HEAD:
        raise NewerSchema(
            f"The store is at schema {current}, this program knows {HEAD}: a newer Broadsheet has written it. "
            "Install that one, or restore a backup into another home folder."
        )
    if not database.embedded and not migrate:
        raise StoreError(
            f"The store is at schema {current} and this program needs {HEAD}. Back it up, stop other Broadsheet "
            "processes, and run `broadsheet migrate`."
        )


def _copy_aside(connection: Connection, home: Path, current: str) -> None:
    """Copy an SQLite store before it is migrated."""

    folder = home / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    target = sqlite3.connect(folder / f"before-schema-{HEAD}-from-{current}.sqlite")
    driver(connection).backup(target)
    target.close()
