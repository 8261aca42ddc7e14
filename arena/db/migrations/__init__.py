"""The schema's history, for Alembic."""

from typing import Final

NEWEST_SCHEMA: Final = "0005"
"""The last revision in ``versions``."""
