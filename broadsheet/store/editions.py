"""Lists of papers: days with a front page, the newest, an author's, a venue's. Only what default results may show."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, select

from broadsheet.records import Author, Paper
from broadsheet.text import normalise

from . import papers
from . import schema as t
from .codec import hash64

_LOOKED_AT = 50  # papers in which an author's ORCID is looked for


def days(connection: Connection, *, before: str | None, after: str | None, limit: int) -> list[tuple[str, int]]:
    """Return days that have a front page, with their number of papers.

    The latest come first; with `after`, the nearest to it come first.
    """
    edition = t.papers.c.edition
    statement = select(edition, func.count()).where(edition.is_not(None)).group_by(edition).limit(limit)
    if before:
        statement = statement.where(edition < before)
    if after:
        statement = statement.where(edition > after)
    statement = statement.order_by(edition.asc() if after and not before else edition.desc())
    return [(day, count) for day, count in connection.execute(statement)]


def count(connection: Connection) -> int:
    """Return how many papers lists may show."""
    return connection.scalar(select(func.count()).where(t.papers.c.day.is_not(None))) or 0


def newest(connection: Connection, limit: int, offset: int) -> list[int]:
    """Return keys by date, the newest first."""
    order = (t.papers.c.day.desc(), t.papers.c.key.desc())
    listed = select(t.papers.c.key).where(t.papers.c.day.is_not(None))
    return list(connection.scalars(listed.order_by(*order).limit(limit).offset(offset)))


def by_venue(connection: Connection, slug: str, limit: int, offset: int) -> tuple[str | None, int, list[int]]:
    """Return a venue's name as its newest paper has it, its number of papers, and a page of keys, newest first."""
    listed = _listed(t.papers, t.papers.c.venue == hash64(slug))
    total, keys = _page(connection, listed, limit, offset)
    named = _newest_of(connection, listed, 1)
    return (named[0].venue if named else None), total, keys


def by_author(connection: Connection, slug: str, limit: int, offset: int) -> tuple[str | None, int, list[int]]:
    """Return an author's name as the newest paper has it, the number of papers, and a page of keys, newest first."""
    total, keys = _page(connection, _authored(slug), limit, offset)
    author = next(iter(_appearances(connection, slug, 1)), None)
    return (author.name if author else None), total, keys


def orcid(connection: Connection, slug: str) -> str | None:
    """Return the ORCID that the newest papers of an author's name agree on; a name shared by two people has none."""
    found = {author.orcid for author in _appearances(connection, slug, _LOOKED_AT) if author.orcid}
    return found.pop() if len(found) == 1 else None


def _authored(slug: str) -> Select[int, str]:
    """An author may stand in several records of one paper."""
    record = t.authorship.c.record
    moved = t.authorship.outerjoin(t.absorbed, t.absorbed.c.record == record)
    joined = moved.join(t.papers, t.papers.c.key == func.coalesce(t.absorbed.c.key, record))
    return _listed(joined, t.authorship.c.author == hash64(slug)).distinct()


def _page(connection: Connection, listed: Select[int, str], limit: int, offset: int) -> tuple[int, list[int]]:
    total = connection.scalar(select(func.count()).select_from(listed.subquery())) or 0
    rows = connection.execute(_newest_first(listed).limit(limit).offset(offset))
    return total, [key for key, _ in rows]


def _newest_of(connection: Connection, listed: Select[int, str], count: int) -> list[Paper]:
    rows = connection.execute(_newest_first(listed).limit(count))
    return papers.read(connection, [key for key, _ in rows])


def _listed(tables: FromClause, condition: ColumnElement[bool]) -> Select[int, str]:
    columns = select(t.papers.c.key, t.papers.c.day).select_from(tables)
    return columns.where(condition, t.papers.c.day.is_not(None))


def _newest_first(listed: Select[int, str]) -> Select[int, str]:
    return listed.order_by(t.papers.c.day.desc(), t.papers.c.key.desc())


def _appearances(connection: Connection, slug: str, count: int) -> list[Author]:
    """Return an author as the newest papers name them."""
    found = _newest_of(connection, _authored(slug), count)
    records = papers.records_of(connection, [paper.key for paper in found])
    people = (author for paper in found for s in records[paper.key] for author in s.record.authors)
    return [author for author in people if normalise.slug(author.name) == slug]
