"""What is a reader's own: all of it to take along, and to be forgotten."""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import orjson

from broadsheet.errors import InputError
from broadsheet.library.moderating import Moderating
from broadsheet.records import Hook, Paper, Reader, Saved, SourceRecord, Submission
from broadsheet.text import cite

_README = """What you had here.

reader.json  your account, votes, shelves with notes, hidden papers, papers you opened here and from digests, comments,
             follows, webhooks (without secret, token and all of the address but its host, which are keys), claims,
             what you sent in, what joins your shelves once it is here, and under "rest" all else that is kept of you
shelves.bib  the papers on your shelves, as BibTeX
"""

# Tables whose rows are told in words of their own.
_TOLD = (
    *("votes", "shelves", "hidden", "seen", "opened", "missing"),
    *("comments", "follows", "hooks", "claims", "submissions"),
)


class Belongings(Moderating):
    """A reader's own."""

    def export_all(self, reader: Reader) -> bytes:
        """Return all that is the reader's as a ZIP archive of JSON and BibTeX."""
        saved = self.shelf(reader)
        papers = list({paper.key: paper for paper, _ in saved}.values())
        files = {
            "README.txt": _README.encode(),
            "reader.json": orjson.dumps(self._told(reader, saved), option=orjson.OPT_INDENT_2),
            "shelves.bib": cite.bibtex(papers).encode(),
        }
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in files.items():
                packed.writestr(zipfile.ZipInfo(name, (self.now.year, self.now.month, self.now.day, 0, 0, 0)), content)
        return archive.getvalue()

    def delete_account(self, reader: Reader, confirmation: str) -> None:
        """Delete the account with all that is the reader's; comments are emptied.

        Raises:
            InputError: the address or name was not typed to confirm it, or nobody would be left to look after accounts.
        """
        if confirmation.strip().lower() not in {reader.email, reader.name.lower()} - {None}:
            raise InputError("To delete your account, type its address or name.", "sure")
        if reader.local:
            raise InputError("There is no account to delete: everything is in the home folder of this machine.")
        self.store.forget(reader.id, now=self.now)

    def _told(self, reader: Reader, saved: list[tuple[Paper, Saved]]) -> dict[str, Any]:
        shelves = [
            {
                "name": shelf.name,
                "public": shelf.public is not None,
                "papers": [
                    {**_brief(paper), "note": one.note, "saved": one.made}
                    for paper, one in saved
                    if one.shelf == shelf.id
                ],
            }
            for shelf in self.shelves(reader)
        ]
        return {
            "account": self._account(reader),
            "votes": [_brief(paper) for paper in self.votes_of(reader)],
            "shelves": shelves,
            "hidden": [_brief(paper) for paper in self.hidden(reader)],
            "opened": [_brief(paper) for paper in self.store.papers(self.store.votes.seen(reader.id))],
            "opened_from_digests": [
                _brief(paper) for paper in self.store.papers(self.store.follows.opens_of(reader.id))
            ],
            "awaited": [{"shelf": shelf, "title": record.title} for shelf, record in self._awaited(reader)],
            "comments": self._written(reader),
            "follows": [asdict(follow) for follow in self.store.follows.of(reader.id)],
            "webhooks": [_hook(hook) for hook in self.store.hooks.of(reader.id)],
            "submissions": [self._sent_in(one) for one in self.store.submissions.of_reader(reader.id, 10_000)],
            "claims": [{"author": c.slug, "words": c.words, "state": c.state} for c in self._claims(reader)],
            "rest": {name: rows for name, rows in self.store.belongings(reader.id).items() if name not in _TOLD},
        }

    def _account(self, reader: Reader) -> dict[str, Any]:
        names = ("name", "handle", "email", "role", "created", "confirmed", "timezone")
        return {name: getattr(reader, name) for name in names} | {"settings": dict(reader.settings)}

    def _written(self, reader: Reader) -> list[dict[str, Any]]:
        found = self.store.comments.of_reader(reader.id)
        papers = {paper.key: paper for paper in self.store.papers([comment.key for comment in found])}
        return [
            {
                "paper": _brief(papers[comment.key]) if comment.key in papers else None,
                "text": comment.text,
                "made": comment.made,
                "edited": comment.edited,
                "before": [{"text": text, "made": made} for made, text in self.store.comments.versions(comment.id)],
            }
            for comment in found
        ]

    def _sent_in(self, submission: Submission) -> dict[str, Any]:
        return {name: getattr(submission, name) for name in ("given", "state", "reason", "made", "new", "here")}

    def _awaited(self, reader: Reader) -> list[tuple[str, SourceRecord]]:
        return self.store.imports.missing(reader.id)

    def _claims(self, reader: Reader) -> list[Any]:
        return self.store.moderation.claims(reader=reader.id)


def _hook(hook: Hook) -> dict[str, Any]:
    """Return what there is to tell of a hook: the rest of its address often is a key, as token and secret are."""
    keys = ("url", "token", "secret", "reader")
    told = {name: value for name, value in asdict(hook).items() if name not in keys}
    return {**told, "host": urlsplit(hook.url).hostname}


def _brief(paper: Paper) -> dict[str, str]:
    return {"id": paper.id, "title": paper.title}
