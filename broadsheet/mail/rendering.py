"""From a kind of mail and what it is told to a letter with text and HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache, lru_cache
from hashlib import blake2b
from pathlib import Path
from textwrap import fill
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound

from broadsheet.errors import InputError
from broadsheet.text import latex

_FOLDER = Path(__file__).parent
_LONGEST_SUBJECT = 110
_REMEMBERED = 4_096  # texts: a day's papers stand in many digests
_UNFOLDED = SMTP.clone(max_line_length=998)  # folding would turn a long address into an encoded word


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a letter is from and to, its name for ever, when it was made, and headers beside those."""

    sender: str
    to: str
    message_id: str
    made: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


def kinds() -> list[str]:
    """Return the kinds of mail there are."""
    return sorted(path.parent.name for path in _FOLDER.glob("*/subject.txt"))


def letter(kind: str, told: Mapping[str, Any], envelope: Envelope) -> bytes:
    """Return a letter as it goes out: the same for the same arguments, byte for byte.

    Raises:
        InputError: there is no such kind of mail.
    """
    made = EmailMessage(policy=SMTP)
    made["From"] = address(envelope.sender)
    made["To"] = address(envelope.to)
    made["Subject"] = subject(kind, told)
    made["Date"] = format_datetime(envelope.made)
    made["Message-ID"] = f"<{envelope.message_id}>"
    for name, value in envelope.headers.items():
        made[name] = value
    made.set_content(text(kind, told), cte="quoted-printable")
    made.add_alternative(html(kind, told), subtype="html", cte="quoted-printable")
    made.set_boundary("=_" + blake2b(envelope.message_id.encode(), digest_size=12).hexdigest())
    return made.as_bytes(policy=_UNFOLDED)


def subject(kind: str, told: Mapping[str, Any]) -> str:
    """Return the subject of a letter, on one line."""
    line = " ".join(_render(kind, "subject.txt", told).split())
    return line if len(line) <= _LONGEST_SUBJECT else line[: _LONGEST_SUBJECT - 1].rstrip() + "…"


def text(kind: str, told: Mapping[str, Any]) -> str:
    """Return a letter as text, without lines that are empty twice."""
    lines = [line.rstrip() for line in _render(kind, "body.txt", told).strip().split("\n")]
    return "\n".join(line for n, line in enumerate(lines) if line or lines[n - 1]) + "\n"


def html(kind: str, told: Mapping[str, Any]) -> str:
    """Return a letter as a page."""
    return _render(kind, "body.html", told)


def part(name: str, told: Mapping[str, Any]) -> str:
    """Return what a template of this folder makes of what it is told."""
    return _environment(html=name.endswith(".html")).get_template(name).render(told)


def address(written: str) -> Address:
    """Return an address as a header takes it.

    Raises:
        InputError: it is none.
    """
    name, spec = parseaddr(written)
    try:
        return Address(name, addr_spec=spec)
    except (ValueError, IndexError) as error:
        raise InputError(f"{written!r} is no mail address.") from error


def host_of(url: str) -> str:
    """Return the host name of a public address."""
    return urlsplit(url).hostname or "localhost"


def _render(kind: str, part: str, told: Mapping[str, Any]) -> str:
    try:
        template = _environment(html=part.endswith(".html")).get_template(f"{kind}/{part}")
    except TemplateNotFound as error:
        raise InputError(f"There is no mail of kind {kind!r}; there is {', '.join(kinds())}.") from error
    return template.render(told)


@cache
def _environment(*, html: bool) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"plain": latex.to_text, "wrapped": _wrapped}
    return made


@lru_cache(_REMEMBERED)
def _wrapped(text: str, indent: int = 0, width: int = 72) -> str:
    """Return a text in lines that every mail program shows whole; addresses are never cut."""
    return fill(
        " ".join(text.split()),
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
