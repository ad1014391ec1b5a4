"""How often something was done lately: leaky buckets, one for each name."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from broadsheet.rights import Limit, poured

from . import schema_readers as r
from .connect import Database, upsert


class Limits:
    """Counts by name that flow back to nothing with time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, name: str, limit: Limit, *, at: float) -> int:
        """Count one more at a moment (seconds since 1970); return 0, or how many seconds too early it is."""

        def work(connection: Connection) -> int:
            row = connection.execute(select(r.limits).where(r.limits.c.name == name)).first()
            level, wait = poured(row.level, at - row.at, limit) if row else (1.0, 0)
            if not wait:
                upsert(connection, r.limits, [{"name": name, "level": level, "at": at}])
            return wait

        return self._database.bulk(work)

    def forget(self, before: float) -> None:
        """Drop what was not counted since a moment."""
        self._database.bulk(lambda c: c.execute(delete(r.limits).where(r.limits.c.at < before)))
