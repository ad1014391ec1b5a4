"""Hooks, what was posted to them, opened links, and the mail of a digest by its number."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables, the column and the index."""
    _hooks()
    _papers("hooked", "hook", sa.Column("reader", _NUMBER, nullable=False))
    op.create_index("ix_hooked_reader", "hooked", ["reader"])
    _papers("opened", "reader", sa.Column("made", sa.Text(), nullable=False))
    op.add_column("deliveries", sa.Column("opens", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_outbox_digest", "outbox", ["digest"])


def _hooks() -> None:
    op.create_table(
        "hooks",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("reader", _NUMBER, nullable=False),
        sa.Column("follow", _NUMBER, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("newest", _NUMBER, nullable=False),
        sa.Column("looked", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("posted", sa.Text(), nullable=True),
        sa.Column("failing", sa.Text(), nullable=True),
        sa.Column("stopped", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_hooks"),
    )
    op.create_index("ix_hooks_reader", "hooks", ["reader"])
    op.create_index("ix_hooks_due", "hooks", ["due"])


def _papers(table: str, whose: str, more: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column(whose, _NUMBER, autoincrement=False, nullable=False),
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        more,
        sa.PrimaryKeyConstraint(whose, "record", name=f"pk_{table}"),
        sqlite_with_rowid=False,
    )
