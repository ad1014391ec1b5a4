"""What the newest paper was when a reader was last here, and when the visit before that ended."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the columns; nobody's visits were noted before."""
    op.add_column("visits", sa.Column("newest", _NUMBER, nullable=False, server_default="0"))
    op.add_column("visits", sa.Column("known", _NUMBER))
