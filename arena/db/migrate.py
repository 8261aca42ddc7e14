"""Bringing a database of an earlier version to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from arena.db import migrations
from arena.errors import StorageError


def migrate(connection: Connection, url: str) -> None:
    """Within the connection's transaction.

    Args:
        url: names the database in errors.

    Raises:
        StorageError: a newer program made it.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_heads()
    for revision in current:
        try:
            scripts.get_revision(revision)
        except CommandError as error:
            raise StorageError(
                f"The database {url} was made by a newer version of this program (schema {revision}). "
                "Upgrade social-arena, or name another database with --db."
            ) from error
    if set(current) != set(scripts.get_heads()):
        command.upgrade(config, "head")
