"""One archive for both databases: a compressed tar of an SQLite file, the settings and the secret.

PostgreSQL is copied table by table into an SQLite file of the same schema, so a backup of one restores into the other.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zstandard
from sqlalchemy import Connection, Table, delete, insert, select

from broadsheet.errors import InputError, NewerSchema

from . import migrate
from .connect import Database, driver
from .schema import HEAD, metadata

_DATABASE = "broadsheet.sqlite"
_SETTINGS = (
    "settings.toml",
    "secret",
    "secret.previous",
)  # what else stands in the home folder and cannot be made again
_ROWS = 2_000
_LARGE_ROWS = 100  # of files that readers sent in


def write(database: Database, file: Path) -> None:
    """Write an archive; it appears under its name when it is complete.

    Raises:
        InputError: the file exists already.
    """
    if file.exists():
        raise InputError(f"{file} exists already; a backup overwrites nothing. Give another name.")
    with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".backup-") as folder:
        copy = Path(folder) / _DATABASE
        _copy_out(database, copy)
        packed = Path(folder) / "archive"
        with zstandard.open(packed, "wb") as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
            for path in (copy, *(database.home / name for name in _SETTINGS)):
                if path.exists():
                    archive.add(path, arcname=path.name)
        packed.chmod(0o600)
        os.replace(packed, file)


def restore(file: Path, url: str, home: Path, *, force: bool) -> None:
    """Put an archive's content in the place of what is there.

    Raises:
        InputError: the file is no backup, or there are papers already and `force` is False.
        NewerSchema: a newer Broadsheet has written the backup.
    """
    with _unpacked(file) as folder:
        _check(folder / _DATABASE)
        database = Database(url, home)
        try:
            _refuse_to_overwrite(database, force)
            _copy_in(database, folder / _DATABASE)
        finally:
            database.close()
        for name in _SETTINGS:
            if (folder / name).exists():
                shutil.copy2(folder / name, home / name)
    shutil.rmtree(home / "index", ignore_errors=True)  # it may know changes that are no more


def _copy_out(database: Database, file: Path) -> None:
    if database.embedded:
        with database.reading() as connection:
            target = sqlite3.connect(file)
            driver(connection).backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
            target.close()
        return
    copy = Database(f"sqlite:///{file}", file.parent / "copy")
    migrate.prepare(copy, migrate=True)
    with database.reading() as connection:
        copy.bulk(lambda target: _copy_tables(connection, target))
    with copy.exclusive() as connection:
        driver(connection).execute("PRAGMA journal_mode=DELETE")
    copy.close()


def _copy_in(database: Database, file: Path) -> None:
    if database.embedded:
        with database.exclusive() as connection:
            archived = sqlite3.connect(file)
            archived.backup(driver(connection))
            archived.close()
        migrate.prepare(database, migrate=True)
        return
    migrate.prepare(database, migrate=True)
    copy = Database(f"sqlite:///{file}", file.parent / "copy")
    migrate.prepare(copy, migrate=True)
    with copy.reading() as source:
        database.durable(lambda target: _copy_tables(source, target))
    copy.close()


def _copy_tables(source: Connection, target: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        target.execute(delete(table))
    for table in metadata.sorted_tables:
        many = _LARGE_ROWS if table.name == "uploads" else _ROWS
        for rows in source.execution_options(yield_per=many).execute(select(table)).mappings().partitions(many):
            target.execute(insert(table), [dict(row) for row in rows])
    for table in metadata.sorted_tables:
        _continue_numbering(target, table)


def _continue_numbering(target: Connection, table: Table) -> None:
    """Rows that came with their numbers leave PostgreSQL's own counters behind."""
    column = table.autoincrement_column
    if target.dialect.name == "postgresql" and column is not None:
        name = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
        target.exec_driver_sql(
            f"SELECT setval({name}, (SELECT coalesce(max({column.name}), 0) + 1 FROM {table.name}), false)"
        )


def _refuse_to_overwrite(database: Database, force: bool) -> None:
    if force:
        return
    with database.reading() as connection:
        occupied = migrate.revision(connection) is not None
    taken = [name for name in _SETTINGS if (database.home / name).exists()]
    if occupied or taken:
        raise InputError(f"{database.home} is in use already. Give an empty home folder, or force it to be replaced.")


def _check(file: Path) -> None:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        try:
            (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise InputError(f"The backup's database cannot be read: {error}.") from error
    connection.close()
    if found > HEAD:
        raise NewerSchema(f"The backup is of schema {found}, this program knows {HEAD}: a newer Broadsheet wrote it.")


@contextmanager
def _unpacked(file: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="broadsheet-restore-") as name:
        folder = Path(name)
        try:
            with zstandard.open(file, "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
                archive.extractall(folder, filter="data")
        except (OSError, tarfile.TarError, zstandard.ZstdError) as error:
            raise InputError(f"{file} is not a backup that can be read: {error}") from error
        if not (folder / _DATABASE).exists():
            raise InputError(f"{file} is not a backup: it holds no {_DATABASE}.")
        yield folder
