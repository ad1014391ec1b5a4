"""The tables, once for both databases; `migrations/` builds them and a test holds the two together.

What belongs to a record hangs on the record's number, never on the paper's, so that merging papers and undoing it
moves no rows: a paper's key is the number of its oldest record, and `absorbed` says of which paper any other record is
part now.
`papers` and `changes` are derived from the rest.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

HEAD = "0010"  # the newest migration; revisions are numbers with leading zeros, so that they can be compared

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

GAINS = ("comments", "stars", "citations", "mentions", "expected")
Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite makes its row number only of INTEGER

# One row for each record of a source. `name` and `title` are 64-bit hashes: of (source, scheme, own id), and of the
# title's fingerprint, null where the title may not join papers. `digest` tells an unchanged record unread.
records = Table(
    "records",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("name", BigInteger, nullable=False),
    Column("digest", BigInteger, nullable=False),
    Column("title", BigInteger),
    Column("live", Text),  # the day it was first harvested live; null for files
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("name"),
)
Index(None, records.c.title)

# Every identifier that was ever valid, and the record that brought it first.
identifiers = Table(
    "identifiers",
    metadata,
    Column("identifier", Text, primary_key=True),
    Column("record", Number, nullable=False),
    sqlite_with_rowid=False,
)

# Records that are not the oldest of their paper: `key` is the paper they are part of now.
absorbed = Table(
    "absorbed",
    metadata,
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("key", Number, nullable=False),
)
Index(None, absorbed.c.key)

# Every time two became one. The rows without `undone` make a forest whose roots are the papers.
merges = Table(
    "merges",
    metadata,
    Column("id", Number, primary_key=True),
    Column("survivor", Number, nullable=False),
    Column("absorbed", Number, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made", Text, nullable=False),
    Column("undone", Text),
)
Index(None, merges.c.survivor)
Index(None, merges.c.absorbed)

# Pairs that someone has told apart: no later record makes them one again.
apart = Table(
    "apart",
    metadata,
    Column("one", Number, primary_key=True, autoincrement=False),
    Column("other", Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# What lists of papers need. `day` is the first day of the date ("" without a date), `edition` the front page, `venue`
# the hash of the venue's slug; all are null for papers that default results leave out: they stand in no list. `stars`,
# `citations` and `mentions` are gained a day; `expected` are the votes that were foreseen, by whoever indexes.
papers = Table(
    "papers",
    metadata,
    Column("key", Number, primary_key=True, autoincrement=False),
    Column("day", Text),
    Column("edition", Text),
    Column("venue", BigInteger),
    Column("votes", Double, nullable=False),
    *(Column(name, Double, nullable=False, server_default="0") for name in GAINS),
)
Index(None, papers.c.day)
Index(None, papers.c.edition, papers.c.votes, papers.c.expected, papers.c.day, papers.c.key)
Index(None, papers.c.venue, papers.c.day, papers.c.key)

# The newest change of each paper that ever was; `gone` when there is no such paper any more.
changes = Table(
    "changes",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("key", Number, nullable=False),
    Column("gone", Integer, nullable=False),
    UniqueConstraint("key"),
)

# Who wrote what: the hash of the author's slug.
authorship = Table(
    "authorship",
    metadata,
    Column("author", BigInteger, primary_key=True, autoincrement=False),
    Column("record", Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index(None, authorship.c.record)

signals = Table(
    "signals",
    metadata,
    Column("record", Number, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("value", Double, nullable=False),
    sqlite_with_rowid=False,
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("stored", Text, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seen", Text),
    Column("failure", Text),
    Column("records", Integer, nullable=False),
)

# A record that could not be used is kept once for each place it stood in, however often that is read again.
set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", Text, nullable=False),
    Column("name", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("stored", Text, nullable=False),
    UniqueConstraint("name"),
)

state = Table(
    "state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Text, nullable=False),
)
