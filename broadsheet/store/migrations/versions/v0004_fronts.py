"""What front pages and trending order by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = ("comments", "stars", "citations", "mentions", "expected")


def upgrade() -> None:
    """Add what a paper gains and what was foreseen; comments counted so far are taken over."""
    for name in _COLUMNS:
        op.add_column("papers", sa.Column(name, sa.Double(), server_default="0", nullable=False))
    op.drop_index("ix_papers_edition", "papers")
    op.create_index(
        "ix_papers_edition_votes_expected_day_key", "papers", ["edition", "votes", "expected", "day", "key"]
    )
    op.execute(
        """
        UPDATE papers SET comments = counted.total FROM (
            SELECT coalesce(absorbed.key, signals.record) AS key, max(signals.value) AS total
            FROM signals LEFT JOIN absorbed ON absorbed.record = signals.record
            WHERE signals.kind = 'comments' GROUP BY 1
        ) AS counted WHERE counted.key = papers.key AND papers.day IS NOT NULL
        """
    )
