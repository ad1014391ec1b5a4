"""Logging in as somebody that an issuer of OpenID Connect knows."""

from __future__ import annotations

from broadsheet import rights
from broadsheet.errors import Forbidden, InputError
from broadsheet.library.accounts import checked_email
from broadsheet.library.sessions import Sessions
from broadsheet.records import Identity, Reader


class Identities(Sessions):
    """Who readers are elsewhere."""

    def set_out(self, network: str | None) -> None:
        """Count that somebody sets out for an issuer.

        Raises:
            TooMany: it was tried too often from this network.
        """
        self._within(rights.LOG_IN, f"network {network}")

    def come_in(self, issuer: str, subject: str, email: str | None) -> Reader:
        """Return the reader whom an issuer vouches for, made where accounts are open; `email` has been verified by it.

        An address that an issuer has verified lets in whose account it is, as a link mailed to it would.

        Raises:
            Forbidden: it is nobody here, or somebody who may not come in.
        """
        make = self.settings.registration == "open"
        number = self.store.issuers.enter(issuer, subject, _usable(email), make=make, now=self.now)
        reader = None if number is None else self.store.readers.get(number)
        if reader is None:
            raise Forbidden(
                "Nobody here is known by that. Log in as you did before, and add it under “Other ways in” on your page."
            )
        if reader.state != "active":
            raise Forbidden("This account is closed.")
        return reader

    def identities(self, reader: Reader) -> list[Identity]:
        """Return who a reader is elsewhere."""
        return self.store.issuers.of(reader.id)

    def link_identity(self, reader: Reader, issuer: str, subject: str) -> None:
        """Let a reader log in as somebody that an issuer vouches for.

        Raises:
            InputError: another account is known by that.
        """
        if not self.store.issuers.link(reader.id, issuer, subject, now=self.now):
            raise InputError("Another account here is known by that already.")

    def unlink_identity(self, reader: Reader, issuer: str, subject: str) -> None:
        """Let a reader log in so no more.

        Raises:
            InputError: there would be no other way in.
        """
        others = [one for one in self.identities(reader) if (one.issuer, one.subject) != (issuer, subject)]
        by_mail = reader.email is not None and reader.confirmed is not None
        if not (others or by_mail):
            raise InputError("This is your only way in. Confirm an address first.")
        self.store.issuers.unlink(reader.id, issuer, subject)


def _usable(email: str | None) -> str | None:
    try:
        return None if email is None else checked_email(email)
    except InputError:
        return None
