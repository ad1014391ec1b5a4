"""Keeping order: reports, what is done about them, the lead, and who is an author."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

from broadsheet.errors import InputError, NotFound
from broadsheet.library.acts import line
from broadsheet.library.comments import Comments
from broadsheet.records import Claim, Comment, Deed, Lead, Reader, Report

Reported = Literal["comment", "paper", "reader"]

ORCID = "https://orcid.org"
LONGEST_REASON = 500
_SHOWN = 200


class Moderating(Comments):
    """What editors, moderators and admins do."""

    # -- reports -------------------------------------------------------------------------------------------------------

    def report(self, reader: Reader, kind: str, target: str, reason: str) -> None:
        """Tell the moderators of a comment, a paper or a reader that should not stand here, and why.

        Raises:
            InputError: there is no reason, or nothing of this kind can be reported.
            NotFound: there is no such thing.
        """
        self._may(reader, "report")
        why = line(reason, LONGEST_REASON, "A reason")
        self.store.moderation.report(kind, self._reported(kind, target), reader.id, why, now=self.now)

    def reports(self, moderator: Reader) -> list[tuple[Report, Comment | None]]:
        """Return the reports that nobody has looked at, the oldest first, with the comment where it is one."""
        self._may(moderator, "moderate")
        found = self.store.moderation.open_reports(_SHOWN)
        return [(one, self.store.comments.get(one.target) if one.kind == "comment" else None) for one in found]

    def remove_comment(self, moderator: Reader, number: int, reason: str) -> Comment:
        """Take a comment off its page; its writer is told why.

        Raises:
            InputError: there is no reason.
            NotFound: there is no such comment.
        """
        self._may(moderator, "moderate")
        comment, why = self.one_comment(number), line(reason, LONGEST_REASON, "A reason")
        if not comment.gone:
            self.store.comments.remove(number, moderator.id, words=why, now=self.now)
            self._log(moderator, "removed", "comment", number, why)
        return comment

    def restore_comment(self, moderator: Reader, number: int) -> Comment:
        """Put a comment back that a moderator removed.

        Raises:
            NotFound: there is none that a moderator removed.
        """
        self._may(moderator, "moderate")
        comment = self.one_comment(number)
        if comment.gone != "removed":
            raise NotFound("No moderator has removed this comment.")
        self.store.comments.remove(number, None, words="", now=self.now)
        self._log(moderator, "restored", "comment", number, "")
        return comment

    def dismiss(self, moderator: Reader, kind: str, target: int) -> None:
        """Close the reports on something that may stay."""
        self._may(moderator, "moderate")
        if kind not in get_args(Reported):
            raise InputError("Only comments, papers and readers are reported.")
        self._log(moderator, "left", kind, target, "")

    def lock_out(self, moderator: Reader, number: int, reason: str, *, undo: bool = False) -> Reader:
        """Ban a reader, or let them in again, and log it.

        Raises:
            Forbidden: the moderator may not; only admins ban those who look after an instance.
            NotFound: there is no such reader.
        """
        reader = self.store.readers.get(number)
        if reader is None or reader.state in ("deleted", "local"):
            raise NotFound("There is no such reader.")
        self._may(moderator, "moderate" if reader.role == "reader" else "administer")
        why = line(reason, LONGEST_REASON, "A reason") if not undo else ""
        changed = self.unban(reader) if undo else self.ban(reader)
        self._log(moderator, "let in" if undo else "banned", "reader", number, why)
        return changed

    def appoint(self, admin: Reader, number: int, role: str) -> Reader:
        """Change a reader's role, and log it.

        Raises:
            Forbidden: who asks is no admin.
            NotFound: there is no such reader.
        """
        from broadsheet.library.accounts import checked_role

        self._may(admin, "administer")
        reader = self.store.readers.get(number)
        if reader is None or reader.state != "active":
            raise NotFound("There is no such reader.")
        changed = self.set_role(reader, checked_role(role))
        self._log(admin, f"made {changed.role}", "reader", number, "")
        return changed

    def accounts(self, moderator: Reader, *, page: int = 1) -> list[Reader]:
        """Return a page of accounts, the oldest first."""
        self._may(moderator, "moderate")
        return self.readers(page=page)

    def moderation_log(self, moderator: Reader) -> list[Deed]:
        """Return what moderators did, the last first."""
        self._may(moderator, "moderate")
        return self.store.moderation.log(_SHOWN)

    def _log(self, moderator: Reader, act: str, kind: str, target: int, reason: str) -> None:
        self.store.moderation.act(moderator.id, act, kind, target, reason, now=self.now)

    def _reported(self, kind: str, target: str) -> int:
        if kind == "paper":
            return self._key(target)
        number = int(target) if target.isascii() and target.isdigit() and len(target) < 16 else 0
        known = self.store.comments.get(number) if kind == "comment" else self.store.readers.get(number)
        if kind not in get_args(Reported) or known is None:
            raise NotFound("There is nothing like that to report.")
        return number

    # -- the lead ------------------------------------------------------------------------------------------------------

    def pick_lead(self, editor: Reader, identifier: str, *, day: str, byline: str = "", why: str = "") -> Lead:
        """Put a paper at the top of a day, with a byline and a line of why.

        Raises:
            InputError: the day is none, or byline or line are too long.
        """
        self._may(editor, "pick")
        signed, day = line(byline or f"by {editor.name}", 120, "A byline"), _day(day)
        self.store.moderation.pick(
            day, self._key(identifier), editor.id, byline=signed, why=" ".join(why.split())[:400], now=self.now
        )
        lead = self.lead(day)
        assert lead is not None
        return lead

    def unpick_lead(self, editor: Reader, day: str) -> None:
        """Leave the lead of a day to votes again."""
        self._may(editor, "pick")
        self.store.moderation.unpick(_day(day))

    def lead(self, day: str) -> Lead | None:
        """Return the lead that an editor picked for a day, if any."""
        return self.store.moderation.lead(day)

    # -- authors -------------------------------------------------------------------------------------------------------

    def claim_author(self, reader: Reader, slug: str, words: str) -> None:
        """Say to be the author of a page; a moderator decides, unless they have logged in with the page's ORCID iD.

        Raises:
            InputError: it does not say why.
            NotFound: no paper names this author.
        """
        self._may(reader, "claim")
        _, orcid, _ = self.author(slug, limit=1)
        why = line(words, LONGEST_REASON, "What shows that it is you")
        proven = orcid is not None and orcid == self.store.issuers.subject(reader.id, ORCID)
        self.store.moderation.claim(reader.id, slug, why, state="granted" if proven else "open", now=self.now)

    def claimed_by(self, slug: str) -> list[Claim]:
        """Return the readers who are this author."""
        return self.store.moderation.claims(slug=slug, state="granted")

    def open_claims(self, moderator: Reader) -> list[Claim]:
        """Return the claims that nobody has decided."""
        self._may(moderator, "moderate")
        return self.store.moderation.claims(state="open")

    def decide_claim(self, moderator: Reader, number: int, *, grant: bool) -> None:
        """Grant or refuse a claim, and tell the reader.

        Raises:
            NotFound: no such claim is open.
        """
        self._may(moderator, "moderate")
        claim = next(iter(self.store.moderation.claims(id=number, state="open")), None)
        if claim is None:
            raise NotFound("There is no such open claim.")
        self.store.moderation.decide(number, moderator.id, "granted" if grant else "refused")
        words = f"That you are {claim.slug} was {'granted' if grant else 'refused'}."
        self.store.comments.tell(claim.reader, "claim", words, actor=moderator.id, now=self.now)
        self._log(moderator, "granted" if grant else "refused", "claim", number, claim.slug)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InputError("A day is written as 2025-11-03.") from error
