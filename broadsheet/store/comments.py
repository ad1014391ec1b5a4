"""Comments in threads, what they said before they were edited, and who is told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, delete, func, insert, select, update

from broadsheet.errors import NotFound
from broadsheet.records import Comment, Notification

from . import papers
from . import schema as t
from . import schema_readers as r
from .connect import Database, Row, among, insert_all
from .freshness import stamp
from .readers import recount

_COUNT = (
    update(t.papers)
    .where(t.papers.c.key == bindparam("paper"), t.papers.c.day.is_not(None))
    .values(comments=t.papers.c.comments + bindparam("more"))
)
_WRITER = (r.readers.c.name.label("writer"), r.readers.c.handle)


class Comments:
    """The comments of all papers. Keys are those of present papers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, reader: int, key: int, text: str, *, parent: int | None, mentioned: Sequence[str], now: datetime
    ) -> int:
        """Write a comment, tell those it mentions and answers, and return its number.

        Raises:
            NotFound: the comment it answers is not one on this paper, or is gone.
        """

        row = {"record": key, "parent": parent, "reader": reader, "text": text, "made": stamp(now)}
        if parent is None and not mentioned:
            return self._database.together(_write, row)

        def work(connection: Connection) -> int:
            above = None if parent is None else _above(connection, parent, papers.present(connection, key))
            (number,) = _write(connection, [row])
            told = dict.fromkeys(_called(connection, mentioned), "mention")
            if above is not None:
                told[above] = "reply"
            _tell(connection, {who: kind for who, kind in told.items() if who != reader}, number, reader, now)
            return number

        return self._database.durable(work)

    def edit(self, number: int, text: str, *, now: datetime) -> None:
        """Change what a comment says, and keep what it said.

        Raises:
            NotFound: it is gone meanwhile.
        """

        def work(connection: Connection) -> None:
            columns = select(r.comments.c.text, r.comments.c.made, r.comments.c.edited)
            there = columns.where(r.comments.c.id == number, r.comments.c.deleted.is_(None))
            old = connection.execute(there).first()
            if old is None:
                raise NotFound("This comment is gone.")
            connection.execute(insert(r.versions).values(comment=number, text=old.text, made=old.edited or old.made))
            mine = update(r.comments).where(r.comments.c.id == number)
            connection.execute(mine.values(text=text, edited=stamp(now)))

        self._database.durable(work)

    def delete(self, number: int, *, now: datetime) -> None:
        """Empty a comment, its earlier versions too; its place in the thread stays."""
        self._database.durable(lambda c: wipe(c, [number], now))

    def remove(self, number: int, moderator: int | None, *, words: str, now: datetime) -> None:
        """Take a comment off its page and tell its writer why, or put it back (no moderator); its text is kept."""

        def work(connection: Connection) -> None:
            gone = None if moderator is None else stamp(now)
            mine = update(r.comments).where(r.comments.c.id == number)
            connection.execute(mine.values(deleted=gone, moderator=moderator))
            _recount(connection, [number])
            writer = connection.scalar(select(r.comments.c.reader).where(r.comments.c.id == number))
            if moderator is not None and writer is not None:
                _tell(connection, {writer: "removed"}, number, moderator, now, words)

        self._database.durable(work)

    def get(self, number: int) -> Comment | None:
        """Return a comment."""
        with self._database.reading() as connection:
            row = connection.execute(_comments().where(r.comments.c.id == number)).mappings().first()
            return None if row is None else _comment(row, papers.present(connection, row["record"]))

    def of_paper(self, key: int) -> list[Comment]:
        """Return a paper's comments, the oldest first."""
        with self._database.reading() as connection:
            on_it = among(connection, r.comments.c.record, papers.members(connection, [key]))
            rows = connection.execute(_comments().where(on_it).order_by(r.comments.c.id)).mappings()
            return [_comment(row, key) for row in rows]

    def of_reader(self, reader: int) -> list[Comment]:
        """Return what a reader wrote, the oldest first."""
        with self._database.reading() as connection:
            mine = _comments().where(r.comments.c.reader == reader).order_by(r.comments.c.id)
            rows = connection.execute(mine).mappings().all()
            keys = papers.present_of(connection, [row["record"] for row in rows])
            return [_comment(row, key) for row, key in zip(rows, keys, strict=True)]

    def versions(self, number: int) -> list[tuple[str, str]]:
        """Return (when, text) of what a comment said before, the oldest first."""
        columns = select(r.versions.c.made, r.versions.c.text).where(r.versions.c.comment == number)
        with self._database.reading() as connection:
            return [(made, text) for made, text in connection.execute(columns.order_by(r.versions.c.id))]

    def notifications(self, reader: int, limit: int) -> list[Notification]:
        """Return what a reader is told, the last first."""
        n, c = r.notifications, r.comments
        key = select(t.absorbed.c.key).where(t.absorbed.c.record == c.c.record).scalar_subquery()
        columns = select(
            n.c.id, n.c.kind, n.c.words, n.c.made, n.c.read, n.c.comment, c.c.record, key, r.readers.c.name
        )
        joined = columns.outerjoin(c, c.c.id == n.c.comment).outerjoin(r.readers, r.readers.c.id == n.c.actor)
        with self._database.reading() as connection:
            rows = connection.execute(joined.where(n.c.reader == reader).order_by(n.c.id.desc()).limit(limit)).all()
        return [Notification(*row[:6], row[7] or row[6], row[8] or "") for row in rows]

    def unread(self, reader: int) -> int:
        """Return how many things a reader was told and has not read."""
        n = r.notifications
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).where(n.c.reader == reader, n.c.read.is_(None))) or 0

    def read_all(self, reader: int, *, now: datetime) -> None:
        """Note that a reader has read what they were told."""
        unread = update(r.notifications).where(r.notifications.c.reader == reader, r.notifications.c.read.is_(None))
        self._database.durable(lambda c: c.execute(unread.values(read=stamp(now))))

    def tell(self, reader: int, kind: str, words: str, *, actor: int | None, now: datetime) -> None:
        """Tell a reader something that is not about a comment."""
        self._database.durable(lambda c: _tell(c, {reader: kind}, None, actor, now, words))


def _write(connection: Connection, rows: list[Row]) -> list[int]:
    """Write comments on papers that may have joined others since, and return their numbers."""
    keys = papers.present_of(connection, [row["record"] for row in rows])
    kept = [{**row, "record": key} for row, key in zip(rows, keys, strict=True)]
    made = insert(r.comments).returning(r.comments.c.id, sort_by_parameter_order=True)
    numbers = list(connection.scalars(made, kept))
    connection.execute(_COUNT, [{"paper": key, "more": count} for key, count in sorted(Counter(keys).items())])
    return numbers


def wipe(connection: Connection, numbers: Sequence[int], now: datetime) -> None:
    """Empty comments and forget their earlier versions."""
    connection.execute(delete(r.versions).where(among(connection, r.versions.c.comment, numbers)))
    mine = update(r.comments).where(among(connection, r.comments.c.id, numbers))
    connection.execute(mine.values(text="", deleted=stamp(now), moderator=None))
    _recount(connection, numbers)


def _recount(connection: Connection, numbers: Sequence[int]) -> None:
    """Write anew what lists know of the papers of comments."""
    on = select(r.comments.c.record).where(among(connection, r.comments.c.id, numbers))
    recount(connection, list(connection.scalars(on)))


def _comments() -> Select[Any]:
    return select(r.comments, *_WRITER).join(r.readers, r.readers.c.id == r.comments.c.reader)


def _comment(row: RowMapping, key: int) -> Comment:
    return Comment(
        id=row["id"],
        key=key,
        parent=row["parent"],
        reader=row["reader"],
        writer=row["writer"],
        handle=row["handle"],
        text=row["text"],
        made=row["made"],
        edited=row["edited"],
        gone=None if row["deleted"] is None else ("deleted" if row["moderator"] is None else "removed"),
    )


def _above(connection: Connection, parent: int, key: int) -> int:
    """Return who wrote the comment that is answered."""
    columns = select(r.comments.c.reader, r.comments.c.record)
    row = connection.execute(columns.where(r.comments.c.id == parent, r.comments.c.deleted.is_(None))).first()
    if row is None or papers.present(connection, row.record) != key:
        raise NotFound("The comment that this answers is not on this paper, or is gone.")
    return int(row.reader)


def _called(connection: Connection, handles: Sequence[str]) -> list[int]:
    known = select(r.readers.c.id).where(among(connection, r.readers.c.handle, handles))
    return list(connection.scalars(known.where(r.readers.c.state == "active"))) if handles else []


def _tell(
    connection: Connection, who: dict[int, str], comment: int | None, actor: int | None, now: datetime, words: str = ""
) -> None:
    rows = [
        {"reader": reader, "kind": kind, "comment": comment, "actor": actor, "words": words, "made": stamp(now)}
        for reader, kind in who.items()
    ]
    insert_all(connection, r.notifications, rows)
