"""Rooms whose match has not begun."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_rooms",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("game", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("fills", sa.JSON(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("maker_seat", sa.Integer()),
        sa.Column("seats", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.Float(), nullable=False),
    )
