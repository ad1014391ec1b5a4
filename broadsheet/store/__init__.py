"""Source records in, papers out: SQLite or PostgreSQL, and the only SQL there is."""

from .adding import Added, Ready
from .links import Link
from .merges import Merge
from .store import Store

__all__ = ["Added", "Link", "Merge", "Ready", "Store"]
