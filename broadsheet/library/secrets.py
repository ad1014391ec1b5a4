"""Signing: sessions, forms and links that only this instance can have made."""

from __future__ import annotations

import os
import secrets
import tempfile
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from itsdangerous import BadData, Signer, URLSafeSerializer

from broadsheet.errors import InputError
from broadsheet.library.base import Base

_BYTES = 32
_DERIVED = "hmac"  # how the secret becomes one for each purpose


class Secrets(Base):
    """What is signed for one purpose is worth nothing for another."""

    def signature(self, purpose: str, text: str) -> str:
        """Return the signature (HMAC-SHA-256, RFC 2104) of a text: 43 characters that may stand in an address."""
        return self._signer(purpose).get_signature(text).decode()

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """Say whether a signature is this instance's, made with its present or its previous secret."""
        return self._signer(purpose).verify_signature(text.encode("utf-8", "replace"), signature)

    def seal(self, purpose: str, value: Any, *, seconds: float | None = None) -> str:
        """Return a value (anything JSON) as text for a link or cookie: readable by all, valid for a while or always."""
        until = None if seconds is None else round(self.now.timestamp() + seconds)
        return str(self._serializer(purpose).dumps([until, value]))

    def unseal(self, purpose: str, sealed: str) -> Any:
        """Return the value that was sealed.

        Raises:
            InputError: it was not sealed here for this purpose, or its time is over.
        """
        try:
            until, value = self._serializer(purpose).loads(sealed)
        except BadData as error:
            raise InputError("This link is not complete; copy all of it.") from error
        if until is not None and self.now.timestamp() > until:
            raise InputError("This link is too old; ask for a new one.")
        return value

    def _signer(self, purpose: str) -> Signer:
        return Signer(self._secrets, salt=purpose, key_derivation=_DERIVED, digest_method=sha256)

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        how = {"key_derivation": _DERIVED, "digest_method": sha256}
        return URLSafeSerializer(self._secrets, salt=f"seal {purpose}", signer_kwargs=how)

    @cached_property
    def _secrets(self) -> list[str]:
        """The previous secret, where there is one, and the present."""
        present = self.settings.secret or _kept(self.settings.home / "secret")
        previous = self.settings.home / "secret.previous"
        return [previous.read_text(), present] if previous.exists() else [present]


def _kept(file: Path) -> str:
    """Return the secret of a file that only its owner can read, made by chance where it is missing."""
    if not file.exists():
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".secret-")  # mode 0600
        with open(handle, "w") as stream:
            stream.write(secrets.token_urlsafe(_BYTES))
        try:
            os.link(name, file)  # another process may have been first: then its secret is the one
        except FileExistsError:
            pass
        finally:
            os.unlink(name)
    return file.read_text()
