"""The tables of follows and digests. What was sent hangs on the paper's key at the time, as all that readers do."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, Table, Text, UniqueConstraint

from .schema import Number, metadata

follows = Table(
    "follows",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reader", Number, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("every", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("threshold", Double, nullable=False),
    Column("due", Text, nullable=False),
    Column("newest", Number, nullable=False),  # the key of the newest paper that was looked at
    Column("looked", Text),
    Column("found", Integer),
    UniqueConstraint("reader", "kind", "text"),
)
Index(None, follows.c.due)

# When a reader's mail comes, and why it does not. `asked` is when an address was last asked to confirm itself.
deliveries = Table(
    "deliveries",
    metadata,
    Column("reader", Number, primary_key=True, autoincrement=False),
    Column("hour", Integer, nullable=False),
    Column("weekday", Integer, nullable=False),
    Column("asked", Text),
    Column("stopped", Text),
    Column("reason", Text),
    Column("strikes", Integer, nullable=False),  # letters that came back lately, the last of them when it `struck`
    Column("struck", Text),
    Column("opens", Integer, nullable=False, server_default="0"),  # 1: which links in mail are followed is kept
)

# What is in a mail, written before anything is sent: its number is in the mail's Message-ID.
digests = Table(
    "digests",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reader", Number, nullable=False),
    Column("due", Text, nullable=False),
    Column("made", Text, nullable=False),
    Column("sections", Text, nullable=False),  # JSON
    UniqueConstraint("reader", "due"),
)

# Papers that stood in a reader's digests: they never do again.
digested = Table(
    "digested",
    metadata,
    Column("reader", Number, primary_key=True, autoincrement=False),
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("digest", Number, nullable=False),
    sqlite_with_rowid=False,
)

# Where a follow's matches are posted to, and how that went.
hooks = Table(
    "hooks",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reader", Number, nullable=False),
    Column("follow", Number, nullable=False),
    Column("url", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("newest", Number, nullable=False),  # the key of the newest paper that was looked at
    Column("looked", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("posted", Text),  # when a post last arrived
    Column("failing", Text),  # since when none does
    Column("stopped", Text),  # when that was too long
    Column("reason", Text),
)
Index(None, hooks.c.reader)
Index(None, hooks.c.due)

# Papers that were posted there: they never are again.
hooked = Table(
    "hooked",
    metadata,
    Column("hook", Number, primary_key=True, autoincrement=False),
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("reader", Number, nullable=False),
    sqlite_with_rowid=False,
)
Index(None, hooked.c.reader)

# Papers whose links in a digest a reader has followed, of those readers who want that to count.
opened = Table(
    "opened",
    metadata,
    Column("reader", Number, primary_key=True, autoincrement=False),
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("made", Text, nullable=False),
    sqlite_with_rowid=False,
)
