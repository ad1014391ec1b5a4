"""Shelves: what stands on them, searched by what was typed, and shared at an address that nobody guesses."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from broadsheet.errors import InputError, NotFound
from broadsheet.library.acts import LONGEST_NAME, Acts, line
from broadsheet.library.searching import Searching
from broadsheet.query import parse
from broadsheet.records import Listing, Reader, Saved, Shelf

_BYTES = 16  # of chance in the address of a shared shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A page of one shelf, or of all of a reader's (`shelf` is None): each paper once, with what was noted where.

    `shelves` are the names of shelves by number, as far as the page may tell them.
    """

    name: str
    owner: str
    listing: Listing
    shelf: Shelf | None = None
    saved: Mapping[int, tuple[Saved, ...]] = field(default_factory=dict)
    shelves: Mapping[int, str] = field(default_factory=dict)


class Shelves(Searching, Acts):
    """What is on shelves, for their readers and for those to whom they are shown."""

    def shelved(
        self, reader: Reader, shelf: int | None = None, *, q: str = "", limit: int = 20, page: int = 1
    ) -> Shelved:
        """Return a page of one of the reader's shelves, or of all together, the last saved first.

        With a query, what answers it comes first instead, of the papers on the shelf alone.

        Raises:
            NotFound: the shelf is not one of this reader's.
            NoSnapshot: something is searched for, and nothing has been indexed yet.
        """
        own = {one.id: one for one in self.shelves(reader)}
        if shelf is not None and shelf not in own:
            raise NotFound("You have no such shelf.")
        chosen = None if shelf is None else own[shelf]
        saved = self.store.shelves.saved(reader.id, shelf=shelf)
        listing = self._standing_on(saved, q, limit, page)
        return Shelved(
            name=chosen.name if chosen else "Shelf",
            owner=reader.name,
            listing=listing,
            shelf=chosen,
            saved=_of_shown(saved, listing),
            shelves={number: one.name for number, one in own.items()},
        )

    def shared_shelf(self, token: str, *, q: str = "", limit: int = 20, page: int = 1) -> Shelved:
        """Return a page of the shelf that its reader shares under a token, with the notes on it.

        Raises:
            NotFound: there is none, or not any more.
            NoSnapshot: something is searched for, and nothing has been indexed yet.
        """
        shelf, owner = self._shared(token)
        saved = self.store.shelves.saved(owner.id, shelf=shelf.id)
        listing = self._standing_on(saved, q, limit, page)
        return Shelved(
            name=shelf.name,
            owner=owner.name,
            listing=listing,
            shelf=shelf,
            saved=_of_shown(saved, listing),
            shelves={shelf.id: shelf.name},
        )

    def share_shelf(self, reader: Reader, shelf: int) -> Shelf:
        """Give a shelf an address at which anybody may read it, or return it with the one that it has.

        Raises:
            NotFound: the shelf is not one of this reader's.
        """
        self._may(reader, "save")
        self.store.shelves.share(reader.id, shelf, secrets.token_urlsafe(_BYTES))
        return self._own(reader, shelf)

    def unshare_shelf(self, reader: Reader, shelf: int) -> Shelf:
        """Take the address of a shelf back; another sharing gives it another.

        Raises:
            NotFound: the shelf is not one of this reader's.
        """
        self.store.shelves.share(reader.id, shelf, None)
        return self._own(reader, shelf)

    def rename_shelf(self, reader: Reader, shelf: int, name: str) -> Shelf:
        """Call a shelf something else.

        Raises:
            InputError: the name is empty or too long, or another shelf's.
            NotFound: the shelf is not one of this reader's.
        """
        self._may(reader, "save")
        called = line(name, LONGEST_NAME, "The name of a shelf")
        if not self.store.shelves.rename(self._own(reader, shelf), called):
            raise InputError(f"Another shelf of yours is called “{called}”.")
        return self._own(reader, shelf)

    def delete_shelf(self, reader: Reader, shelf: int) -> None:
        """Delete a shelf with the notes on it; its papers stay on other shelves.

        Raises:
            NotFound: the shelf is not one of this reader's.
        """
        self.store.shelves.remove(self._own(reader, shelf))

    def _own(self, reader: Reader, shelf: int) -> Shelf:
        found = next((one for one in self.shelves(reader) if one.id == shelf), None)
        if found is None:
            raise NotFound("You have no such shelf.")
        return found

    def _shared(self, token: str) -> tuple[Shelf, Reader]:
        shelf = self.store.shelves.shared(token)
        owner = None if shelf is None else self.store.readers.get(shelf.reader)
        if shelf is None or owner is None:
            raise NotFound("There is no such shelf, or it is not shared any more.")
        return shelf, owner

    def _standing_on(self, saved: Sequence[Saved], q: str, limit: int, page: int) -> Listing:
        keys = list(dict.fromkeys(one.key for one in saved))
        if q.strip():
            return self._searched(q, keys, limit, page)
        first = (page - 1) * limit
        return self._listed("", keys[first : first + limit], len(keys), page, more=first + limit < len(keys))

    def _searched(self, q: str, keys: Sequence[int], limit: int, page: int) -> Listing:
        """Return those of these papers that answer a query; unlike elsewhere, withdrawn ones too: they were saved."""
        query = self._with_keys(parse(q))
        named = self.store.resolve(query.identifier) if query.identifier else None
        if named is not None and named in keys:
            return self._listed(q, [named], 1, 1, more=False)
        within = set(keys) & set(query.filters.keys) if query.filters.ids else set(keys)
        if not within:
            return self._listed(q, [], 0, page, more=False)
        filters = replace(query.filters, keys=tuple(sorted(within)), everything=True)
        return self._ranked("hybrid", replace(query, filters=filters), limit=limit, page=page, explain=False)


def _of_shown(saved: Sequence[Saved], listing: Listing) -> dict[int, tuple[Saved, ...]]:
    """Return what was saved of the papers of a page, by key."""
    found: dict[int, tuple[Saved, ...]] = {hit.paper.key: () for hit in listing.hits}
    for one in saved:
        if one.key in found:
            found[one.key] = (*found[one.key], one)
    return found
