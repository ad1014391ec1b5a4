"""The outbox: mail is a row before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import insert

from . import schema_readers as r
from .connect import Database
from .freshness import stamp


class Outbox:
    """Mail that waits to be sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        kind: str,
        address: str,
        payload: Mapping[str, Any],
        *,
        reader: int | None = None,
        digest: int | None = None,
        priority: int,
        due: datetime,
    ) -> int:
        """Put mail into the outbox and return its number; what has a smaller `priority` goes first."""
        values = {
            "kind": kind,
            "reader": reader,
            "address": address,
            "digest": digest,
            "payload": orjson.dumps(dict(payload)).decode(),
            "due": stamp(due),
            "priority": priority,
            "attempts": 0,
        }
        statement = insert(r.outbox).values(values).returning(r.outbox.c.id)
        return int(self._database.durable(lambda c: c.scalar(statement)) or 0)
