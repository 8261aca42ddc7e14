"""The first tables: matches, seats, events, decisions, trunks, checkpoints."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "matches",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("game", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("rated", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("minds", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float()),
        sa.Column("winner", sa.String()),
        sa.Column("reason", sa.String()),
        sa.Column("sides", sa.JSON()),
        sa.Column("returns", sa.JSON()),
    )
    op.create_index("ix_matches_ended", "matches", ["status", "ended_at", "id"])
    op.create_index("ix_matches_started", "matches", ["started_at"])
    op.create_table(
        "seats",
        sa.Column("match_id", sa.String(), sa.ForeignKey("matches.id"), primary_key=True),
        sa.Column("seat", sa.Integer(), primary_key=True),
        sa.Column("person", sa.String()),
        sa.Column("train", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("match_id", sa.String(), sa.ForeignKey("matches.id"), primary_key=True),
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column("match_id", sa.String(), sa.ForeignKey("matches.id"), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("turn_id", sa.String(), nullable=False),
        sa.Column("turn_kind", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("choice", sa.String()),
        sa.Column("thought", sa.Text()),
        sa.Column("latency_s", sa.Float(), nullable=False),
        sa.Column("fallback", sa.String()),
        sa.Column("act_id", sa.String()),
        sa.Column("policy_version", sa.String()),
        sa.Column("tokenizer", sa.String()),
        sa.Column("prompt_version", sa.String()),
        sa.Column("trunk_length", sa.Integer()),
        sa.Column("branch", sa.LargeBinary()),
        sa.Column("sampled", sa.LargeBinary()),
        sa.Column("logprobs", sa.LargeBinary()),
        sa.Column("options", sa.Text()),
        sa.Column("choice_probs", sa.LargeBinary()),
        sa.Column("temperature", sa.Float()),
        sa.UniqueConstraint("match_id", "seat", "act_id", name="uq_decisions_act"),
    )
    op.create_index("ix_decisions_policy_version", "decisions", ["policy_version"])
    op.create_table(
        "trunks",
        sa.Column("match_id", sa.String(), sa.ForeignKey("matches.id"), primary_key=True),
        sa.Column("tokenizer", sa.String(), primary_key=True),
        sa.Column("prompt_version", sa.String(), primary_key=True),
        sa.Column("tokens", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("parent", sa.String()),
        sa.Column("run", sa.String()),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("games", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("tokenizer", sa.String(), nullable=False),
        sa.Column("prompt_version", sa.String(), nullable=False),
        sa.Column("meta", sa.JSON(), nullable=False),
    )
