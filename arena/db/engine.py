"""Opening the database: SQLite (WAL, synchronous=FULL) by default, PostgreSQL by URL; migrated to the newest schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from arena.errors import StorageError

BUSY_TIMEOUT_MS: Final = 15_000
WRITES: Final = "arena_writes"
"""Execution option of connections that will write: SQLite then takes its lock when the transaction begins, so that two
writers wait for each other instead of failing half-way."""


def open_database(url: str, *, check: bool = False) -> Engine:
    """An engine on a database whose schema is this program's newest; a missing SQLite file is made.

    Args:
        url: an SQLAlchemy URL, or the path of an SQLite file.
        check: also let SQLite look for damage, which reads the whole file.

    Raises:
        StorageError: it cannot be opened, is no database, is damaged, or was made by a newer program.
    """
    engine = _engine(url)
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            if check and engine.dialect.name == "sqlite":
                found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if found != "ok":
                    raise StorageError(f"The database {url} is damaged ({found}). Restore it from a copy.")
            _migrate(connection, url)
    except DBAPIError as error:
        engine.dispose()
        raise StorageError(
            f"The database {url} cannot be opened: {error.orig}. Check that the path is a database of this program and "
            "that you may write there, or name another one with --db."
        ) from error
    except StorageError:
        engine.dispose()
        raise
    return engine


def _engine(url: str) -> Engine:
    if "://" not in url:
        url = f"sqlite:///{url}"
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return create_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StorageError(
            f"{url!r} is no address of a database. Use sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME."
        ) from error
    except ModuleNotFoundError as error:
        raise StorageError(f"The driver for {url!r} is missing: pip install {error.name}.") from error
    if parsed.database in (None, "", ":memory:"):
        raise StorageError("The log needs a file: an SQLite database in memory cannot be shared with its writer.")
    folder = Path(parsed.database).resolve().parent
    if not folder.is_dir():
        raise StorageError(f"The folder {folder} does not exist; make it, or name another database with --db.")
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself: see _begin_sqlite
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: Connection, url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
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
