"""Authors of a record, found by the record."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index by record."""
    op.create_index("ix_authorship_record", "authorship", ["record"])
