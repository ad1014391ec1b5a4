"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create every table."""
    _records()
    _papers()
    _running()


def _records() -> None:
    """What sources yield, and how it hangs together."""
    op.create_table(
        "records",
        sa.Column("id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.BigInteger(), nullable=True),
        sa.Column("live", sa.Text(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_records"),
        sa.UniqueConstraint("name", name="uq_records_name"),
    )
    op.create_index("ix_records_title", "records", ["title"])
    op.create_table(
        "identifiers",
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("record", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("identifier", name="pk_identifiers"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "absorbed",
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("key", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("record", name="pk_absorbed"),
    )
    op.create_index("ix_absorbed_key", "absorbed", ["key"])
    op.create_table(
        "merges",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("survivor", _NUMBER, nullable=False),
        sa.Column("absorbed", _NUMBER, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.Column("undone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_merges"),
    )
    op.create_index("ix_merges_absorbed", "merges", ["absorbed"])
    op.create_index("ix_merges_survivor", "merges", ["survivor"])
    op.create_table(
        "apart",
        sa.Column("one", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("other", _NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("one", "other", name="pk_apart"),
        sqlite_with_rowid=False,
    )


def _papers() -> None:
    """What lists, pages and the index ask for."""
    op.create_table(
        "papers",
        sa.Column("key", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("day", sa.Text(), nullable=True),
        sa.Column("edition", sa.Text(), nullable=True),
        sa.Column("venue", sa.BigInteger(), nullable=True),
        sa.Column("votes", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_papers"),
    )
    op.create_index("ix_papers_day", "papers", ["day"])
    op.create_index("ix_papers_edition", "papers", ["edition"])
    op.create_index("ix_papers_venue_day_key", "papers", ["venue", "day", "key"])
    op.create_table(
        "changes",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("key", _NUMBER, nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_changes"),
        sa.UniqueConstraint("key", name="uq_changes_key"),
    )
    op.create_table(
        "authorship",
        sa.Column("author", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("author", "record", name="pk_authorship"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signals",
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("record", "kind", "day", "source", name="pk_signals"),
        sqlite_with_rowid=False,
    )


def _running() -> None:
    """Where each source and the program itself stand."""
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("stored", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )
    op.create_table(
        "sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sources"),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.Column("stored", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_set_aside"),
        sa.UniqueConstraint("name", name="uq_set_aside_name"),
    )
    op.create_table(
        "state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_state"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
