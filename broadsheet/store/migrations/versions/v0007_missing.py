"""What stood in imported libraries and is not here."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "missing",
        sa.Column("reader", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("shelf", sa.Text(), nullable=False),
        sa.Column("name", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("reader", "shelf", "name", name="pk_missing"),
        sqlite_with_rowid=False,
    )
