"""Reports, what moderators did about them, claims of authors, and the leads that editors picked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from broadsheet.records import Claim, Deed, Lead, Report

from . import papers
from . import schema_readers as r
from .connect import Database, insert_new, upsert
from .freshness import stamp


class Moderation:
    """What keeps an instance in order."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def report(self, kind: str, target: int, reader: int, reason: str, *, now: datetime) -> None:
        """Keep a report; a second one of the same reader on the same thing changes nothing."""
        row = {"kind": kind, "target": target, "reader": reader, "reason": reason, "made": stamp(now)}
        self._database.durable(lambda c: insert_new(c, r.reports, [row]))

    def open_reports(self, limit: int) -> list[Report]:
        """Return reports that nobody has looked at, the oldest first."""
        columns = select(*(r.reports.c[name] for name in ("id", "kind", "target", "reader", "reason", "made")))
        waiting = columns.where(r.reports.c.closed.is_(None)).order_by(r.reports.c.id).limit(limit)
        with self._database.reading() as connection:
            return [Report(**row) for row in connection.execute(waiting).mappings()]

    def act(self, moderator: int, act: str, kind: str, target: int, reason: str, *, now: datetime) -> None:
        """Log what a moderator did, and close the reports on it."""
        values = {"moderator": moderator, "act": act, "kind": kind, "target": target, "reason": reason}

        def work(connection: Connection) -> None:
            connection.execute(insert(r.moderation).values(made=stamp(now), **values))
            on_it = update(r.reports).where(r.reports.c.kind == kind, r.reports.c.target == target)
            connection.execute(on_it.values(closed=stamp(now)))

        self._database.durable(work)

    def was_done(self, act: str, kind: str, target: int) -> bool:
        """Say whether a moderator ever did this to something."""
        m = r.moderation.c
        done = select(m.id).where(m.act == act, m.kind == kind, m.target == target).limit(1)
        with self._database.reading() as connection:
            return connection.scalar(done) is not None

    def log(self, limit: int) -> list[Deed]:
        """Return what moderators did, the last first."""
        names = ("id", "act", "kind", "target", "reason", "made")
        columns = select(*(r.moderation.c[name] for name in names), r.readers.c.name.label("moderator"))
        joined = columns.join(r.readers, r.readers.c.id == r.moderation.c.moderator)
        with self._database.reading() as connection:
            rows = connection.execute(joined.order_by(r.moderation.c.id.desc()).limit(limit)).mappings()
            return [Deed(**row) for row in rows]

    # -- the lead ------------------------------------------------------------------------------------------------------

    def pick(self, day: str, key: int, reader: int, *, byline: str, why: str, now: datetime) -> None:
        """Make a paper the lead of a day, in the place of another."""
        row = {"day": day, "record": key, "reader": reader, "byline": byline, "why": why, "made": stamp(now)}
        self._database.durable(lambda c: upsert(c, r.picks, [row]))

    def unpick(self, day: str) -> None:
        """Leave the lead of a day to the readers' votes again."""
        self._database.durable(lambda c: c.execute(r.picks.delete().where(r.picks.c.day == day)))

    def lead(self, day: str) -> Lead | None:
        """Return the lead that an editor picked for a day."""
        with self._database.reading() as connection:
            row = connection.execute(select(r.picks).where(r.picks.c.day == day)).first()
            if row is None:
                return None
            key = papers.present(connection, row.record)
            return Lead(day=row.day, key=key, byline=row.byline, why=row.why)

    # -- authors -------------------------------------------------------------------------------------------------------

    def claim(self, reader: int, slug: str, words: str, *, state: str, now: datetime) -> None:
        """Keep that a reader says to be an author; a second time changes nothing."""
        row = {"reader": reader, "slug": slug, "words": words, "state": state, "made": stamp(now)}
        self._database.durable(lambda c: insert_new(c, r.claims, [row]))

    def claims(self, **wanted: Any) -> list[Claim]:
        """Return claims with these values of `id`, `state`, `slug` or `reader`, the oldest first."""
        names = ("id", "reader", "slug", "words", "made", "state")
        columns = select(*(r.claims.c[name] for name in names), r.readers.c.name, r.readers.c.handle)
        joined = columns.join(r.readers, r.readers.c.id == r.claims.c.reader).where(r.readers.c.state == "active")
        for name, value in wanted.items():
            joined = joined.where(r.claims.c[name] == value)
        with self._database.reading() as connection:
            return [Claim(**row) for row in connection.execute(joined.order_by(r.claims.c.id)).mappings()]

    def decide(self, claim: int, moderator: int, state: str) -> None:
        """Grant or refuse a claim."""
        mine = update(r.claims).where(r.claims.c.id == claim)
        self._database.durable(lambda c: c.execute(mine.values(state=state, moderator=moderator)))
