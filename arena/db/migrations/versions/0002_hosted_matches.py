"""What a server needs to go on with a match after a restart: terms, fillings, resume tokens, who played when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("matches", sa.Column("terms", sa.JSON()))
    op.add_column("seats", sa.Column("fill", sa.String()))
    op.add_column("seats", sa.Column("token_hash", sa.String()))
    op.create_table(
        "handovers",
        sa.Column("match_id", sa.String(), sa.ForeignKey("matches.id"), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("person", sa.String()),
        sa.Column("mind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
    )
