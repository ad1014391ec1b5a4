"""Connections: engines, the writer thread, turns between processes, and all that differs between the two databases."""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections import deque, namedtuple
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import IO, Any, Literal, TypeVar, cast

import orjson
from sqlalchemy import (
    URL,
    ClauseElement,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from broadsheet.errors import SettingsError, Unavailable

_ITS_TURN = "SELECT set_config('synchronous_commit', %(commit)s, true), pg_advisory_xact_lock(%(lock)s)"
_LOCK = 0x62726F6164  # "broad": the number of the advisory lock on PostgreSQL
_BUSY_SECONDS = 60
_CONNECTIONS = 12  # of one process for reading from PostgreSQL, which allows 100 in all
_TOGETHER = 64  # acts of readers that are written in one transaction, where as many wait
_GIVEN_WAY = 0.05  # seconds that bulk work waits at most for them
_CACHE_KIB = 128 * 1024  # the writer's pages; what is changed all over while loading fits in it
_READER_CACHE_KIB = 16 * 1024
_CHECKPOINT_PAGES = 8_000
_LISTED = "listed"  # the parameter that lists stand in

T = TypeVar("T")
A = TypeVar("A")
Row = dict[str, Any]
How = Literal["all", "new", "replacing"]
Among = Callable[[ColumnElement[Any]], ColumnElement[bool]]


class Database:
    """One database: a pool of reading connections and one writing connection that its own thread uses.

    Raises:
        SettingsError: the address is not one of SQLite or PostgreSQL.
    """

    def __init__(self, url: str, home: Path) -> None:
        self.url = _checked(url)
        self.home = home
        self.embedded = self.url.get_backend_name() == "sqlite"
        home.mkdir(parents=True, exist_ok=True)
        if self.embedded and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self.reader, self._writer = _engines(self.url)
        self._watch: sqlite3.Connection | None = (
            None  # a connection that nothing else uses: it sees all commits as those of others
        )
        self._watching = Lock()
        self._waiting: deque[_Task] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="broadsheet-writer")

    def close(self) -> None:
        """Finish what is being written and close all connections."""
        self._thread.shutdown()
        if self._watch is not None:
            self._watch.close()
        self.reader.dispose()
        self._writer.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the database throughout, and waits for no writer.

        Raises:
            Unavailable: the database cannot be reached.
        """
        with _reachable(), self.reader.connect() as connection:
            yield connection

    def version(self) -> int | None:
        """Return a number that every commit of any process changes; None where the database has none (PostgreSQL)."""
        if not self.embedded:
            return None
        with _reachable(), self._watching:
            if self._watch is None:
                self._watch = sqlite3.connect(str(self.url.database), _BUSY_SECONDS, check_same_thread=False)
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def bulk(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction of the writer thread that a power cut may undo, but never tear.

        Raises:
            Unavailable: the database cannot be reached, or stays locked by another program.
        """
        return cast(T, self._written(_Task(lambda connection, _: [work(connection)], durable=False)))

    def durable(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction of the writer thread that is on the disk when this returns.

        Raises:
            Unavailable: the database cannot be reached, or stays locked by another program.
        """
        return cast(T, self._written(_Task(lambda connection, _: [work(connection)])))

    def together(self, work: Callable[[Connection, list[A]], Sequence[T]], given: A) -> T:
        """Do as `durable` does, for what many ask at once: `work` is told all that waits for it, and returns as many.

        A batch then costs as many round trips as one act, which is most of its time where the database is elsewhere.

        Raises:
            Unavailable: the database cannot be reached, or stays locked by another program.
        """
        return cast(T, self._written(_Task(work, given)))

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """The writing connection outside a transaction while no other process writes: for migrations and restoring."""
        with _reachable(), self.turn(), self._writer.connect() as connection:
            if self.embedded:
                yield connection
                return
            with self.reader.connect() as guard, guard.begin():
                guard.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK + 1})
                yield connection

    @contextmanager
    def turn(self, *, readers: bool = False) -> Iterator[None]:
        """Wait until no other process is writing here (SQLite; PostgreSQL takes its turns inside transactions).

        What readers do goes before bulk work that would begin.
        """
        if not self.embedded:
            yield
            return
        with open(self.home / "write.lock", "ab") as lock, open(self.home / "wait.lock", "ab") as waiting:
            if readers:
                fcntl.flock(waiting, fcntl.LOCK_SH)
            else:
                _give_way(waiting)
            fcntl.flock(lock, fcntl.LOCK_EX)  # given back by closing, and by any death
            fcntl.flock(waiting, fcntl.LOCK_UN)
            yield

    def _written(self, task: _Task) -> Any:
        self._waiting.append(task)
        self._thread.submit(self._drain)
        return task.outcome.result()

    def _drain(self) -> None:
        """Write what waits: of what readers do as much as there is, in one transaction; of bulk work one piece."""
        if not self._waiting:
            return  # an earlier turn has written it
        tasks = [self._waiting.popleft()]
        while tasks[0].durable and len(tasks) < _TOGETHER and self._waiting and self._waiting[0].durable:
            tasks.append(self._waiting.popleft())
        try:
            results = self._write(tasks)
        except BaseException as error:  # whatever it is, it belongs to those who wait for the outcome
            for task in tasks:
                task.outcome.set_exception(error)
            return
        for task, result in zip(tasks, results, strict=True):
            if isinstance(result, _Failed):
                task.outcome.set_exception(result.error)
            else:
                task.outcome.set_result(result)

    def _write(self, tasks: Sequence[_Task]) -> list[Any]:
        """Write works in one transaction; where one of several fails, in another in which each can fail by itself.

        Failures are rare, and a savepoint for each work would be two round trips more.
        """
        try:
            return self._transact(tasks, _by_work)
        except OperationalError:
            raise
        except Exception:
            if len(tasks) == 1:
                raise
        return self._transact(tasks, _each_by_itself)

    def _transact(self, tasks: Sequence[_Task], run: Callable[[Connection, Sequence[_Task]], list[Any]]) -> list[Any]:
        durable = tasks[0].durable
        with _reachable(), self.turn(readers=durable), self._writer.connect() as connection:
            if self.embedded:
                level = "FULL" if durable else "NORMAL"
                driver(connection).execute(f"PRAGMA synchronous={level}")  # has no effect once a transaction began
            with connection.begin():
                if not self.embedded:
                    connection.exec_driver_sql(_ITS_TURN, {"commit": "on" if durable else "off", "lock": _LOCK})
                return run(connection, tasks)


class _Task:
    """Something to be written: the work, which may be the same for several, what it is given, and what came of it."""

    def __init__(self, work: Callable[[Connection, list[Any]], Sequence[Any]], given: Any = None, durable: bool = True):
        self.work, self.given = work, given
        self.durable = durable
        self.outcome: Future[Any] = Future()


@dataclass(frozen=True, slots=True)
class _Failed:
    """What kept one of several works of a transaction from being done."""

    error: Exception


def _by_work(connection: Connection, tasks: Sequence[_Task]) -> list[Any]:
    """Run works, each once for all tasks that have it; readers whose acts cross have not said which is first."""
    places: dict[Any, list[int]] = {}
    for place, task in enumerate(tasks):
        places.setdefault(task.work, []).append(place)
    results: list[Any] = [None] * len(tasks)
    for work, own in places.items():
        for place, result in zip(own, work(connection, [tasks[place].given for place in own]), strict=True):
            results[place] = result
    return results


def _each_by_itself(connection: Connection, tasks: Sequence[_Task]) -> list[Any]:
    return [_attempt(connection, task) for task in tasks]


def _attempt(connection: Connection, task: _Task) -> Any:
    """Run one of several works of a transaction; its failure leaves the others as they are."""
    try:
        with connection.begin_nested():
            return task.work(connection, [task.given])[0]
    except OperationalError:
        raise
    except Exception as error:
        return _Failed(error)


def _give_way(waiting: IO[bytes]) -> None:
    """Let those go first who wait with something that a reader does, but do not wait for ever."""
    until = time.monotonic() + _GIVEN_WAY
    while time.monotonic() < until:
        try:
            fcntl.flock(waiting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.001)
        else:
            return


def among(connection: Connection, column: ColumnElement[T], values: Collection[T]) -> ColumnElement[bool]:
    """Return the condition that a column has one of many values: one parameter, however many there are."""
    return _among(connection, column, partial(literal, _listed(connection, values)))


class Prepared:
    """A statement written out once for each database, which may ask for a list of values.

    Building a statement and finding it in SQLAlchemy's cache takes 0.5 to 1 ms, and handing a written one through it
    0.1; SQLite answers in 0.02 to 0.2, so it is asked directly.
    """

    def __init__(self, make: Callable[[Among], ClauseElement]) -> None:
        """`make` is given what makes the condition that a column has one of the listed values."""
        self._make = make
        self._written: dict[str, tuple[str, dict[str, Any]]] = {}
        self._row: Callable[[Iterable[Any]], Any] | None = None  # makes a row of values

    def rows(self, connection: Connection, values: Collection[Any] | None = None, **others: Any) -> Sequence[Any]:
        """Return the statement's rows for a list of values, and for its other parameters."""
        written, constants = self._written.get(connection.dialect.name) or self._write(connection)
        listed = {} if values is None else {_LISTED: _listed(connection, values)}
        values = {**constants, **listed, **others}
        if connection.dialect.name != "sqlite":
            return connection.exec_driver_sql(written, values).all()
        try:
            return self._asked(connection, written, values)
        except sqlite3.OperationalError as error:
            raise OperationalError(written, values, error) from error

    def _asked(self, connection: Connection, written: str, values: dict[str, Any]) -> list[Any]:
        if not connection.in_transaction():
            connection.begin()  # what is asked after it sees the same moment
        found = driver(connection).execute(written, values)
        if self._row is None:
            self._row = _row_of([name for name, *_ in found.description])
        return list(map(self._row, found.fetchall()))

    def _write(self, connection: Connection) -> tuple[str, dict[str, Any]]:
        made = self._make(lambda column: _among(connection, column, partial(bindparam, _LISTED)))
        compiled = made.compile(dialect=connection.dialect)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        return self._written.setdefault(connection.dialect.name, (str(compiled), constants))


def _row_of(columns: Sequence[str]) -> Callable[[Iterable[Any]], Any]:
    """Return what makes a row of values, which can be asked for by the names of the columns."""
    kind: Any = namedtuple("Row", columns, rename=True)  # type: ignore[misc] # known at run time alone
    made: Callable[[Iterable[Any]], Any] = kind._make
    return made


def _among(
    connection: Connection, column: ColumnElement[T], listed: Callable[..., ColumnElement[Any]]
) -> ColumnElement[bool]:
    """Return the condition, given what makes the parameter of a type."""
    if connection.dialect.name == "sqlite":
        table = func.json_each(listed(type_=Text())).table_valued("value")
        return column.in_(select(table.c.value))
    return column == any_(listed(type_=postgresql.ARRAY(column.type)))


def _listed(connection: Connection, values: Collection[Any]) -> Any:
    """Return a list of values as the database takes it."""
    return orjson.dumps(list(values)).decode() if connection.dialect.name == "sqlite" else list(values)


def insert_all(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, all with the same columns."""
    _many(connection, table, rows, "all")


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows that are not there yet and leave the others as they are."""
    _many(connection, table, rows, "new")


def upsert(connection: Connection, table: Table, rows: Sequence[Row], *, add: Collection[str] = ()) -> None:
    """Insert rows, or replace those that are there; columns named in `add` are added to what is there."""
    _many(connection, table, rows, "replacing", frozenset(add))


def _many(
    connection: Connection, table: Table, rows: Sequence[Row], how: How, add: frozenset[str] = frozenset()
) -> None:
    """Hand rows to the driver as they are: half of all time went into SQLAlchemy's look at each value."""
    if rows:
        written = _insertion(connection.dialect, table, tuple(rows[0]), how, add)
        connection.exec_driver_sql(written, list(rows))


@lru_cache(maxsize=256)
def _insertion(dialect: Dialect, table: Table, columns: tuple[str, ...], how: How, add: frozenset[str]) -> str:
    """Return the statement that inserts rows of these columns."""
    made: sqlite.Insert | postgresql.Insert = (sqlite if dialect.name == "sqlite" else postgresql).insert(table)
    if how == "new":
        made = made.on_conflict_do_nothing()
    elif how == "replacing":
        keys = [column.name for column in table.primary_key]
        excluded = {name: made.excluded[name] for name in columns if name not in keys}
        values = {name: table.c[name] + new if name in add else new for name, new in excluded.items()}
        made = made.on_conflict_do_update(index_elements=keys, set_=values)
    return str(made.compile(dialect=dialect, column_keys=list(columns)))


def pairs(connection: Connection, statement: Select[Any, Any]) -> dict[Any, Any]:
    """Return the rows of a statement of two columns as a mapping of the first to the second."""
    return dict(connection.execute(statement).all())


def driver(connection: Connection) -> sqlite3.Connection:
    """The sqlite3 connection underneath, for pragmas and online backup."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _checked(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise SettingsError(f"The database address {address!r} cannot be read: {error}") from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingsError(f"{url.drivername} is not supported; give sqlite:///FILE or postgresql://HOST/NAME.")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise SettingsError("The store must be a file, which many connections can share: sqlite:///FILE.")
    return url


def _engines(url: URL) -> tuple[Engine, Engine]:
    if url.get_backend_name() == "postgresql":
        # No overflow: PostgreSQL starts a process for each connection, and ends those that are over at once.
        several = {"pool_size": _CONNECTIONS, "max_overflow": 0, "pool_use_lifo": True}
        reader = _engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True, **several)
        return reader, _engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True)
    arguments = {"timeout": _BUSY_SECONDS, "check_same_thread": False}
    reader = _engine(url, connect_args=arguments, pool_size=16, max_overflow=64, paramstyle="named")
    writer = _engine(url, connect_args=arguments, pool_size=1, max_overflow=0, paramstyle="named")
    _tune(reader, "BEGIN", f"PRAGMA cache_size=-{_READER_CACHE_KIB}", "PRAGMA query_only=ON")
    _tune(
        writer,
        "BEGIN IMMEDIATE",
        "PRAGMA journal_mode=WAL",
        f"PRAGMA cache_size=-{_CACHE_KIB}",
        f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}",
    )
    return reader, writer


def _engine(url: URL, **options: Any) -> Engine:
    """Make an engine whose errors do not repeat the values of statements: addresses and tokens belong in no log."""
    return create_engine(url, hide_parameters=True, **options)


def _tune(engine: Engine, begin: str, *pragmas: str) -> None:
    """Run pragmas on each new connection and begin transactions ourselves, which sqlite3 would do too late."""

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def began(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Unavailable(f"The database did not answer: {error.orig}. Try again, or look whether it runs.") from error
