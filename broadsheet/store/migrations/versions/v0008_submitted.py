"""What became of submissions, and the files among them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add columns and create the tables."""
    for name in ("name", "lease_until", "settled"):
        op.add_column("submissions", sa.Column(name, sa.Text()))
    op.create_index("ix_submissions_name", "submissions", ["name"])
    op.create_table(
        "submitted",
        sa.Column("submission", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("record", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("submission", "record", name="pk_submitted"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_submitted_record", "submitted", ["record"])
    op.create_table(
        "uploads",
        sa.Column("submission", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reader", _NUMBER, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("submission", "part", name="pk_uploads"),
    )
    op.create_index("ix_uploads_reader", "uploads", ["reader"])
