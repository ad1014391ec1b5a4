"""Sending papers in: a row at once, fetched later, and what becomes of it."""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from broadsheet import rights
from broadsheet.errors import BroadsheetError, InputError, NotFound, SourceError, Unavailable
from broadsheet.library.acts import line
from broadsheet.library.moderating import LONGEST_REASON, Moderating
from broadsheet.records import Batch, Paper, Reader, SetAside, SourceRecord, Submission, SubmissionState, day_range
from broadsheet.text import normalise

LARGEST_FILE = 20 << 20  # bytes
LARGEST_UNPACKED = 100 << 20  # bytes that a compressed file may hold
MOST_RECORDS = 20_000  # of one file
MOST_KEPT = 5 * LARGEST_FILE  # bytes of a reader's files that are not papers yet, or were refused
LEASE = 300.0  # seconds: longer than all that one fetch may take
RETRY = timedelta(minutes=1)  # after the first failure; doubled with every further one
LONGEST_RETRY = timedelta(hours=4)
GIVE_UP = timedelta(days=14)
_DEATHS = 5  # tries after which a submission is given up on which somebody died
_LONGEST_GIVEN, _LONGEST_FILE_NAME, _LONGEST_REASON = 500, 60, 1_000
_SHOWN = 100  # in each list of a moderator's
_TOLD = 3  # reasons why records could not be used
_ADVICE = re.compile(r" Try again \w+\.$")  # which is for those who do not wait
_FETCHED = ("arxiv", "doi", "acl", "openreview")
_PAGES = ("https", "http")
_ASKED = "an arXiv id, a DOI, or the address of a paper's page"


class Submitting(Moderating):
    """What readers send in, and what the loop and moderators make of it."""

    def submit(self, reader: Reader, what: str) -> Submission:
        """Send in a paper by its arXiv id, DOI or address; one that is here already is found at once.

        Raises:
            Forbidden, TooMany: the reader may not, or has done it too often lately.
            InputError: it is nothing that can be fetched.
        """
        given = line(what, _LONGEST_GIVEN, "What is sent in")
        name = normalise.parse_identifier(given) or _page_address(given)
        key = self.store.resolve(name) if name else None
        if name is None or (key is None and name.partition(":")[0] not in (*_FETCHED, *_PAGES)):
            raise InputError(f"{given!r:.80} is nothing that can be fetched. Give {_ASKED}; or send in a file.")
        self._may(reader, "submit")
        kind = "url" if "://" in given else "identifier"
        number, new = self.store.submissions.add(reader.id, kind, given, name, now=self.now)
        if key is not None and new:
            self._found_here(number, key)
        return self._submission(number)

    def submit_file(self, reader: Reader, content: bytes, *, name: str = "") -> Submission:
        """Send in the papers of a file of any format that `add` knows.

        Raises:
            Forbidden, TooMany: the reader may not, or has done it too often lately.
            InputError: it is empty or too large, or too much of this reader's waits already.
        """
        if not content:
            raise InputError("The file is empty; choose another.")
        if len(content) > LARGEST_FILE:
            raise InputError(f"A file has at most {LARGEST_FILE >> 20} MB; this one has {len(content) / 2**20:,.1f}.")
        if self.store.submissions.kept_bytes(reader.id) + len(content) > MOST_KEPT:
            raise InputError(
                f"More than {MOST_KEPT >> 20} MB of your files are kept here; take refused ones back first."
            )
        self._may(reader, "submit")
        called = _file_name(name)
        digest = "file:" + hashlib.sha256(content).hexdigest()
        number, _ = self.store.submissions.add(reader.id, "file", called, digest, now=self.now, content=content)
        return self._submission(number)

    # -- looking -------------------------------------------------------------------------------------------------------

    def submission(self, reader: Reader, number: int) -> Submission:
        """Return one of the reader's submissions; moderators see those of all.

        Raises:
            NotFound: there is none that this reader may see.
        """
        found = self.store.submissions.get(number)
        if found is None or not (found.reader == reader.id or rights.may(reader.role, "moderate")):
            raise NotFound("You have sent in nothing of this number.")
        return found

    def submissions(self, reader: Reader, *, limit: int = 50, page: int = 1) -> list[Submission]:
        """Return what a reader sent in, the last first."""
        return self.store.submissions.of_reader(reader.id, limit, (page - 1) * limit)

    def submitted(self, submission: Submission, *, limit: int = 100) -> list[tuple[Paper, bool]]:
        """Return the papers that came of a submission, with whether each was new."""
        known = dict(self.store.submissions.papers(submission.id, limit))
        return [(paper, known[paper.key]) for paper in self.store.papers(list(known))]

    def sent_before(self, submission: Submission) -> bool:
        """Say whether somebody else has sent the same in before, and it is still to be fetched."""
        return submission.open and self.store.submissions.sent_before(submission)

    # -- second thoughts -----------------------------------------------------------------------------------------------

    def submit_again(self, reader: Reader, number: int) -> Submission:
        """Try a submission again that waits or was refused.

        Raises:
            InputError: it is neither, or a moderator refused it.
            Forbidden, TooMany: the reader may not, or has done it too often lately.
            NotFound: it is not this reader's.
        """
        found = self._own_submission(reader, number)
        if not self.may_be_tried_again(found):
            raise InputError("Only what waits, or was refused by no moderator, can be tried again.")
        self._may(reader, "submit")
        self.store.submissions.again(number, now=self.now)
        return self._submission(number)

    def may_be_tried_again(self, submission: Submission) -> bool:
        """Say whether a submission waits or was refused, and that by no moderator."""
        if submission.state != "refused":
            return submission.state == "waiting"
        return not self.store.moderation.was_done("refused", "submission", submission.id)

    def take_back(self, reader: Reader, number: int) -> None:
        """Forget a submission and its file; papers that came of it stay.

        Raises:
            NotFound: it is not this reader's.
        """
        self.store.submissions.drop(self._own_submission(reader, number).id)

    def submission_queue(self, moderator: Reader) -> tuple[list[Submission], list[Submission], dict[int, str]]:
        """Return what is to be fetched, the oldest first, what was settled, the last first, and names of senders."""
        self._may(moderator, "moderate")
        waiting, settled = self.store.submissions.open(_SHOWN), self.store.submissions.settled(_SHOWN)
        readers = self.store.readers.many(list({submission.reader for submission in (*waiting, *settled)}))
        return waiting, settled, {number: reader.name for number, reader in readers.items()}

    def refuse_submission(self, moderator: Reader, number: int, reason: str) -> None:
        """Refuse a submission that is still to be fetched, log it, and tell its reader why.

        Raises:
            InputError: there is no reason, or it is settled already.
            NotFound: there is no such submission.
        """
        self._may(moderator, "moderate")
        found, why = self.submission(moderator, number), line(reason, LONGEST_REASON, "A reason")
        if not self.store.submissions.settle(number, "refused", f"A moderator refused it: {why}", now=self.now):
            raise InputError("It is settled already.")
        words = f"“{found.given}” was refused: {why}"
        self.store.comments.tell(found.reader, "submission", words, actor=moderator.id, now=self.now)
        self._log(moderator, "refused", "submission", number, why)

    def _own_submission(self, reader: Reader, number: int) -> Submission:
        found = self.store.submissions.get(number)
        if found is None or found.reader != reader.id:
            raise NotFound("You have sent in nothing of this number.")
        return found

    def _submission(self, number: int) -> Submission:
        found = self.store.submissions.get(number)
        assert found is not None
        return found

    # -- fetching ------------------------------------------------------------------------------------------------------

    @property
    def submissions_due(self) -> bool:
        """Whether there is a submission to be fetched."""
        return self.store.submissions.due(now=self.now)

    def fetch_submission(self) -> Submission | None:
        """Fetch the submission that is due first, and say what became of it; None where none is due.

        Dying in the middle of it loses and doubles nothing: when its lease has ended, the next one fetches it again.
        """
        claimed = self.store.submissions.claim(now=self.now, lease=LEASE)
        if claimed is None:
            return None
        submission, died = claimed
        try:
            self._fetch(submission, died)
        except Unavailable as error:
            self._wait(submission, str(error))
        except BroadsheetError as error:
            self._settle(submission, "refused", str(error))
        return self.store.submissions.get(submission.id) or submission

    def _fetch(self, submission: Submission, died: bool) -> None:
        reader = self.store.readers.get(submission.reader)
        if died and submission.attempts > _DEATHS:
            raise SourceError(f"Fetching it ended the program {_DEATHS} times; it is not tried again.")
        if reader is None or reader.state not in ("active", "local"):
            raise SourceError("Who sent it in may not do that here any more.")
        if submission.kind == "file":
            self._fetch_file(submission)
        elif submission.new or submission.here:  # whoever died had done all but to say so
            self._settle_by_papers(submission)
        elif (key := self.store.resolve(submission.name)) is not None:
            self._found_here(submission.id, key)
        else:
            self._fetch_one(submission)

    def _fetch_one(self, submission: Submission) -> None:
        record = self._fetched(submission.name)
        if submission.name.startswith(_PAGES):
            self._fetch_of_page(submission, record)
            return
        self._take_submitted(submission, [self._dated(record)], trusted=True)
        self._settle_by_papers(submission)

    def _fetch_of_page(self, submission: Submission, said: SourceRecord) -> None:
        """Fetch the paper that a page says it is about from its own source; where it has none, take the page's word."""
        named = [name for name in said.identifiers if name.partition(":")[0] in _FETCHED]
        name = normalise.best(named) if named else None
        key = self.store.resolve(name) if name else None
        if key is not None:
            self._found_here(submission.id, key)
            return
        records = [self._dated(self._fetched(name)) if name else self._as_told(said)]
        self._take_submitted(submission, records, trusted=name is not None)
        self._settle_by_papers(submission)

    def _fetched(self, name: str) -> SourceRecord:
        scheme = name.partition(":")[0]
        record: SourceRecord | None = self._fetchers[scheme].fetch(name)
        if record is None or not record.title:
            raise SourceError(f"There is no paper {name} at {_SITES.get(scheme, 'that address')}, or none any more.")
        return record

    def _fetch_file(self, submission: Submission) -> None:
        content = self.store.submissions.content(submission.id)
        if content is None:
            raise SourceError("The file did not arrive whole; send it in again.")
        aside: list[SetAside] = []
        trouble = ""
        try:
            with _written(content, submission.given) as path:
                for batch in self._batches(path):
                    records = [self._as_told(record) for record in batch.records]
                    aside += [*batch.set_aside, *self._take_submitted(submission, records, trusted=False)]
        except SourceError as error:
            trouble = str(error)
        self._settle_by_papers(submission, aside, trouble)

    def _take_submitted(self, submission: Submission, records: list[SourceRecord], *, trusted: bool) -> list[SetAside]:
        return self.store.submissions.take(
            submission.id, records, now=self.now, lease=LEASE, trusted=trusted, live=trusted and _is_undated(records)
        )

    def _batches(self, path: Path) -> Iterator[Batch]:
        """Yield the batches of a file.

        Raises:
            SourceError: it has no known format, or holds more than may be sent in at once.
        """
        from broadsheet.sources import recognise, unpacks_to_at_most

        if not unpacks_to_at_most(path, LARGEST_UNPACKED):
            raise SourceError(f"{path.name} holds more than {LARGEST_UNPACKED >> 20} MB when unpacked; divide it.")
        read = 0
        for batch in recognise(path).harvest(None):
            read += len(batch.records) + len(batch.set_aside)
            if read > MOST_RECORDS:
                raise SourceError(f"{path.name} holds more than {MOST_RECORDS:,} entries; the first are taken in.")
            yield batch

    def _as_told(self, record: SourceRecord) -> SourceRecord:
        """Return a record as a reader's file may tell it: no counts, no edition, under no source's own name.

        Of each scheme it keeps one identifier, so that it cannot make one paper of two that are still to come.
        """
        schemes: dict[str, str] = {}
        for name in record.identifiers:
            schemes.setdefault(name.partition(":")[0], name)
        told = replace(record, source="submitted", signals=(), announced=None, identifiers=tuple(schemes.values()))
        return self._dated(told)

    def _dated(self, record: SourceRecord) -> SourceRecord:
        """Return a record without days that are still to come: editions are made by them."""
        today = self.now.date().isoformat()
        if record.date is None or day_range(record.date)[0] <= today:
            return record
        year = record.date[:4] if record.date[:4] <= today[:4] else None
        return replace(record, date=year, announced=None)

    def _found_here(self, number: int, key: int) -> None:
        self.store.submissions.join(number, key)
        self.store.submissions.settle(number, "merged", None, now=self.now)

    def _settle_by_papers(self, submission: Submission, aside: Sequence[SetAside] = (), trouble: str = "") -> None:
        found = self.store.submissions.get(submission.id)
        if found is None:
            return  # it was taken back meanwhile
        state: SubmissionState = "found" if found.new else "merged" if found.here else "refused"
        said = " ".join(part for part in (trouble, _unused(aside)) if part)
        self._settle(submission, state, said or ("There is no paper in it." if state == "refused" else None))

    def _settle(self, submission: Submission, state: SubmissionState, reason: str | None) -> None:
        self.store.submissions.settle(submission.id, state, reason and _told(reason), now=self.now)

    def _wait(self, submission: Submission, reason: str) -> None:
        if self.now > datetime.fromisoformat(submission.made) + GIVE_UP:
            self._settle(submission, "refused", f"It was tried for {GIVE_UP.days} days in vain, at last: {reason}")
            return
        delay = min(RETRY * (1 << min(max(submission.attempts - 1, 0), 10)), LONGEST_RETRY)
        self.store.submissions.postpone(submission.id, _told(_ADVICE.sub("", reason)), until=self.now + delay)

    @cached_property
    def _fetchers(self) -> dict[str, Any]:
        """Who is asked for one paper, by scheme: once each time, since what fails is tried again later."""
        from broadsheet.sources import FETCHERS

        given = {"now": self._clock, "sleep": time.sleep, "jitter": lambda: secrets.randbelow(1000) / 1000}
        return {scheme: make(**given, attempts=1) for scheme, make in FETCHERS.items()}


_SITES = {"arxiv": "arXiv", "doi": "doi.org", "acl": "the ACL Anthology", "openreview": "OpenReview"}


def _page_address(text: str) -> str | None:
    """Return the address of a page of the web that a text is, without its fragment, or None."""
    try:
        parts = urlsplit(text)
        named = parts.scheme in _PAGES and "." in (parts.hostname or "") and "@" not in parts.netloc and not parts.port
    except ValueError:
        return None
    number = (parts.hostname or "").rpartition(".")[2][:1].isdigit()  # an address in some way of writing it, no name
    if not named or number or not text.isprintable() or " " in text:
        return None
    return parts._replace(fragment="", netloc=parts.netloc.lower()).geturl()


def _is_undated(records: list[SourceRecord]) -> bool:
    """Say whether a paper has nothing but the day it came to say when it was news."""
    return all(record.date is None for record in records)


def _unused(aside: Sequence[SetAside]) -> str:
    """Return what to say of entries that could not be used."""
    if not aside:
        return ""
    reasons = "; ".join(f"{one.where}: {one.reason}" for one in aside[:_TOLD])
    return f"{len(aside):,} could not be used ({reasons}{'; ...' if aside[_TOLD:] else ''})."


def _told(reason: str) -> str:
    """Return a reason as it can be kept and shown, whatever a server or a file put into it."""
    return "".join(sign if sign.isprintable() else " " for sign in reason)[:_LONGEST_REASON]


def _file_name(name: str) -> str:
    last = "".join(part for part in name.replace("\\", "/").rpartition("/")[2] if part.isprintable()).strip(" .")
    return last[-_LONGEST_FILE_NAME:] or "file"


@contextmanager
def _written(content: bytes, name: str) -> Iterator[Path]:
    """Write a file for as long as it is read; what is said of it names it as it was sent in."""
    with tempfile.TemporaryDirectory(prefix="submission-") as folder:
        path = Path(folder) / _file_name(name)
        path.write_bytes(content)
        try:
            yield path
        except SourceError as error:
            raise SourceError(str(error).replace(str(path), path.name)) from error
