"""What tests of every room may ask for: a PostgreSQL, and the address of an empty database of either kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import people as people_module
import postgres
import pytest


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A running PostgreSQL, started when the first test asks for it."""
    with postgres.server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def people(tmp_path: Path) -> Iterator[people_module.People]:
    """A library with an admin, Ada, and two readers, Bob and Eve."""
    found = people_module.people(tmp_path)
    with found.library:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database: the test runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'broadsheet.sqlite'}"
    url = request.getfixturevalue("postgres_url")
    assert isinstance(url, str)
    return url
