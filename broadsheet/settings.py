"""One frozen Settings, read once from `settings.toml` in the home folder and the environment (which wins)."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from broadsheet.errors import SettingsError

PREFIX = "BROADSHEET_"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
REGISTRATION = ("open", "invitation", "closed")
WEBHOOKS = ("public", "any", "off")
SHORTEST_SECRET = 32
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Harvest:
    """One `[[harvest]]` table: the source, which part of it, and how often (`every`, hours) or when (`at`, HH:MM)."""

    source: str
    set: str | None = None
    every: float | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Issuer:
    """One `[[oidc]]` table: whom readers may log in by, what it knows this paper as, and what it is called here."""

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. The field `database_url` is `BROADSHEET_DATABASE_URL`, and so on for the rest."""

    home: Path = field(metadata={"help": "The one folder of all data, on a local disk."})
    database_url: str = field(default="", metadata={"help": "The store; empty means SQLite in the home folder."})
    url: str = field(default="", metadata={"help": "The public base address, for links in feeds and mail."})
    allowed_hosts: tuple[str, ...] = field(
        default=(),
        metadata={"help": "Host names to answer to, beside that of `url` and the loopback names; commas between."},
    )
    trusted_proxies: tuple[str, ...] = field(
        default=(), metadata={"help": "Addresses of proxies whose forwarding headers count; commas between."}
    )
    registration: str = field(
        default="closed", metadata={"help": "Who may make an account: `open`, `invitation` or `closed` (nobody)."}
    )
    secret: str = field(
        default="", metadata={"help": "What sessions and links are signed with; empty means a file in the home folder."}
    )
    smtp_url: str = field(
        default="",
        metadata={"help": "Where mail goes: `smtp://`, `smtps://USER:PASSWORD@HOST`, `file:///FOLDER`; empty: none."},
    )
    mail_from: str = field(
        default="", metadata={"help": "Whom mail is from; empty means `Broadsheet <broadsheet@HOST>` of `url`."}
    )
    dkim_key: str = field(default="", metadata={"help": "The file of the private key that mail is signed with."})
    dkim_selector: str = field(default="", metadata={"help": "The name under which the DNS has the public key."})
    bounces: str = field(
        default="",
        metadata={
            "help": "Where mail that came back is read: a file, a Maildir, `imaps://USER:PASSWORD@HOST/MAILBOX`."
        },
    )
    webhooks: str = field(
        default="public",
        metadata={
            "help": "Where readers may have matches posted to: `public` (https, public addresses), `any` (also http "
            "and addresses of this machine and its network), `off`."
        },
    )
    timezone: str = field(default="UTC", metadata={"help": "Which day an edition is: a name such as Europe/Paris."})
    encoder: str = field(
        default="static", metadata={"help": "`static`, `onnx:FOLDER` or `sentence-transformers:NAME`."}
    )
    reranker: str = field(
        default="",
        metadata={"help": "A folder with `model.onnx` and `tokenizer.json`: the loop reads papers by it for `rerank`."},
    )
    github_token: str = field(
        default="",
        repr=False,
        metadata={"help": "A token for GitHub's API, without rights: 5,000 questions an hour instead of 60."},
    )
    oidc: tuple[Issuer, ...] = field(
        default=(),
        metadata={"help": "Issuers of OpenID Connect to log in by; only in settings.toml, as [[oidc]] tables."},
    )
    harvest: tuple[Harvest, ...] = field(
        default=(), metadata={"help": "What the loop gathers by itself; only in settings.toml, as [[harvest]] tables."}
    )

    @property
    def store_url(self) -> str:
        """The SQLAlchemy address of the store."""
        return self.database_url or f"sqlite:///{self.home / 'broadsheet.sqlite'}"

    @property
    def sender(self) -> str:
        """Whom mail is from."""
        return self.mail_from or f"Broadsheet <broadsheet@{urlsplit(self.url).hostname or 'localhost'}>"

    @property
    def index_folder(self) -> Path:
        """Where snapshots live; the whole folder may be deleted at any time."""
        return self.home / "index"


_TABLES = ("harvest", "oidc")


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of this machine.

    Raises:
        SettingsError: a setting is unknown, of the wrong kind, or the file is not TOML.
    """
    home = Path(environ.get("BROADSHEET_HOME") or platformdirs.user_data_dir("broadsheet")).expanduser().absolute()
    values = _from_file(home / "settings.toml") | _from_environment(environ)
    settings = Settings(**{**values, "home": home})
    _check(settings)
    return settings


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {PREFIX + f.name.upper(): f.name for f in fields(Settings) if f.name not in ("home", *_TABLES)}
    return {name: _parsed(name, environ[variable]) for variable, name in names.items() if environ.get(variable)}


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    known = {f.name for f in fields(Settings)} - {"home"}
    if unknown := sorted(set(table) - known):
        raise SettingsError(
            f"{path} has unknown settings: {', '.join(unknown)}. Known are: {', '.join(sorted(known))}."
        )
    return {name: _parsed(name, value) for name, value in table.items()}


def _parsed(name: str, value: object) -> object:
    if name == "harvest":
        return _harvests(value)
    if name == "oidc":
        return _issuers(value)
    if name in ("allowed_hosts", "trusted_proxies"):
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list):
            raise SettingsError(f"{name} is a list of names, or names with commas between.")
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if not isinstance(value, str):
        raise SettingsError(f"{name} is a text, not {value!r}.")
    return value


def _harvests(value: object) -> tuple[Harvest, ...]:
    if not isinstance(value, list):
        raise SettingsError("Write harvests as [[harvest]] tables.")
    try:
        harvests = tuple(Harvest(**table) for table in value)
    except TypeError as error:
        raise SettingsError(f"A [[harvest]] table takes source, set, every and at: {error}") from error
    for harvest in harvests:
        _check_times(harvest)
    return harvests


def _issuers(value: object) -> tuple[Issuer, ...]:
    if not isinstance(value, list):
        raise SettingsError("Write issuers as [[oidc]] tables.")
    issuers = []
    for table in value:
        try:
            issuers.append(Issuer(**table))
        except TypeError as error:
            names = ", ".join(f.name for f in fields(Issuer))
            raise SettingsError(f"An [[oidc]] table takes {names}: {error}") from error
        _check_issuer(issuers[-1])
    if len({one.name for one in issuers}) < len(issuers):
        raise SettingsError("Two [[oidc]] tables have the same name.")
    return tuple(issuers)


def _check_issuer(issuer: Issuer) -> None:
    if not all(isinstance(getattr(issuer, f.name), str) and getattr(issuer, f.name) for f in fields(Issuer)):
        raise SettingsError(f"Each value of an [[oidc]] table is a text: {issuer}.")
    if not _NAME.fullmatch(issuer.name):
        raise SettingsError(f"The name of an issuer has small letters, digits and -, unlike {issuer.name!r}.")
    parts = urlsplit(issuer.issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES):
        raise SettingsError(f"An issuer is an address with https, not {issuer.issuer!r}.")


def _check_times(harvest: Harvest) -> None:
    if harvest.every is not None and not (isinstance(harvest.every, int | float) and harvest.every > 0):
        raise SettingsError(f"`every` is a number of hours above 0, not {harvest.every!r}.")
    try:
        time.fromisoformat(harvest.at or "00:00")
    except (TypeError, ValueError) as error:
        raise SettingsError(f'`at` is a time of day such as "06:30", not {harvest.at!r}.') from error


def _check(settings: Settings) -> None:
    if settings.registration not in REGISTRATION:
        raise SettingsError(f"registration is one of {', '.join(REGISTRATION)}, not {settings.registration!r}.")
    if settings.webhooks not in WEBHOOKS:
        raise SettingsError(f"webhooks is one of {', '.join(WEBHOOKS)}, not {settings.webhooks!r}.")
    if 0 < len(settings.secret) < SHORTEST_SECRET:
        raise SettingsError(f"secret needs at least {SHORTEST_SECRET} characters, chosen by chance.")
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"timezone {settings.timezone!r} is not known; write one such as Europe/Paris.") from error
