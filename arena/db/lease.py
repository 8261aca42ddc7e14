"""One server a database: whoever runs matches on it holds its lease, and the death of a process ends its lease at once.

Commands that read, or that only add matches of their own, need none.

Nor can a server whose lease has gone to another one write on: its writer asks for ``Lease.fence`` in each transaction.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from arena.db.engine import BUSY_TIMEOUT_MS, POSTGRES_LOCKS, WRITING
from arena.errors import StorageError

_log = logging.getLogger(__name__)

LEASED: Final = "storage/leased"
CHECK_S: Final = 1.0
"""How often a lease that can be lost is looked after."""

_SERVING: Final = 2
_TAKE: Final = f"SELECT pg_try_advisory_lock({POSTGRES_LOCKS}, {_SERVING})"
_LET_WRITERS_END: Final = (
    f"SET lock_timeout = {BUSY_TIMEOUT_MS}; "
    f"SELECT pg_advisory_lock({POSTGRES_LOCKS}, {WRITING}); SELECT pg_advisory_unlock({POSTGRES_LOCKS}, {WRITING})"
)
"""Whoever wrote under the lease before us has ended its transaction after this: those hold the writing lock."""
_SESSION: Final = text("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
_HOLDS: Final = text(
    "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
    f"AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    f"AND classid = {POSTGRES_LOCKS} AND objid = {_SERVING} AND pid = :pid AND backend_start = :backend_start"
)


class NotHeld(ConnectionError):
    """The lease is not held at the moment, and perhaps never again."""


class Lease(ABC):
    """The right to run matches on one database, until ``release`` or the end of this process."""

    @property
    @abstractmethod
    def held(self) -> bool:
        """False while it is not certain, such as while PostgreSQL restarts, and after it is lost or released."""

    @property
    @abstractmethod
    def lost(self) -> bool:
        """Whether somebody else has it now. It does not come back: stop serving."""

    @abstractmethod
    def fence(self, connection: Connection) -> None:
        """Make sure that nobody else has the lease before this transaction ends, which holds the writing lock.

        Raises:
            NotHeld: that is not certain. Roll back.
        """

    @abstractmethod
    def release(self) -> None:
        """Let the next server have it. May be called twice."""


def hold_lease(engine: Engine, on_lost: Callable[[], None] | None = None) -> Lease:
    """Take the lease on the database of ``engine``.

    SQLite: a lock on the file ``NAME.lock`` beside the database, which the system drops with the process. PostgreSQL: a
    session's advisory lock on a connection of its own, which the server drops with the connection. Should that
    connection break while we live, the lease is taken anew as soon as the server answers; where another server was
    quicker, ``on_lost`` is called once, from a thread of the lease.

    Raises:
        StorageError: another server has it (code ``storage/leased``), or the lock cannot be tried.
    """
    if engine.dialect.name == "sqlite":
        assert engine.url.database is not None
        return _FileLease(Path(engine.url.database).resolve())
    return _SessionLease(engine, on_lost)


def _taken(database: object) -> StorageError:
    return StorageError(
        f"Another server runs on this database ({database}). Stop it first, or name another database with --db.",
        code=LEASED,
    )


class _FileLease(Lease):
    def __init__(self, database: Path) -> None:
        path = database.with_name(f"{database.name}.lock")
        try:
            # The file stays for good: removing it would let two servers lock two files of one name.
            self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"The lock {path} cannot be opened: {error.strerror}.") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            if isinstance(error, BlockingIOError):
                raise _taken(database) from error
            raise StorageError(f"The lock {path} cannot be taken: {error.strerror}.") from error
        # A child that was forked without exec shares the lock, and would keep it when this process dies.
        _FILE_LEASES.add(self)

    @property
    def held(self) -> bool:
        return self._file is not None

    @property
    def lost(self) -> bool:
        return False

    def fence(self, connection: Connection) -> None:
        """A file's lock is lost with the process alone."""

    def release(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


_FILE_LEASES: weakref.WeakSet[_FileLease] = weakref.WeakSet()


def _leave_to_the_parent() -> None:
    for lease in list(_FILE_LEASES):
        lease.release()


os.register_at_fork(after_in_child=_leave_to_the_parent)


class _SessionLease(Lease):
    def __init__(self, engine: Engine, on_lost: Callable[[], None] | None) -> None:
        self._engine = engine
        self._on_lost = on_lost
        self._connection: Connection | None = None
        self._session: Mapping[str, Any] | None = None
        self._held = False
        self._lost = False
        self._released = threading.Event()
        try:
            taken = self._take()
        except SQLAlchemyError as error:
            self._disconnect()
            raise StorageError(f"The lease on the database cannot be taken: {error}") from error
        if not taken:
            raise _taken(engine.url.render_as_string(hide_password=True))
        self._thread = threading.Thread(target=self._look_after, name="database-lease", daemon=True)
        self._thread.start()

    @property
    def held(self) -> bool:
        return self._held

    @property
    def lost(self) -> bool:
        return self._lost

    def fence(self, connection: Connection) -> None:
        """Another server takes the lease only when our session has ended, and then waits for the writing lock."""
        session = self._session
        if session is None or connection.execute(_HOLDS, session).first() is None:
            raise NotHeld("this server does not hold the lease on the database")

    def release(self) -> None:
        self._released.set()
        self._thread.join()

    def _take(self) -> bool:
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not self._connection.exec_driver_sql(_TAKE).scalar():
            self._disconnect()
            return False
        self._connection.exec_driver_sql(_LET_WRITERS_END)
        self._session = dict(self._connection.execute(_SESSION).one()._mapping)
        self._held = True
        return True

    def _disconnect(self) -> None:
        """Ends the session, and with it the lock; a connection in the pool would keep it."""
        self._held = False
        self._session = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _look_after(self) -> None:
        while not self._released.wait(CHECK_S):
            try:
                if self._connection is not None:
                    self._connection.exec_driver_sql("SELECT 1")
                elif self._take():
                    _log.warning("the lease on the database is held again")
                else:
                    _log.error("the lease on the database is lost: another server took it while we had no connection")
                    self._lost = True
                    if self._on_lost is not None:
                        self._on_lost()
                    return
            except SQLAlchemyError as error:
                if self._held:
                    _log.warning("the connection that holds the lease on the database broke: %s", error)
                self._disconnect()
        self._disconnect()
