"""Readers and what they do: accounts, sessions, votes, shelves, the lead an editor picked, mail that waits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create every table."""
    _accounts()
    _papers()
    _running()


def _accounts() -> None:
    """Who reads, and their shelves."""
    op.create_table(
        "readers",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_readers"),
        sa.UniqueConstraint("email", name="uq_readers_email"),
        sa.UniqueConstraint("handle", name="uq_readers_handle"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.Column("reader", _NUMBER, nullable=False),
        sa.Column("created", sa.Text(), nullable=False),
        sa.Column("rotated", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("expires", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token", name="uq_sessions_token"),
    )
    op.create_index("ix_sessions_previous", "sessions", ["previous"])
    op.create_index("ix_sessions_reader", "sessions", ["reader"])
    op.create_table(
        "shelves",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("reader", _NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=True),
        sa.Column("made", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shelves"),
        sa.UniqueConstraint("reader", "name", name="uq_shelves_reader_name"),
        sa.UniqueConstraint("public", name="uq_shelves_public"),
    )
    op.create_table(
        "visits",
        sa.Column("reader", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("last", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("reader", name="pk_visits"),
    )


def _papers() -> None:
    """What readers do with papers."""
    op.create_table(
        "votes",
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("reader", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.Column("network", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("record", "reader", name="pk_votes"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_votes_reader_made", "votes", ["reader", "made"])
    op.create_index("ix_votes_made", "votes", ["made"])
    op.create_table(
        "saved",
        sa.Column("shelf", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shelf", "record", name="pk_saved"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_saved_record", "saved", ["record"])
    op.create_table(
        "hidden",
        sa.Column("reader", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reader", "record", name="pk_hidden"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seen",
        sa.Column("reader", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reader", "record", name="pk_seen"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "picks",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("record", _NUMBER, nullable=False),
        sa.Column("reader", _NUMBER, nullable=False),
        sa.Column("byline", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_picks"),
    )


def _running() -> None:
    """Mail that waits, and how often things were done."""
    op.create_table(
        "outbox",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reader", _NUMBER, nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("digest", _NUMBER, nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Text(), nullable=True),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_sent_failed_priority_due", "outbox", ["sent", "failed", "priority", "due"])
    op.create_index("ix_outbox_reader", "outbox", ["reader"])
    op.create_table(
        "limits",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_limits"),
    )
