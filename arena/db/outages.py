"""Which failures of the database pass by themselves, so that waiting is right, and which lie in the rows at hand.

Waiting for what never passes would hold up every match behind one bad batch; refusing what would have passed would tear
a match apart for a moment's trouble. The drivers' own codes decide, never the class of an exception alone:
``OperationalError`` is raised for a locked file and for a misspelt column alike.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

SQLITE_OUTAGES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,  # another process writes, or checkpoints, for longer than we waited
        sqlite3.SQLITE_LOCKED,  # the same within this process
        sqlite3.SQLITE_PROTOCOL,  # many processes race for the write-ahead log
        sqlite3.SQLITE_FULL,  # no space left, or a quota
        sqlite3.SQLITE_IOERR,  # the disk does not answer: a network mount, a cable
        sqlite3.SQLITE_CANTOPEN,  # too many open files, a folder that is being mounted
        sqlite3.SQLITE_READONLY,  # remounted read-only after an error, or a backup holds it so
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }
)
"""Primary result codes. Not in it: CORRUPT and NOTADB (waiting repairs no file), ERROR (a statement that fits no
table), CONSTRAINT, MISMATCH, TOOBIG and RANGE (the rows)."""

POSTGRES_OUTAGES: Final = (
    "08",  # the connection
    "40",  # rolled back for another transaction's sake: serialisation, deadlock
    "53",  # too little of something: disk, memory, connections
    "57",  # somebody intervened: shut down, restarting, statement cancelled
    "58",  # the system beneath it: I/O
    "25006",  # read-only: a standby that is about to be promoted
    "25P03",  # our session idled in a transaction, as after this machine slept
    "55P03",  # the writing lock was not to be had in time
)
"""Beginnings of SQLSTATE. Not in it: 22 (data), 23 (constraints), 42 (statements that fit no table), 54 (too large),
XX (a damaged database)."""


def is_outage(error: BaseException) -> bool:
    """Whether the same rows may well be stored if tried again later."""
    if isinstance(error, PoolTimeout):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", None)  # absent where the driver itself complains
        return code is not None and code & 0xFF in SQLITE_OUTAGES
    if type(cause).__module__.split(".")[0] == "psycopg":
        state = getattr(cause, "sqlstate", None)
        if state is not None:
            return state.startswith(POSTGRES_OUTAGES)
        # Without a code it did not come from the server: it was not reached, or went away in mid-sentence. The driver
        # raises OperationalError then; what it could not express in its protocol is a DataError or ProgrammingError.
        return type(cause).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout")
    return isinstance(cause, ConnectionError | TimeoutError)
