"""The schema's history, for Alembic."""

from typing import Final

NEWEST_SCHEMA: Final = "0007"
"""The last revision in ``versions``."""
