"""Letters on their way out: over SMTP, or into a folder."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from broadsheet.errors import SettingsError

CONNECTIONS = 4  # at once
COMMAND = 30.0  # seconds for one answer of the server
LETTER = 60.0  # seconds for one letter
ALL = 240.0  # seconds for everything that is sent at once: what is not done by then is tried again

Kind = Literal["sent", "refused", "later", "down", "unwanted"]
Wanted = Callable[[int], bool]  # whether the letter of this number is still to be sent: asked when its turn has come


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter ready to go: its row in the outbox, envelope addresses, its name, and its bytes."""

    number: int
    sender: str
    to: str
    message_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter.

    It was "sent"; its address was "refused" for good; it may go "later"; or the server is "down", which says nothing
    about the letter. It is "unwanted" where its reader left before its turn came. `reason` is what the server said.
    """

    number: int
    kind: Kind
    reason: str = ""


class Carrier(Protocol):
    """Whatever takes letters out."""

    def send(self, letters: Sequence[Letter], wanted: Wanted) -> list[Outcome]:
        """Send letters that are still wanted and return what became of each; takes `ALL` seconds at most."""


def carrier(url: str) -> Carrier:
    """Return what sends by the address of a mail server: `smtp://`, `smtps://` or `file:///folder`.

    Raises:
        SettingsError: the address is none of these.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/"):
        return Folder(Path(unquote(parts.path)))
    if parts.scheme in ("smtp", "smtps") and parts.hostname:
        return Server(url)
    raise SettingsError(f"smtp_url is smtp://HOST, smtps://USER:PASSWORD@HOST or file:///FOLDER, not {_shown(url)!r}.")


def _shown(url: str) -> str:
    """Return an address without what may be a password in it."""
    return f"{url.partition(':')[0]}:…{url.rpartition('@')[2][-40:]}"


class Folder:
    """Letters as files, for development; a letter sent again replaces itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letters: Sequence[Letter], wanted: Wanted) -> list[Outcome]:
        """Write each letter into a file named after its Message-ID."""
        return [self._write(one) if wanted(one.number) else Outcome(one.number, "unwanted") for one in letters]

    def _write(self, letter: Letter) -> Outcome:
        name = "".join(c if c.isalnum() or c in ".-_@" else "_" for c in letter.message_id)
        aside = self._folder / f".{name}.{os.getpid()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(letter.content)
            aside.replace(self._folder / f"{name}.eml")
        except OSError as error:
            return Outcome(letter.number, "down", f"The folder {self._folder} cannot be written to: {error.strerror}.")
        return Outcome(letter.number, "sent")


class Server:
    """A mail server. Over `smtp://` the connection is encrypted where the server offers it, and always before logging
    in; over `smtps://` from its beginning."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._secure = parts.hostname or "", parts.scheme == "smtps"
        self._port = parts.port or (465 if self._secure else 587 if parts.username else 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")

    def send(self, letters: Sequence[Letter], wanted: Wanted) -> list[Outcome]:
        """Send letters over a few connections."""
        return asyncio.run(self._all(letters, wanted))

    async def _all(self, letters: Sequence[Letter], wanted: Wanted) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        lanes = [letters[n::CONNECTIONS] for n in range(CONNECTIONS) if letters[n::CONNECTIONS]]
        with suppress(TimeoutError):
            async with asyncio.timeout(ALL):
                await asyncio.gather(*(self._lane(lane, wanted, outcomes) for lane in lanes))
        late = "The mail server took too long."
        return [outcomes.get(letter.number, Outcome(letter.number, "later", late)) for letter in letters]

    async def _lane(self, letters: Sequence[Letter], wanted: Wanted, outcomes: dict[int, Outcome]) -> None:
        """Send letters one after the other; a letter that ends the connection does not take the others with it."""
        waiting = list(letters)
        while waiting:
            try:
                async with self._connected() as client:
                    while waiting:
                        letter = waiting.pop(0)
                        if not wanted(letter.number):
                            outcomes[letter.number] = Outcome(letter.number, "unwanted")
                            continue
                        outcomes[letter.number], ended = await _sent(client, letter)
                        if ended:
                            break
            except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
                reason = f"The mail server {self._host} cannot be used: {_said(error)}"
                outcomes.update({left.number: Outcome(left.number, "down", reason) for left in waiting})
                return

    def _encryption(self) -> ssl.SSLContext:
        """Return how to encrypt: the server must prove its name, unless encryption is only better than none."""
        context = ssl.create_default_context()
        if not (self._secure or self._user):
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=COMMAND,
            use_tls=self._secure,
            start_tls=None if self._secure or not self._user else True,
            username=self._user or None,
            password=self._password or None,
            tls_context=self._encryption(),
        )
        await client.connect()
        try:
            yield client
        finally:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(2):
                    await client.quit()
            client.close()


async def _sent(client: aiosmtplib.SMTP, letter: Letter) -> tuple[Outcome, bool]:
    """Send one letter; return what became of it, and whether the connection has ended."""
    try:
        async with asyncio.timeout(LETTER):
            await client.sendmail(letter.sender, [letter.to], letter.content)
    except aiosmtplib.SMTPRecipientsRefused as error:
        refusal = error.recipients[0]
        policy = refusal.message.startswith("5.7.")  # RFC 3463: not about the address, but about us
        for_good = 500 <= refusal.code < 600 and not policy
        return Outcome(letter.number, "refused" if for_good else "later", _said(refusal)), refusal.code == 421
    except aiosmtplib.SMTPResponseException as error:
        return Outcome(letter.number, "later", _said(error)), error.code == 421 or not client.is_connected
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        return Outcome(letter.number, "later", _said(error)), True
    return Outcome(letter.number, "sent"), False


def _said(error: Exception) -> str:
    """Return what a server said, or what went wrong, on one line."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return " ".join(f"{error.code} {error.message}".split())[:300]
    return " ".join(str(error).split())[:300] or type(error).__name__
