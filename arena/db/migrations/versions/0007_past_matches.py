"""The list of rooms whose match is over, past any number of self-play matches."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_matches_past", "matches", ["purpose", "status", "ended_at", "id"])
