"""The tables of readers and of what they do. Like all that belongs to a paper, votes and the rest hang on the paper's
key at the time, which is a record's number: merging papers moves no row, and undoing a merge loses none.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from .schema import Number, metadata

readers = Table(
    "readers",
    metadata,
    Column("id", Number, primary_key=True),
    Column("email", Text),  # lower case; null where only a password or an issuer says who it is, and for deleted ones
    Column("name", Text, nullable=False),
    Column("handle", Text),  # the name in addresses and mentions
    Column("password", Text),  # argon2
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created", Text, nullable=False),
    Column("confirmed", Text),  # when the address was proven
    Column("timezone", Text),
    Column("settings", Text, nullable=False),  # JSON
    UniqueConstraint("email"),
    UniqueConstraint("handle"),
)

# A session is known by the hash of its token; for a moment after it changed, by that of the one before, too.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("token", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
    Column("reader", Number, nullable=False),
    Column("created", Text, nullable=False),
    Column("rotated", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Column("agent", Text, nullable=False),
    UniqueConstraint("token"),
)
Index(None, sessions.c.previous)
Index(None, sessions.c.reader)

# `network` is a keyed hash of the part of the address that one household or company shares.
votes = Table(
    "votes",
    metadata,
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("reader", Number, primary_key=True, autoincrement=False),
    Column("made", Text, nullable=False),
    Column("network", BigInteger),
    sqlite_with_rowid=False,
)
Index(None, votes.c.reader, votes.c.made)
Index(None, votes.c.made)

shelves = Table(
    "shelves",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reader", Number, nullable=False),
    Column("name", Text, nullable=False),
    Column("public", Text),
    Column("made", Text, nullable=False),
    UniqueConstraint("reader", "name"),
    UniqueConstraint("public"),
)

saved = Table(
    "saved",
    metadata,
    Column("shelf", Number, primary_key=True, autoincrement=False),
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("made", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index(None, saved.c.record)

hidden = Table(
    "hidden",
    metadata,
    Column("reader", Number, primary_key=True, autoincrement=False),
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("made", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Papers whose own page a reader has opened.
seen = Table(
    "seen",
    metadata,
    Column("reader", Number, primary_key=True, autoincrement=False),
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("made", Text, nullable=False),
    sqlite_with_rowid=False,
)

# When a reader was last here with what the newest paper was, and the same of the end of the visit before: papers with
# a greater key than `known` are new to them.
visits = Table(
    "visits",
    metadata,
    Column("reader", Number, primary_key=True, autoincrement=False),
    Column("last", Text, nullable=False),
    Column("before", Text),
    Column("newest", Number, nullable=False, server_default="0"),
    Column("known", Number),
)

# The lead that an editor chose for a day.
picks = Table(
    "picks",
    metadata,
    Column("day", Text, primary_key=True),
    Column("record", Number, nullable=False),
    Column("reader", Number, nullable=False),
    Column("byline", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("made", Text, nullable=False),
)

# Mail that waits to be sent, has been sent, or cannot be. `payload` is JSON; a lease says that somebody is sending it.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("reader", Number),
    Column("address", Text, nullable=False),
    Column("digest", Number),
    Column("payload", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("priority", Integer, nullable=False),  # smaller goes first
    Column("lease_until", Text),
    Column("attempts", Integer, nullable=False),
    Column("sent", Text),
    Column("failed", Text),  # when it was given up
    Column("reason", Text),  # why the last attempt failed
)
Index(None, outbox.c.sent, outbox.c.failed, outbox.c.priority, outbox.c.due)
Index(None, outbox.c.reader)
Index(None, outbox.c.digest)

# How often something was done lately, by whom: `tokens` flow back with time (a leaky bucket).
limits = Table(
    "limits",
    metadata,
    Column("name", Text, primary_key=True),
    Column("level", Double, nullable=False),
    Column("at", Double, nullable=False),  # seconds since 1970
)

# Links that were mailed or handed out, by the hash of what is secret in them; each works once.
links = Table(
    "links",
    metadata,
    Column("token", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),  # "login", "invite", "address"
    Column("email", Text),
    Column("reader", Number),
    Column("next", Text, nullable=False),
    Column("expires", Text, nullable=False),
)
Index(None, links.c.expires)

# Who a reader is at an issuer of OpenID Connect.
identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("reader", Number, nullable=False),
    Column("made", Text, nullable=False),
)
Index(None, identities.c.reader)

# What readers sent in: a row at once, fetched by the loop. `state` is queued, waiting, found, merged or refused; a
# lease says that somebody is fetching it.
submissions = Table(
    "submissions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reader", Number, nullable=False),
    Column("kind", Text, nullable=False),  # "identifier", "url", "file"
    Column("given", Text, nullable=False),  # as it was typed, or the name of the file
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("record", Number),
    Column("made", Text, nullable=False),
    Column("due", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("name", Text),  # the identifier in it, or the hash of the file's content
    Column("lease_until", Text),
    Column("settled", Text),  # when it was found, merged or refused
)
Index(None, submissions.c.state, submissions.c.due)
Index(None, submissions.c.reader)
Index(None, submissions.c.name)

# The papers that came of a submission; those that were not new were here before.
submitted = Table(
    "submitted",
    metadata,
    Column("submission", Number, primary_key=True, autoincrement=False),
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("new", Integer, nullable=False),  # 1, or 0
    sqlite_with_rowid=False,
)
Index(None, submitted.c.record)

# Files that were sent in, packed with zstd and cut into parts, until their papers are here.
uploads = Table(
    "uploads",
    metadata,
    Column("submission", Number, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("reader", Number, nullable=False),
    Column("size", Integer, nullable=False),  # bytes of the part
    Column("content", LargeBinary, nullable=False),
)
Index(None, uploads.c.reader)

comments = Table(
    "comments",
    metadata,
    Column("id", Number, primary_key=True),
    Column("record", Number, nullable=False),
    Column("parent", Number),
    Column("reader", Number, nullable=False),
    Column("text", Text, nullable=False),
    Column("made", Text, nullable=False),
    Column("edited", Text),
    Column("deleted", Text),
    Column("moderator", Number),  # who took it away, where that was not its author
)
Index(None, comments.c.record)
Index(None, comments.c.reader)

# What a comment said before it was edited.
versions = Table(
    "versions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("comment", Number, nullable=False),
    Column("text", Text, nullable=False),
    Column("made", Text, nullable=False),
)
Index(None, versions.c.comment)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reader", Number, nullable=False),
    Column("kind", Text, nullable=False),  # "mention", "reply", "removed", "claim", "submission"
    Column("comment", Number),
    Column("actor", Number),
    Column("words", Text, nullable=False),
    Column("made", Text, nullable=False),
    Column("read", Text),
)
Index(None, notifications.c.reader)

reports = Table(
    "reports",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", Text, nullable=False),  # "comment", "paper", "reader"
    Column("target", Number, nullable=False),
    Column("reader", Number, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made", Text, nullable=False),
    Column("closed", Text),
    UniqueConstraint("kind", "target", "reader"),
)
Index(None, reports.c.closed)

moderation = Table(
    "moderation",
    metadata,
    Column("id", Number, primary_key=True),
    Column("moderator", Number, nullable=False),
    Column("act", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("target", Number, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made", Text, nullable=False),
)

# Who says to be an author, by the slug of the author's page.
claims = Table(
    "claims",
    metadata,
    Column("id", Number, primary_key=True),
    Column("reader", Number, nullable=False),
    Column("slug", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("made", Text, nullable=False),
    Column("state", Text, nullable=False),  # "open", "granted", "refused"
    Column("moderator", Number),
    UniqueConstraint("reader", "slug"),
)
Index(None, claims.c.slug)

# What stood in an imported library and is not here, by the name of its record; it joins its shelf when it comes.
missing = Table(
    "missing",
    metadata,
    Column("reader", Number, primary_key=True, autoincrement=False),
    Column("shelf", Text, primary_key=True),
    Column("name", BigInteger, primary_key=True, autoincrement=False),
    Column("payload", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
