"""From the outbox to the mail server: takes what is due, sends it, and puts back what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from broadsheet.errors import Unavailable
from broadsheet.mail import bounces, letters, rendering
from broadsheet.mail.bounces import Report
from broadsheet.mail.rendering import Envelope
from broadsheet.mail.signing import Signer
from broadsheet.mail.smtp import ALL, Carrier, Letter, Outcome, carrier
from broadsheet.records import Mail

if TYPE_CHECKING:
    from broadsheet.library import Library

BATCH = 20  # letters at once
LEASE = 2 * ALL  # seconds: longer than all limits of sending them together
_SIGNATURE = 16  # characters of the signature in a Message-ID
_SIGNED = "message-id"


class Postman:
    """Sends the mail of one library; any number of them, in any processes, may work beside each other."""

    def __init__(self, library: Library, now: Callable[[], datetime], *, out: Carrier | None = None) -> None:
        """Read the settings of mail.

        Raises:
            SettingsError: the mail server's address or the key for signing cannot be used.
        """
        settings = library.settings
        self._library, self._now = library, now
        self._out = out or carrier(settings.smtp_url)
        self._from = str(rendering.address(settings.sender))
        self._bare = rendering.address(settings.sender).addr_spec
        key, selector = settings.dkim_key, settings.dkim_selector
        self._sign = Signer(Path(key), selector, self._bare).sign if key else None

    def turn(self) -> dict[str, int]:
        """Send up to a batch of mail that is due; return how much was sent, refused, and so on."""
        claimed = {mail.id: mail for mail in self._library.claim_mail(BATCH, LEASE)}
        ready = [letter for mail in claimed.values() if (letter := self._letter(mail)) is not None]
        outcomes = self._out.send(ready, self._library.mail_wanted) if ready else []
        self._library.mail_sent([one.number for one in outcomes if one.kind == "sent"])
        self._library.mail_given_back([one.number for one in outcomes if one.kind == "down"])
        for one in outcomes:
            self._settle(claimed[one.number], one)
        return Counter(one.kind for one in outcomes)

    def _settle(self, mail: Mail, outcome: Outcome) -> None:
        if outcome.kind == "refused":
            self._library.mail_refused(mail, outcome.reason)
        elif outcome.kind == "later":
            self._library.mail_postponed(mail, outcome.reason)
        elif outcome.kind == "down":
            self._library.set_state("mail server", outcome.reason)

    def _letter(self, mail: Mail) -> Letter | None:
        """Return mail as it goes out; None where it cannot be written, which is noted."""
        try:
            content, name = self._written(mail)
        except Unavailable:
            raise
        except Exception as error:  # whatever one letter brings out must not stop the others
            self._library.mail_postponed(mail, f"It could not be written: {str(error) or type(error).__name__}")
            return None
        return Letter(mail.id, self._bare, mail.address, name, self._sign(content) if self._sign else content)

    def _written(self, mail: Mail) -> tuple[bytes, str]:
        library, base = self._library, self._library.base
        brought = library.digest_of(mail)
        if brought is None or mail.reader is None:
            name = self._named(mail.kind, mail.id)
            headers = {"Auto-Submitted": "auto-generated"}
            envelope = Envelope(self._from, mail.address, name, self._now(), headers)
            return rendering.letter(mail.kind, mail.payload, envelope), name
        digest, papers, moment = brought
        stop, manage = library.unsubscribe_link(mail.reader), library.manage_link(mail.reader, moment)
        link = partial(library.paper_link, mail.reader, made=moment) if library.opens_count(mail.reader) else None
        told = letters.digest_told(digest, papers, base, moment, {"manage": manage, "unsubscribe": stop}, link)
        name = self._named("digest", digest.id)
        envelope = Envelope(self._from, mail.address, name, moment, self._list_headers(stop, manage))
        return rendering.letter("digest", told, envelope), name

    def _list_headers(self, stop: str, manage: str) -> dict[str, str]:
        """Return what tells mail programs that this is a list that can be left (RFC 2369, 2919, 3834, 8058)."""
        return {
            "List-Id": f"Broadsheet digests <digests.{rendering.host_of(self._library.base)}>",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Help": f"<{manage}>",
            "List-Archive": f"<{self._library.base}/>",
            "List-Owner": f"<mailto:{self._bare}>",
            "List-Post": "NO",
            "Auto-Submitted": "auto-generated",
            "Precedence": "bulk",
        }

    def _named(self, kind: str, number: int) -> str:
        """Return the Message-ID of mail: the same for ever, and nobody else can have made it."""
        signature = self._library.signature(_SIGNED, f"{kind}.{number}")[:_SIGNATURE]
        return f"{kind}.{number}.{signature}@{rendering.host_of(self._library.base)}"

    # -- mail that came back -------------------------------------------------------------------------------------------

    def collect(self) -> int:
        """Read the mail that came back, and return how much there was.

        Raises:
            SettingsError: there is no such place.
            Unavailable: the IMAP server cannot be used now.
        """
        return bounces.collect(self._library.settings.bounces, self._reported)

    def _reported(self, report: Report) -> None:
        kind, _, rest = report.message_id.partition(".")
        number = rest.partition(".")[0]
        if number.isdecimal() and self._named(kind, int(number)) == report.message_id:
            digest = int(number) if kind == "digest" else None
            self._library.mail_came_back(int(number), digest, report.kind, report.reason)
