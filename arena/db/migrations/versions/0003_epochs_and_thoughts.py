"""What a model read and thought: trunks that were shortened and begun anew, and the tokens of thoughts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("epoch", sa.Integer()))
    op.add_column("decisions", sa.Column("trunk_limit", sa.Integer()))
    op.add_column("decisions", sa.Column("trainable", sa.Boolean()))
    op.add_column("decisions", sa.Column("thought_branch", sa.LargeBinary()))
    op.add_column("decisions", sa.Column("thought_sampled", sa.LargeBinary()))
    op.add_column("decisions", sa.Column("thought_logprobs", sa.LargeBinary()))
    op.add_column("trunks", sa.Column("starts", sa.LargeBinary()))
    op.add_column("trunks", sa.Column("trunk_limit", sa.Integer()))
