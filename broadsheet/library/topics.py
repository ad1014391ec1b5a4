"""Concepts: of a paper, of a month, and the papers of one."""

from __future__ import annotations

from broadsheet.errors import InputError
from broadsheet.library.searching import Searching
from broadsheet.records import Listing, Topic, period_days


class Topics(Searching):
    """What papers are about, in the words of the corpus."""

    def concepts(self, identifier: str) -> tuple[str, ...]:
        """Return the names of a paper's concepts, strongest first; none before it is indexed.

        Raises:
            NotFound: no paper has this identifier.
        """
        key = self._key(identifier)
        if not self.ready:
            return ()
        (row,) = self.snapshot.rows_of([key])
        return self.snapshot.concepts_of(int(row)) if row >= 0 else ()

    def topics(self, month: str | None = None, *, limit: int = 60) -> tuple[str, list[Topic]]:
        """Return a month ("2026-06"), by default the newest that is about something, and the concepts that it is about.

        Raises:
            InputError: there is no such month.
            NoSnapshot: nothing has been indexed yet.
        """
        from broadsheet.rank import topics

        if month is None:
            month, found = topics.newest(self.snapshot, self.now.date().isoformat())
            return month, found[:limit]
        try:
            period_days(month)
        except ValueError as error:
            raise InputError(f"{month!r} is no month; write 2026-06.") from error
        return month, topics.topics(self.snapshot, month)[:limit]

    def topic(self, name: str, *, limit: int = 20, page: int = 1) -> tuple[str, Listing]:
        """Return a concept's name and its papers, newest first; `name` may be as it stands in addresses.

        Raises:
            NotFound: there is no such concept.
            NoSnapshot: nothing has been indexed yet.
        """
        (found,) = self._concepts([name])
        return found, self.search(f'concept:"{found}"', sort="new", profile="lexical", limit=limit, page=page)

    def told_by(self, name: str) -> tuple[str, ...]:
        """Return the phrases that tell a concept's papers besides its name, the most telling first.

        Raises:
            NotFound: there is no such concept.
            NoSnapshot: nothing has been indexed yet.
        """
        from broadsheet.rank import called

        (found,) = self._concepts([name])
        return called.told_by(self.snapshot, found)
