"""Reading: papers, authors, venues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from broadsheet.errors import InputError, NotFound
from broadsheet.library.base import Base
from broadsheet.records import Listing, Paper, Signal, SourceRecord
from broadsheet.text import cite

Format = Literal["bibtex", "ris", "csl"]


class Reading(Base):
    """Papers by identifier, and the lists they stand in."""

    def paper(self, identifier: str) -> Paper:
        """Return the paper that any identifier, ever valid, names; its `id` is the best current one.

        Raises:
            NotFound: no paper has that identifier.
        """
        found = self.store.papers([self._key(identifier)])
        if not found:
            raise NotFound(f"There is no paper {identifier!r} here.")
        return found[0]

    def papers(self, identifiers: Sequence[str]) -> list[Paper]:
        """Return the papers of all these identifiers, in order."""
        return self.store.papers([self._key(identifier) for identifier in identifiers])

    def papers_of_keys(self, keys: Sequence[int]) -> list[Paper]:
        """Return the papers of these keys, in order; keys that are no papers any more are left out."""
        return self.store.papers(keys)

    def records(self, identifier: str) -> list[SourceRecord]:
        """Return what each source said of a paper."""
        return self.store.records(self._key(identifier))

    def series(self, identifier: str) -> list[Signal]:
        """Return every dated measurement of attention to a paper."""
        return self.store.series(self._key(identifier))

    def perhaps_same(self, identifier: str) -> list[Paper]:
        """Return papers that may be the same work but were not merged."""
        return self.store.papers(self.store.perhaps_same(self._key(identifier)))

    def export(self, identifiers: Sequence[str], format: Format = "bibtex") -> str:
        """Return papers as a BibTeX, RIS or CSL-JSON text."""
        writers = {"bibtex": cite.bibtex, "ris": cite.ris, "csl": cite.csl}
        if format not in writers:
            raise InputError(f"There is no format {format!r}; choose one of {', '.join(writers)}.")
        return writers[format](self.papers(identifiers))

    def new(self, *, limit: int = 20, page: int = 1) -> Listing:
        """Return the newest papers."""
        return self._kept(lambda: self._new(limit, page), "new", limit, page)

    def _new(self, limit: int, page: int) -> Listing:
        keys = self.store.newest(limit + 1, (page - 1) * limit)
        return self._listed("", keys[:limit], self.store.listed(), page, more=len(keys) > limit)

    def author(self, slug: str, *, limit: int = 20, page: int = 1) -> tuple[str, str | None, Listing]:
        """Return an author's name, ORCID where known, and papers, newest first.

        Raises:
            NotFound: no paper names this author.
        """
        name, total, keys = self.store.by_author(slug, limit, (page - 1) * limit)
        if name is None:
            raise NotFound(f"No paper here names an author {slug!r}.")
        return name, self.store.orcid(slug), self._listed(name, keys, total, page, more=page * limit < total)

    def venue(self, slug: str, *, limit: int = 20, page: int = 1) -> tuple[str, Listing]:
        """Return a venue's name and papers, newest first.

        Raises:
            NotFound: no paper names this venue.
        """
        name, total, keys = self.store.by_venue(slug, limit, (page - 1) * limit)
        if name is None:
            raise NotFound(f"No paper here names a venue {slug!r}.")
        return name, self._listed(name, keys, total, page, more=page * limit < total)
