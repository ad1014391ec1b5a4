"""Small rows: state by name, and leases that expire."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select

from . import schema as t
from .connect import insert_new, upsert
from .freshness import stamp


def state(connection: Connection, name: str) -> str | None:
    """Return a value kept by name."""
    return connection.scalar(select(t.state.c.value).where(t.state.c.name == name))


def set_state(connection: Connection, name: str, value: str) -> None:
    """Keep a value by name in the place of the last one."""
    upsert(connection, t.state, [{"name": name, "value": value}])


def take(connection: Connection, name: str, holder: str, now: datetime, seconds: float) -> bool:
    """Take or renew a lease; False while somebody else's lasts."""
    until = stamp(now + timedelta(seconds=seconds))
    insert_new(connection, t.leases, [{"name": name, "holder": holder, "until": until}])
    free = or_(t.leases.c.holder == holder, t.leases.c.until <= stamp(now))
    claim = t.leases.update().where(t.leases.c.name == name, free).values(holder=holder, until=until)
    return connection.execute(claim).rowcount == 1


def release(connection: Connection, name: str, holder: str) -> None:
    """Give a lease back, if it is still this holder's."""
    connection.execute(delete(t.leases).where(t.leases.c.name == name, t.leases.c.holder == holder))
