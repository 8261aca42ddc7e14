"""Alembic's entry: runs the migrations over the connection that ``arena.db.engine`` hands in."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from arena.db import tables  # noqa: F401  (fills the metadata)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_type=True,
    render_as_batch=True,
)
context.run_migrations()
