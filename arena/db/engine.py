"""Opening the database: SQLite (WAL, synchronous=FULL) by default, PostgreSQL by URL; migrated to the newest schema."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from arena.db.migrations import NEWEST_SCHEMA
from arena.errors import StorageError

BUSY_TIMEOUT_MS: Final = 15_000
"""How long a transaction waits for another writer before it fails."""

WRITES: Final = "arena_writes"
"""Execution option of connections that will write: they take the database's one writing lock when the transaction
begins, so that two writers wait for each other instead of failing half-way. SQLite has such a lock (BEGIN IMMEDIATE);
on PostgreSQL an advisory lock stands for it, which the server frees with the transaction, whatever becomes of us."""

LOCK_TIMEOUT_MS: Final = "arena_lock_timeout_ms"
"""Execution option of such connections: how long to wait for that lock, if not ``BUSY_TIMEOUT_MS``."""

POSTGRES_LOCKS: Final = 0x4152454E
"""The first key of all our advisory locks, so that they meet nobody else's; the second says which lock it is."""

WRITING: Final = 1
"""The second key of the writing lock."""

_POSTGRES_SESSION: Final = {
    "connect_timeout": 5,  # seconds, as all of these but where a unit is named
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
    # The server's side of a connection notices as well that we are gone: its locks must not outlive us for hours.
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}
"""What a connection is opened with unless the URL says otherwise."""


def open_database(url: str, *, check: bool = False) -> Engine:
    """An engine on a database whose schema is this program's newest; a missing SQLite file is made.

    Args:
        url: an SQLAlchemy URL, or the path of an SQLite file.
        check: also let SQLite look for damage, which reads the whole file. PostgreSQL looks after its own pages; what
            either of them cannot see, altered rows, ``arena matches --check`` finds.

    Raises:
        StorageError: it cannot be opened, is no database, is damaged, or was made by a newer program.
    """
    engine = _engine(url)
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            if check and engine.dialect.name == "sqlite":
                found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if found != "ok":
                    raise StorageError(f"The database {shown} is damaged ({found}). Restore it from a copy.")
            _migrate(connection, shown)
    except DBAPIError as error:
        engine.dispose()
        raise StorageError(
            f"The database {shown} cannot be opened: {error.orig}. {_WHAT_TO_CHECK[engine.dialect.name]} "
            "Or name another one with --db."
        ) from error
    except StorageError:
        engine.dispose()
        raise
    return engine


_ADDRESSES: Final = "Use sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME."
_WHAT_TO_CHECK: Final = {
    "sqlite": "Check that the path is a database of this program and that you may write there.",
    "postgresql": "Check that the server runs, that the database exists and that you may make tables in it.",
}


def _engine(url: str) -> Engine:
    if "://" not in url:
        url = f"sqlite:///{url}"
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "postgresql":
            return _postgres(parsed)
    except (ArgumentError, NoSuchModuleError) as error:
        raise StorageError(f"{url!r} is no address of a database. {_ADDRESSES}") from error
    except ModuleNotFoundError as error:
        raise StorageError(
            f"The driver for PostgreSQL ({error.name}) is missing. Install it with: "
            'pip install "social-arena[postgres]"'
        ) from error
    if backend != "sqlite":
        raise StorageError(f"{backend!r} is no address of a database that can hold the log. {_ADDRESSES}")
    if parsed.database in (None, "", ":memory:"):
        raise StorageError("The log needs a file: an SQLite database in memory cannot be shared with its writer.")
    folder = Path(parsed.database).resolve().parent
    if not folder.is_dir():
        raise StorageError(f"The folder {folder} does not exist; make it, or name another database with --db.")
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres(url: URL) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    session = {name: value for name, value in _POSTGRES_SESSION.items() if name not in url.query}
    # A reader sees all tables of a match as they were at one moment; a writer, who holds the lock, sees the newest.
    engine = create_engine(url, pool_pre_ping=True, connect_args=session, isolation_level="REPEATABLE READ")
    event.listen(engine, "set_connection_execution_options", _prepare_postgres_writer)
    event.listen(engine, "begin", _begin_postgres)
    return engine


def _prepare_postgres_writer(connection: Connection, options: dict[str, Any]) -> None:
    """The writing lock must be taken outside the snapshot that it protects, or a writer that waited for it would then
    see the database as it was before."""
    if options.get(WRITES) and "isolation_level" not in options:
        connection.execution_options(isolation_level="READ COMMITTED")


def _begin_postgres(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITES, False):
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = {options.get(LOCK_TIMEOUT_MS, BUSY_TIMEOUT_MS)}; "
            f"SELECT pg_advisory_xact_lock({POSTGRES_LOCKS}, {WRITING})"
        )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself: see _begin_sqlite
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _into_wal(connection)


def _into_wal(connection: sqlite3.Connection) -> None:
    """Several programs that open a new file at once get in each other's way here, and SQLite does not wait."""
    end = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(WRITES, False):
        connection.exec_driver_sql(f"PRAGMA busy_timeout={options.get(LOCK_TIMEOUT_MS, BUSY_TIMEOUT_MS)}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def _migrate(connection: Connection, url: str) -> None:
    """Nothing to do is the rule, and seen without loading the library that migrates."""
    if _schema_of(connection) == NEWEST_SCHEMA:
        return
    from arena.db.migrate import migrate

    migrate(connection, url)


def _schema_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
    return found[0] if len(found) == 1 else None
