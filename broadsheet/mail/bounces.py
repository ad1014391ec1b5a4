"""Mail that came back: delivery reports (RFC 3464) and complaints (RFC 5965), from a file, a Maildir or over IMAP.

Anyone can write such a mail, so one counts only where it holds the Message-ID of a letter of ours: those are signed.
"""

from __future__ import annotations

import imaplib
import mailbox
import os
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from broadsheet.errors import SettingsError, Unavailable

_MESSAGE_ID = re.compile(rb"^message-id:\s*<([^<>\s]{1,200})>", re.I | re.M)
_MOST_BYTES = 1 << 20  # of one mail that are looked at
_TIMEOUT = 30.0
_ABOUT_THE_MAILBOX = ("5.0", "5.1", "5.2.1", "5.4", "5.5")  # others are about the letter, or a full mailbox


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail that came back says of one of our letters: its Message-ID, what happened, and in whose words.

    "gone": there is no such mailbox; "refused": this letter did not reach it, another may; "complaint": its reader
    called it spam.
    """

    message_id: str
    kind: Literal["gone", "refused", "complaint"]
    reason: str


def read(content: bytes) -> Report | None:
    """Return what a mail says of a letter; None where it is no report, or says that it may still arrive.

    One that cannot be read is no report, whatever its writer did: it must not keep others from being read.
    """
    try:
        return _read(content)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError):
        return None  # what the standard library's parser and printer trip over


def _read(content: bytes) -> Report | None:
    message = BytesParser(policy=policy.compat32).parsebytes(content[:_MOST_BYTES])
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return None
    parts = {part.get_content_type(): part for part in message.walk()}
    name = _ours(message)
    if name is None:
        return None
    if "message/feedback-report" in parts:
        return Report(name, "complaint", "Its reader's provider reported it as unwanted.")
    return _delivery(name, parts.get("message/delivery-status"))


def _ours(report: Message) -> str | None:
    """Return the Message-ID of the letter that a report gives back, whole or its head."""
    for part in report.walk():
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/global"):
            found = _MESSAGE_ID.search(part.as_bytes())
            if found:
                return found[1].decode("ascii", "replace")
    return None


def _delivery(name: str, part: Message | None) -> Report | None:
    groups = part.get_payload() if part is not None else None
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, Message) and str(group.get("Action", "")).strip().lower() == "failed":
            status = str(group.get("Status", "")).strip()
            said = " ".join(str(group.get("Diagnostic-Code", "")).split()) or status
            kind: Literal["gone", "refused"] = "gone" if status.startswith(_ABOUT_THE_MAILBOX) else "refused"
            return Report(name, kind, said[:300])
    return None


def collect(address: str, take: Callable[[Report], None]) -> int:
    """Read all mail that came to a place, tell what it reports, and put it aside; return how many mails there were.

    `address` is a file in mbox form, a Maildir, or `imaps://USER:PASSWORD@HOST/MAILBOX` (also `imap://`). What was
    read is emptied (a file), marked as seen in `cur` (a Maildir), or flagged as seen (IMAP), each mail after its
    report was taken: a crash between makes it be read again, which changes nothing.

    Raises:
        SettingsError: there is no such place.
        Unavailable: the IMAP server cannot be used now.
    """
    parts = urlsplit(address)
    if parts.scheme in ("imap", "imaps"):
        return _from_imap(address, take)
    path = Path(unquote(parts.path) if parts.scheme == "file" else address).expanduser()
    if (path / "new").is_dir():
        return _from_maildir(path, take)
    if path.is_file():
        return _from_file(path, take)
    raise SettingsError(f"bounces is a mailbox file, a Maildir or imaps://USER:PASSWORD@HOST/MAILBOX, not {path}.")


def _from_maildir(path: Path, take: Callable[[Report], None]) -> int:
    count = 0
    for file in sorted((path / "new").iterdir()):
        if file.is_file():
            _told(file.read_bytes(), take)
            os.replace(file, path / "cur" / f"{file.name}:2,S")
            count += 1
    return count


def _from_file(path: Path, take: Callable[[Report], None]) -> int:
    box = mailbox.mbox(path, create=False)
    box.lock()
    try:
        keys = list(box.iterkeys())
        for key in keys:
            _told(box.get_bytes(key), take)
        if keys:
            box.clear()
            box.flush()
    finally:
        box.unlock()
        box.close()
    return len(keys)


def _from_imap(address: str, take: Callable[[Report], None]) -> int:
    parts = urlsplit(address)
    count = 0
    try:
        with _logged_in(address) as server:
            server.select(f'"{unquote(parts.path).strip("/") or "INBOX"}"')
            for number in _unseen(server):
                _, fetched = server.fetch(number, "(BODY.PEEK[])")
                _told(next((part[1] for part in fetched if isinstance(part, tuple)), b""), take)  # gone by now
                server.store(number, "+FLAGS", r"(\Seen)")
                count += 1
    except (OSError, imaplib.IMAP4.error) as error:
        raise Unavailable(f"Mail that came back cannot be read from {parts.hostname}: {error}") from error
    return count


def _logged_in(address: str) -> imaplib.IMAP4:
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "imaps":
        server: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            host, port or 993, timeout=_TIMEOUT, ssl_context=ssl.create_default_context()
        )
    else:
        server = imaplib.IMAP4(host, port or 143, timeout=_TIMEOUT)
    server.login(unquote(parts.username or ""), unquote(parts.password or ""))
    return server


def _unseen(server: imaplib.IMAP4) -> Iterator[str]:
    _, found = server.search(None, "UNSEEN")
    yield from (found[0] or b"").decode().split()


def _told(content: bytes, take: Callable[[Report], None]) -> None:
    report = read(content)
    if report is not None:
        take(report)
