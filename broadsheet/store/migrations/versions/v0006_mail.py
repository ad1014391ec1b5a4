"""Follows, deliveries, digests, and what was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create every table."""
    _follows()
    _digests()


def _follows() -> None:
    op.create_table(
        "follows",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("reader", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("every", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("newest", _NUMBER, nullable=False),
        sa.Column("looked", sa.Text(), nullable=True),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_follows"),
        sa.UniqueConstraint("reader", "kind", "text", name="uq_follows_reader_kind_text"),
    )
    op.create_index("ix_follows_due", "follows", ["due"])
    op.create_table(
        "deliveries",
        sa.Column("reader", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=True),
        sa.Column("stopped", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("struck", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("reader", name="pk_deliveries"),
    )


def _digests() -> None:
    op.create_table(
        "digests",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("reader", _NUMBER, nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("made", sa.Text(), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_digests"),
        sa.UniqueConstraint("reader", "due", name="uq_digests_reader_due"),
    )
    op.create_table(
        "digested",
        sa.Column("reader", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("digest", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("reader", "record", name="pk_digested"),
        sqlite_with_rowid=False,
    )
