"""Accounts: who reads here, and their sessions."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256

from broadsheet.library.base import Base
from broadsheet.records import Reader

SESSION = timedelta(days=30)  # how long a session lasts without a visit
_AGENT = 200  # characters kept of what a browser calls itself


class Accounts(Base):
    """Readers and where they are logged in."""

    def reader(self, number: int) -> Reader | None:
        """Return a reader by number."""
        return self.store.readers.get(number)

    def local_reader(self) -> Reader | None:
        """Return the reader of a laptop without accounts; None once an account has been made."""
        found = self.store.readers.local()
        if found is not None or self.store.readers.has_accounts():
            return found
        return self.store.readers.make_local(now=self.now)

    def has_admin(self) -> bool:
        """Whether somebody looks after accounts; without, what others can reach is read-only."""
        return self.store.readers.has_admin()

    def start_session(self, reader: Reader, *, agent: str = "") -> str:
        """Log a reader in and return the token of the new session; nobody else has ever known it."""
        token = secrets.token_urlsafe(32)
        now = self.now
        self.store.sessions.start(reader.id, _hash(token), agent=agent[:_AGENT], now=now, expires=now + SESSION)
        return token

    def session_reader(self, token: str) -> Reader | None:
        """Return who a session belongs to, while it lasts."""
        return self.store.sessions.reader(_hash(token), now=self.now)

    def end_session(self, token: str) -> None:
        """Log a session out."""
        self.store.sessions.end(_hash(token))


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
