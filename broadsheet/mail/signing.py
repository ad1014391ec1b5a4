"""DKIM: the sending domain's signature over a letter (RFC 6376)."""

from __future__ import annotations

from pathlib import Path

import dkim

from broadsheet.errors import SettingsError

# RFC 8058, section 4: both headers of one-click unsubscribing must be signed.
_SIGNED = (
    *(b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"auto-submitted"),
    *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"),
)


class Signer:
    """Signs letters for the domain of an address."""

    def __init__(self, key_file: Path, selector: str, sender: str) -> None:
        """Read the key.

        Raises:
            SettingsError: the file cannot be read, or holds no private RSA key; or there is no selector.
        """
        self._domain = sender.rpartition("@")[2].strip("> ").encode()
        self._selector = selector.encode()
        if not selector:
            raise SettingsError("dkim_key needs dkim_selector beside it: the name under which the DNS has the key.")
        try:
            self._key = key_file.expanduser().read_bytes()
            self.sign(b"From: a@b\r\n\r\n")
        except OSError as error:
            raise SettingsError(f"The DKIM key {key_file} cannot be read: {error.strerror}.") from error
        except (dkim.DKIMException, ValueError) as error:
            raise SettingsError(f"The DKIM key {key_file} holds no private RSA key in PEM form: {error}") from error

    def sign(self, content: bytes) -> bytes:
        """Return a letter with the signature on top."""
        present = {line.partition(b":")[0].lower() for line in content.partition(b"\r\n\r\n")[0].split(b"\r\n")}
        headers = [name for name in _SIGNED if name in present]
        signature: bytes = dkim.sign(content, self._selector, self._domain, self._key, include_headers=headers)
        return signature + content
