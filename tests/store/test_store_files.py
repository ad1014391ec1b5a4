"""Opening, migrating, backing up and restoring."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from making import NOW, add, contents, only, record
from sqlalchemy import create_engine, text

from broadsheet.errors import InputError, NewerSchema, SettingsError, StoreError, Unavailable
from broadsheet.store import Store, migrate
from broadsheet.store.connect import Database
from broadsheet.store.schema import HEAD, metadata


def set_revision(url: str, revision: str) -> None:
    engine = create_engine(Database(url, Path("/tmp")).url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
    engine.dispose()


def test_migrations_make_exactly_the_schema(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url, tmp_path / "home")
    migrate.prepare(database, migrate=False)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_the_newest_migration_is_the_programs() -> None:
    folder = Path(migrate.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [HEAD]


def test_a_store_stays_when_opened_again(database_url: str, tmp_path: Path) -> None:
    with Store(database_url, tmp_path / "home") as store:
        key = only(store, record("a"))
    with Store(database_url, tmp_path / "home") as store:
        assert [paper.key for paper in store.papers([key])] == [key]


def test_a_newer_schema_is_refused(database_url: str, tmp_path: Path) -> None:
    Store(database_url, tmp_path / "home").close()
    set_revision(database_url, "9999")
    with pytest.raises(NewerSchema, match="9999"):
        Store(database_url, tmp_path / "home", migrate=True)


def test_an_older_postgresql_waits_to_be_told(postgres_url: str, tmp_path: Path) -> None:
    Store(postgres_url, tmp_path / "home").close()
    set_revision(postgres_url, "0000")
    with pytest.raises(StoreError, match="broadsheet migrate"):
        Store(postgres_url, tmp_path / "home")


def test_an_older_sqlite_is_copied_before_it_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'b.sqlite'}"
    with Store(url, tmp_path) as store:
        only(store, record("a"))
    set_revision(url, "0000")
    migrated = []
    monkeypatch.setattr(migrate, "upgrade", lambda connection: migrated.append(connection))
    Store(url, tmp_path).close()
    (copy,) = (tmp_path / "backups").iterdir()
    assert len(migrated) == 1
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (1,)
    connection.close()


def test_somebody_elses_database_is_refused(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    engine = create_engine(Database(database_url, tmp_path).url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE recipes (id integer)"))
    engine.dispose()
    with pytest.raises(StoreError, match="recipes"):
        Store(database_url, tmp_path / "home")


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://"])
def test_addresses_that_cannot_be_used_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        Store(url, tmp_path)


def test_a_database_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        Store(f"postgresql://nobody@/x?host={tmp_path}", tmp_path)


def filled(url: str, home: Path) -> dict[str, object]:
    with Store(url, home) as store:
        add(store, record("a", identifiers=("doi:10.1/a",)), record("b"), record("c", "Another Title of Five Words"))
        store.unmerge(store.merges()[0].id, now=NOW)
        store.set_state("secret", "s")
        (home / "settings.toml").write_text('timezone = "UTC"\n')
        (home / "secret").write_text("hidden")
        (home / "secret").chmod(0o600)
        store.backup(home / "backup.tar.zst")
        return contents(store)


@pytest.fixture
def other_url(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the other kind."""
    if database_url.startswith("sqlite"):
        url = request.getfixturevalue("postgres_url")
        assert isinstance(url, str)
        return url
    return f"sqlite:///{tmp_path / 'other' / 'broadsheet.sqlite'}"


def test_a_backup_restores_into_either_kind(database_url: str, other_url: str, tmp_path: Path) -> None:
    expected = filled(database_url, tmp_path / "home")
    archive = tmp_path / "home" / "backup.tar.zst"
    assert archive.stat().st_mode & 0o077 == 0
    Store.restore(archive, other_url, tmp_path / "other")
    with Store(other_url, tmp_path / "other") as store:
        assert contents(store) == expected
        assert store.state("secret") == "s"
        add(store, record("b", note="changed"), record("new", identifiers=("doi:10.1/a",)))
        assert store.integrity() is None
    assert (tmp_path / "other" / "secret").read_text() == "hidden"
    assert (tmp_path / "other" / "secret").stat().st_mode & 0o077 == 0


def test_restoring_replaces_only_when_forced(database_url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    expected = filled(database_url, home)
    (home / "index").mkdir()
    with Store(database_url, home) as store:
        add(store, record("d", "Something Later that Must Vanish"))
        with pytest.raises(InputError, match="in use"):
            Store.restore(home / "backup.tar.zst", database_url, home)
        Store.restore(home / "backup.tar.zst", database_url, home, force=True)
        assert contents(store) == expected  # a store that was open meanwhile sees it too
    assert not (home / "index").exists()


def test_a_backup_overwrites_nothing(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "taken"
    file.write_text("mine")
    with Store(database_url, tmp_path / "home") as store, pytest.raises(InputError, match="exists"):
        store.backup(file)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00"])
def test_what_is_no_backup_is_refused(content: bytes, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(InputError, match="not a backup"):
        Store.restore(file, database_url, tmp_path / "home")
