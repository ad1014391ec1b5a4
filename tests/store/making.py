"""Records and batches in one line each, and what a store holds in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from broadsheet.records import Author, Batch, SourceRecord
from broadsheet.store import Added, Store
from broadsheet.text.normalise import slug, title_identity

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
TITLE = "On the Folding of Paper Cranes"


def record(own_id: str = "", title: str = TITLE, **fields: Any) -> SourceRecord:
    """A record of source "jsonl"; without an own id it is named by its title."""
    authors = tuple(Author(name) for name in fields.pop("authors", ("Ada Lovelace",)))
    fields.setdefault("date", "2025")
    fields.setdefault("source", "jsonl")
    scheme = fields.pop("scheme", fields["source"] if own_id else "title")
    own_id = own_id or title_identity(title, [a.name for a in authors], fields["date"])
    return SourceRecord(scheme=scheme, own_id=own_id, title=title, authors=authors, **fields)


def add(store: Store, *records: SourceRecord, cursor: str = "1", now: datetime = NOW, live: bool = False) -> Added:
    """Add records as one batch of a file, or of a live source."""
    name = "live" if live else "file:1"
    return store.add(Batch(records, cursor), cursor_name=name, source="test", now=now)


def only(store: Store, *records: SourceRecord) -> int:
    """Add records that must be one paper, and return its key."""
    add(store, *records)
    (key,) = store.keys(0, 10)
    return key


def groups(store: Store) -> set[frozenset[str]]:
    """Return which records are together, by their own ids."""
    return {frozenset(r.own_id for r in store.records(key)) for key in store.keys(0, 1_000_000)}


def contents(store: Store) -> dict[str, Any]:
    """Return all that a store says, apart from numbers that depend on how often something was tried."""
    keys = store.keys(0, 1_000_000)
    papers = store.papers(keys)
    return {
        "papers": papers,
        "records": [store.records(key) for key in keys],
        "series": [store.series(key) for key in keys],
        "editions": store.editions(limit=1_000_000),
        "newest": store.newest(1_000_000),
        "changed": sorted((c.key, c.gone) for c in store.changes(0, 1_000_000)),
        "merges": [(m.survivor, m.absorbed, m.reason) for m in store.merges()],
        "counts": store.counts(),
        "authors": [store.by_author(slug, 100, 0) for slug in _slugs(papers)],
    }


def _slugs(papers: Iterable[Any]) -> list[str]:
    return sorted({slug(author.name) for paper in papers for author in paper.authors})
