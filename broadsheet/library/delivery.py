"""Delivery: addresses that confirm themselves, digests from follows to the outbox, and what becomes of mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from broadsheet import rights
from broadsheet.errors import Forbidden, InputError, NotFound, Unavailable
from broadsheet.library.accounts import checked_email
from broadsheet.library.follows import Follows
from broadsheet.library.newsroom import Newsroom
from broadsheet.records import Delivery as When
from broadsheet.records import Digest, Follow, Mail, Paper, Reader, Section
from broadsheet.store.digests import Looked, Planned
from broadsheet.store.freshness import stamp

CONFIRM_DAYS = 3  # that the link to confirm an address works
MANAGE_SECONDS = 60 * 86_400  # that the link to a reader's settings in a mail works
_ASKED_AGAIN = timedelta(hours=6)  # an address is asked to confirm itself at most so often
_AT_ONCE = 100  # readers whose digests are stored in one transaction
_ATTEMPTS = 40  # of a letter: about six days of trying
_FIRST_RETRY, _LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=4)
_AFTER_A_FAULT = timedelta(hours=1)
_MONTH = timedelta(days=30)


class Delivery(Follows):
    """Mail, as far as it is rows: the room `mail` makes letters of them."""

    _newsroom: Newsroom | None = None

    @property
    def no_mail(self) -> str | None:
        """Why no mail can be sent, or None where it can."""
        settings = self.settings
        if not settings.smtp_url:
            return "No mail server is named: set BROADSHEET_SMTP_URL."
        if not settings.url:
            return "Mail needs this paper's public address for its links: set BROADSHEET_URL."
        local = urlsplit(settings.smtp_url).scheme == "file"
        if urlsplit(settings.url).scheme != "https" and not local:
            return "BROADSHEET_URL must begin with https:// for mail to be sent: one-click unsubscribing needs it."
        return None

    @property
    def base(self) -> str:
        """The public address of this instance, without a slash at its end."""
        return self.settings.url.rstrip("/")

    # -- addresses -----------------------------------------------------------------------------------------------------

    def subscribe(self, address: str, reader: Reader | None = None, *, network: str | None = None) -> None:
        """Have the trending papers sent to an address once it has confirmed itself.

        What happens is the same whether the address is known or not; it is asked at most once in six hours. A reader
        with a confirmed address gets them at once.

        Raises:
            InputError: it is no address, or no mail can be sent.
            Forbidden: only those with an account may subscribe here.
            TooMany: too many addresses were asked from this network.
        """
        if self.no_mail:
            raise InputError(f"No mail can be sent from here. {self.no_mail}")
        if reader is not None and reader.confirmed and reader.email:
            self._subscribed(reader)
            return
        if reader is None and self.settings.registration != "open":
            raise Forbidden("Only readers with an account here can have mail. Log in first.")
        asked = checked_email(address)
        if reader is None and network is not None:
            self._within(rights.SUBSCRIBE, f"subscribe {network}")
        self._ask(asked, reader)

    def _ask(self, address: str, reader: Reader | None) -> None:
        asked = reader or self.store.readers.with_address(address, now=self.now)
        if asked.state in ("banned", "deleted"):
            return
        if self.store.follows.ask(asked.id, now=self.now, since=self.now - _ASKED_AGAIN):
            sealed = self.seal("confirm", [asked.id, address], seconds=CONFIRM_DAYS * 86_400)
            told = {
                "home": self.base,
                "host": urlsplit(self.base).netloc,
                "what": "the trending papers of the day",
                "confirm": f"{self.base}/mail/confirm/{sealed}",
                "days": CONFIRM_DAYS,
            }
            self.enqueue_mail("confirm", address, told, urgent=True)

    def confirm(self, sealed: str) -> Reader:
        """Return the reader whose address confirmed itself by the link it was sent; the trending papers come from now.

        Confirming again changes nothing more.

        Raises:
            InputError: the link is not ours, too old, or its reader is gone.
        """
        number, address = self._confirming(sealed)
        reader = self.store.readers.confirm(number, address, now=self.now)
        if reader is None:
            raise InputError("This link is of no use any more; subscribe again.")
        self._subscribed(reader)
        return reader

    def confirming(self, sealed: str) -> str:
        """Return the address that a link would confirm.

        Raises:
            InputError: the link is not ours, or too old.
        """
        return self._confirming(sealed)[1]

    def _confirming(self, sealed: str) -> tuple[int, str]:
        number, address = self.unseal("confirm", sealed)
        return int(number), str(address)

    def _subscribed(self, reader: Reader) -> None:
        self.follow(reader, "front")
        self.resume_mail(reader)

    def manage_link(self, reader: int, made: datetime) -> str:
        """Return the address of a reader's settings for mail, which works for sixty days and without an account."""
        return f"{self.base}/mail/manage/{self.seal('manage', [reader, round(made.timestamp()) + MANAGE_SECONDS])}"

    def unsubscribe_link(self, reader: int) -> str:
        """Return the address that stops a reader's digests when something is posted to it; it works for ever."""
        return f"{self.base}/mail/stop/{self.seal('stop', reader)}"

    def keep_opens(self, reader: Reader, wanted: bool) -> None:
        """Let the links that a reader follows in digests count as taste; or not, and forget those that counted."""
        self.store.follows.keep_opens(reader.id, wanted)

    def opens_count(self, reader: int) -> bool:
        """Say whether the links that a reader follows in digests count."""
        when = self.store.follows.deliveries([reader], self.settings.timezone).get(reader)
        return when is not None and when.opens

    def paper_link(self, reader: int, paper: Paper, made: datetime) -> str:
        """Return the address of a paper for a mail to a reader who wants it to count whether it is followed."""
        return (
            f"{self.base}/mail/open/{self.seal('open', [reader, paper.key, round(made.timestamp()) + MANAGE_SECONDS])}"
        )

    def opened(self, sealed: str, *, counts: bool) -> Paper:
        """Return the paper of a link in a mail; where it counts, note, for sixty days, that its reader followed it.

        Raises:
            InputError: the link is not ours.
            NotFound: the paper is gone.
        """
        reader, key, until = self.unseal("open", sealed)
        found = self.store.papers([self.store.present(int(key))])
        if not found:
            raise NotFound("This paper is not here any more.")
        if counts and self.now.timestamp() <= until:
            self.store.follows.opened(int(reader), found[0].key, now=self.now)
        return found[0]

    def managed(self, sealed: str) -> Reader:
        """Return the reader of a link to settings.

        Raises:
            InputError: the link is not ours or too old, or its reader is gone.
        """
        number, until = self.unseal("manage", sealed)
        if self.now.timestamp() > until:
            raise InputError("This link is too old; the last mail that came has a newer one.")
        return self._still_there(number)

    def unsubscribing(self, sealed: str) -> Reader:
        """Return the reader of a link to stop digests.

        Raises:
            InputError: the link is not ours, or its reader is gone.
        """
        return self._still_there(self.unseal("stop", sealed))

    def _still_there(self, number: Any) -> Reader:
        reader = self.store.readers.get(int(number))
        if reader is None or reader.state not in ("active", "local"):
            raise InputError("This link is of no use any more: its reader is not here.")
        return reader

    # -- composing -----------------------------------------------------------------------------------------------------

    @property
    def digests_due(self) -> bool:
        """Whether `plan_digests` would find a reader who is due."""
        return bool(self.store.follows.due(self.now, 1))

    def plan_digests(self, limit: int = _AT_ONCE) -> dict[str, Any]:
        """Make the digests of readers who are due, those first who have waited longest, and put them into the outbox.

        Returns how many readers were looked at and how many digests were made; nothing to say makes none. Whose digest
        cannot be made, whatever the reason, keeps no other's back: it is tried again in an hour, and `errors` says why.
        """
        now = self.now
        due = self.store.follows.due(now, limit)
        if not due:
            return {"readers": 0, "digests": 0}
        newsroom = self._newsroom_for([follow for follows in due.values() for follow in follows], now)
        when = self.store.follows.deliveries(due, self.settings.timezone)
        planned, errors = list[Planned](), dict[int, str]()
        for reader, follows in due.items():
            try:
                planned.append(self._planned(when[reader], follows, newsroom, now))
            except Unavailable:
                raise
            except Exception as error:  # a fault that one reader's follows bring out must not stop the others' mail
                errors[reader] = f"reader {reader}: {str(error) or type(error).__name__}"
        made = self.store.digests.plan(planned, now=now)
        if errors:
            self.store.follows.postpone([follow for reader in errors for follow in due[reader]], now + _AFTER_A_FAULT)
        return {"readers": len(due), "digests": made} | ({"errors": list(errors.values())} if errors else {})

    def preview(self, reader: Reader | None = None) -> Digest:
        """Return what the next digest would be if it were due now and nothing had been sent; stores nothing.

        It is made of the papers that came last, however many there are.
        For a reader, of all that they follow; without one, of the trending papers, as a subscription brings them.
        """
        follows = self.follows(reader) if reader else []
        follows = follows or [Follow(id=0, reader=0, kind="front", text="", name="Trending papers")]
        newsroom = self._latest_news(self._moment_of_news())
        recent = [replace(follow, newest=newsroom.after, looked=None) for follow in follows]
        sections = self._sections(reader.id if reader else 0, recent, newsroom)
        return Digest(id=0, reader=reader.id if reader else 0, due=stamp(self.now), sections=sections)

    def _moment_of_news(self) -> datetime:
        """Return now, or where nothing came lately the day of the last front page: there is something to show."""
        now = self.now
        newest = self.store.editions(before=(now + timedelta(days=1)).date().isoformat(), limit=1)
        day = newest[0][0] if newest else now.date().isoformat()
        return now if now.date().isoformat() <= day else datetime.combine(_day(day), time(23), now.tzinfo)

    def _planned(self, when: When, follows: Sequence[Follow], newsroom: Newsroom, now: datetime) -> Planned:
        sections = self._sections(when.reader, follows, newsroom)
        found = Counter({section.follow: len(section.picks) for section in sections})
        dues = {every: self._next_due(every, when, now) for every in {follow.every for follow in follows}}
        looked = tuple(
            Looked(follow, newsroom.newest(follow), found[follow.id], dues[follow.every]) for follow in follows
        )
        return Planned(when.reader, max(follow.due for follow in follows), sections, looked)

    def _sections(self, reader: int, follows: Sequence[Follow], newsroom: Newsroom) -> tuple[Section, ...]:
        from broadsheet.rank.digest import Found, compose

        found = [Found(follow, newsroom.picks(follow)) for follow in follows]
        keys = {pick.key for one in found for pick in one.picks}
        known = self.store.digests.known_to(reader, keys) if keys else set[int]()
        return compose(found, known)

    def _newsroom_for(self, follows: Sequence[Follow], now: datetime) -> Newsroom:
        """Return the newsroom for these follows: the last one, where it still answers as a new one would."""
        snapshot, after = self._open_snapshot(), min(follow.newest for follow in follows)
        if self._newsroom is None or not self._newsroom.serves(snapshot, now, after):
            self._newsroom = Newsroom(self.store, snapshot, now, after)
        self._newsroom.look_again(now)
        self._newsroom.prepare(follows)
        return self._newsroom

    # -- mail ----------------------------------------------------------------------------------------------------------

    def claim_mail(self, limit: int, lease: float) -> list[Mail]:
        """Take mail that is due for so many seconds; what is not sent by then, another may take."""
        return self.store.outbox.claim(limit, now=self.now, lease=lease)

    def digest_of(self, mail: Mail) -> tuple[Digest, dict[int, Paper], datetime] | None:
        """Return the digest that mail brings, its papers, and when it was due as the reader's clocks showed it."""
        digest = self.store.digests.get(mail.digest) if mail.digest is not None else None
        if digest is None:
            return None
        return digest, self.papers_of(digest), self._local(digest)

    def digests(self, reader: Reader, limit: int = 10) -> list[tuple[Digest, str | None]]:
        """Return a reader's last digests, each with when it was sent (UTC, ISO)."""
        return self.store.digests.of(reader.id, limit)

    def papers_of(self, digest: Digest) -> dict[int, Paper]:
        """Return the papers that a digest tells of, by key, those it names as reasons too."""
        near = {pick.near for section in digest.sections for pick in section.picks if pick.near is not None}
        return {paper.key: paper for paper in self.store.papers([*digest.keys, *near])}

    def _local(self, digest: Digest) -> datetime:
        when = self.store.follows.deliveries([digest.reader], self.settings.timezone).get(digest.reader)
        zone = ZoneInfo(when.timezone if when else self.settings.timezone)
        return datetime.fromisoformat(digest.due).astimezone(zone)

    def mail_wanted(self, number: int) -> bool:
        """Say whether mail that was taken is still to be sent: its reader may have left since."""
        return self.store.outbox.is_open(number)

    def mail_sent(self, numbers: Sequence[int]) -> None:
        """Note that mail was sent."""
        self.store.outbox.sent(numbers, now=self.now)

    def mail_postponed(self, mail: Mail, reason: str) -> None:
        """Try mail again later, at growing distances, and give it up after about six days."""
        if mail.attempts >= _ATTEMPTS:
            self.store.outbox.failed(mail.id, reason, now=self.now)
            return
        wait = min(_FIRST_RETRY * (1 << min(mail.attempts - 1, 10)), _LONGEST_RETRY)
        self.store.outbox.postponed(mail.id, reason, until=self.now + wait)

    def mail_refused(self, mail: Mail, reason: str) -> None:
        """Give mail up whose address was refused for good; the reader's digests stop."""
        self.store.outbox.failed(mail.id, reason, now=self.now)
        if mail.reader is not None:
            self.store.follows.came_back(mail.reader, reason, hard=True, now=self.now)

    def mail_given_back(self, numbers: Sequence[int]) -> None:
        """Let mail wait that nothing is wrong with: the mail server was down."""
        self.store.outbox.given_back(numbers)

    def mail_came_back(self, mail: int, digest: int | None, kind: str, reason: str) -> None:
        """Note what a report says of mail that was sent, by its number, or that of the digest it brought."""
        found = self.store.outbox.of_digest(digest) if digest is not None else self.store.outbox.get(mail)
        if found is None or found.reader is None:
            return
        if kind == "complaint":
            self.store.follows.stop(found.reader, reason, now=self.now)
        else:
            self.store.follows.came_back(found.reader, reason, hard=kind == "gone", now=self.now)

    def tidy(self) -> None:
        """Delete rows of mail that was sent or given up over a month ago, and counts of tries that no limit needs."""
        self.store.outbox.forget(before=self.now - _MONTH)
        self.store.limits.forget(self.now.timestamp() - rights.LONGEST)

    def mail_status(self) -> dict[str, Any]:
        """Return whether mail can be sent, how much waits and why, and what was sent and failed in the last day."""
        counts: Mapping[str, Any] = self.store.outbox.counts(now=self.now, since=self.now - timedelta(days=1))
        return {"off": self.no_mail, "server": self.store.state("mail server"), **counts}


def _day(text: str) -> Any:
    return datetime.fromisoformat(text).date()
