"""The schema's history, for Alembic."""

from typing import Final

NEWEST_SCHEMA: Final = "0006"
"""The last revision in ``versions``."""
