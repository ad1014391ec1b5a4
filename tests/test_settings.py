"""Settings: the environment wins over the file, and nonsense is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from broadsheet.errors import SettingsError
from broadsheet.settings import Harvest, Settings, load


def settings(home: Path, toml: str = "", **variables: str) -> Settings:
    (home / "settings.toml").write_text(toml, encoding="utf-8")
    return load({"BROADSHEET_HOME": str(home), **variables})


def test_defaults_need_nothing(tmp_path: Path) -> None:
    found = load({"BROADSHEET_HOME": str(tmp_path)})
    assert found == Settings(home=tmp_path)
    assert found.store_url == f"sqlite:///{tmp_path / 'broadsheet.sqlite'}"
    assert found.index_folder == tmp_path / "index"
    assert found.harvest == ()


def test_home_defaults_to_the_data_folder_of_the_platform() -> None:
    assert load({}).home.name == "broadsheet"


def test_home_may_begin_with_a_tilde() -> None:
    assert load({"BROADSHEET_HOME": "~/papers"}).home == Path.home() / "papers"


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    found = settings(tmp_path, 'timezone = "Europe/Paris"\nurl = "https://a.example"', BROADSHEET_TIMEZONE="Asia/Tokyo")
    assert (found.timezone, found.url) == ("Asia/Tokyo", "https://a.example")


def test_an_empty_variable_counts_as_absent(tmp_path: Path) -> None:
    assert settings(tmp_path, 'url = "https://a.example"', BROADSHEET_URL="").url == "https://a.example"


def test_the_database_may_be_elsewhere(tmp_path: Path) -> None:
    assert settings(tmp_path, BROADSHEET_DATABASE_URL="postgresql+psycopg:///x").store_url == "postgresql+psycopg:///x"


def test_lists_are_lists_or_have_commas(tmp_path: Path) -> None:
    assert settings(tmp_path, 'allowed_hosts = ["a", "b"]').allowed_hosts == ("a", "b")
    assert settings(tmp_path, BROADSHEET_ALLOWED_HOSTS="a, b,").allowed_hosts == ("a", "b")


OIDC = "[[oidc]]\nname = 'orcid'\ntitle = 'ORCID'\nclient_id = 'x'\nclient_secret = 's3cr3t'\n"


def test_issuers_are_tables_whose_secret_is_not_shown(tmp_path: Path) -> None:
    (made,) = settings(tmp_path, f"{OIDC}issuer = 'https://orcid.org'").oidc
    assert (made.name, made.issuer, made.client_secret) == ("orcid", "https://orcid.org", "s3cr3t")
    assert "s3cr3t" not in repr(made)


def test_harvests_are_tables(tmp_path: Path) -> None:
    toml = '[[harvest]]\nsource = "arxiv"\nset = "cs"\nevery = 6\n[[harvest]]\nsource = "arxiv"\nat = "06:30"'
    assert settings(tmp_path, toml).harvest == (Harvest("arxiv", "cs", every=6), Harvest("arxiv", at="06:30"))


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("colour = 'red'", "unknown settings: colour"),
        ("url = 3", "url is a text"),
        ("url = ", "not valid TOML"),
        ("allowed_hosts = 3", "allowed_hosts is a list"),
        ("timezone = 'Mars/Olympus'", "Mars/Olympus"),
        ("timezone = '../../etc/passwd'", "not known"),
        ("harvest = 'arxiv'", "[[harvest]]"),
        ("[[harvest]]\nset = 'cs'", "source"),
        ("oidc = 'orcid'", "[[oidc]]"),
        ("[[oidc]]\nname = 'orcid'", "client_secret"),
        (f"{OIDC}issuer = 'http://orcid.org'", "an address with https"),
        (f"{OIDC.replace('orcid', 'Or/cid')}issuer = 'https://orcid.org'", "small letters"),
        ("[[harvest]]\nsource = 'arxiv'\nhourly = true", "hourly"),
        ("[[harvest]]\nsource = 'arxiv'\nevery = 0", "`every` is a number of hours above 0"),
        ("[[harvest]]\nsource = 'arxiv'\nevery = 'day'", "`every` is a number of hours above 0"),
        ("[[harvest]]\nsource = 'arxiv'\nat = 'noon'", "`at` is a time of day"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, toml: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, toml)
    assert said in str(caught.value)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load({"BROADSHEET_HOME": str(tmp_path)})
