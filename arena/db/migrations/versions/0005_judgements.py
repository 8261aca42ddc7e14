"""What judges made of matches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "judgement",
        sa.Column("match_id", sa.String(), sa.ForeignKey("matches.id"), primary_key=True),
        sa.Column("judge", sa.String(), primary_key=True),
        sa.Column("prompt_version", sa.String(), primary_key=True),
        sa.Column("seat", sa.Integer(), primary_key=True),
        sa.Column("dimension", sa.String(), primary_key=True),
        sa.Column("score", sa.Integer()),
        sa.Column("reasoning", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text()),
        sa.Column("created_at", sa.Float(), nullable=False),
    )
