"""The log's only writer: one bounded queue, one thread, group commit.

``append`` takes a batch and gives a future that is done after COMMIT: whoever acknowledges anything waits for it.
Batches are stored in the order in which they came, each whole or not at all, and each once. What can fail is of two
kinds (``arena.db.outages``):

- The rows themselves cannot be stored. Where a group of batches fails so, it is halved until the batches at fault stand
  alone, and only their futures fail.
- The database is not to be had just now: locked, full, restarting, gone, or another server's. The writer then tries
  again, with pauses, for as long as it is open, and nobody's future fails; the queue fills and holds back those who
  append.

An event must follow the last stored event of its match, so after a failed batch the match's later events fail as well:
the log of a match never has holes.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from arena.db.engine import LOCK_TIMEOUT_MS, WRITES
from arena.db.lease import Lease
from arena.db.outages import is_outage
from arena.db.rows import INSERT_ORDER, Encoded, Head, Row, encode
from arena.db.tables import EventTable, MatchRatingTable, MatchTable, WaitingRoomTable, table_of
from arena.errors import StorageError
from arena.journal import Batch, EventLogged, LogRow, MatchAbandoned, MatchEnded, MatchStarted

_log = logging.getLogger(__name__)

GROUP_ROWS: Final = 4_000
"""At most about this many rows go into one transaction."""

GATHER_S: Final = 0.003
"""A transaction begins at the earliest this long after the one before it: under load it then holds several batches, and
a COMMIT costs the same for one as for ten. A batch that comes alone waits for nothing."""

FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 2.0
"""Pauses between two attempts during an outage double from the first to the longest."""

LOCK_WAIT_MS: Final = 1_000
"""How long one attempt waits for another process that writes: short, because the writer comes back anyway, and because
``waiting_since`` and ``close`` must not lag behind."""

CLOSE_TIMEOUT_S: Final = 10.0

QUEUE_FULL: Final = "storage/queue_full"
UNAVAILABLE: Final = "storage/unavailable"


_INSERTS = tuple((model, insert(table_of(model))) for model in INSERT_ORDER)
_EVENTS = table_of(EventTable)
_MATCHES = table_of(MatchTable)
_WAITING = table_of(WaitingRoomTable)
_RATINGS = table_of(MatchRatingTable)
_UNRATED = delete(_RATINGS).where(_RATINGS.c.match_id == bindparam("match"), _RATINGS.c.seat == bindparam("by"))
_END = (
    update(_MATCHES)
    .where(_MATCHES.c.id == bindparam("match"))
    .values({name: bindparam(name) for name in ("status", "ended_at", "winner", "reason", "sides", "returns")})
)


_SETTLING = threading.RLock()


@dataclass(frozen=True, slots=True)
class _Waiting:
    batch: Batch
    stored: Future[None] | asyncio.Future[None]


@dataclass(slots=True)
class _Transaction:
    """``batches`` on their way into the database, over several attempts if need be.

    ``evidence`` is one row that they insert. ``uncertain`` says that an attempt broke off in its COMMIT.
    """

    batches: Sequence[Batch]
    evidence: tuple[type[SQLModel], Row] | None = None
    uncertain: bool = False


class _GivenUp(Exception):
    """The writer was closed during an outage, and its time is up."""


class LogWriter:
    """Owns the writing thread. Made once a process; safe to call from any thread."""

    def __init__(self, engine: Engine, *, lease: Lease | None = None, limit_rows: int = 50_000) -> None:
        """``lease`` is the server's: nothing is stored while another one may have it, as during an outage."""
        self._engine = engine
        self._lease = lease
        self._connection: Connection | None = None
        self._limit_rows = limit_rows
        self._queue: deque[_Waiting] = deque()
        self._queued_rows = 0
        self._changed = threading.Condition()
        self._closing = False
        self._give_up = threading.Event()
        self._taken: list[_Waiting] = []
        self._waiting_since: float | None = None
        self._last_success = self._began = time.monotonic()
        self._heads: dict[str, Head] = {}
        self._room_waiters: list[Future[None]] = []
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def engine(self) -> Engine:
        """The database that it writes to."""
        return self._engine

    @property
    def queued_rows(self) -> int:
        return self._queued_rows

    @property
    def waiting_since(self) -> float | None:
        """When the outage began that the writer waits for, in seconds since the Unix epoch; None where all is well."""
        return self._waiting_since

    def append(self, rows: Sequence[LogRow]) -> Future[None]:
        """Queue a batch without ever blocking; the future is done once the batch is durable.

        Raises:
            StorageError: the queue is full (code ``storage/queue_full``) or the writer is closed.
        """
        stored: Future[None] = Future()
        self._enqueue(_Waiting(tuple(rows), stored))
        return stored

    def _enqueue(self, waiting: _Waiting) -> None:
        with self._changed:
            if self._closing:
                raise StorageError("The log is closed.")
            # A batch larger than the whole queue still goes into an empty one, or it would wait for ever.
            if self._queue and self._queued_rows + len(waiting.batch) > self._limit_rows:
                raise StorageError("The disk cannot keep up with the log.", code=QUEUE_FULL)
            self._queue.append(waiting)
            self._queued_rows += len(waiting.batch)
            self._changed.notify()

    def append_here(self, rows: Sequence[LogRow]) -> asyncio.Future[None]:
        """Like ``append``, with a future of the running event loop.

        Raises:
            StorageError: as ``append``.
        """
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._enqueue(_Waiting(tuple(rows), stored))
        return stored

    async def append_async(self, rows: Sequence[LogRow]) -> asyncio.Future[None]:
        """Like ``append``, but waits for room in a full queue without blocking the event loop.

        Gives the future of the commit (await it again to wait for the disk). Order is kept for callers that await one
        call before they make the next.

        Raises:
            StorageError: the writer is closed.
        """
        rows = tuple(rows)
        while True:
            try:
                return self.append_here(rows)
            except StorageError as error:
                if error.code != QUEUE_FULL:
                    raise
            room: Future[None] = Future()
            with self._changed:
                if not self._queue:
                    continue
                self._room_waiters.append(room)
            await asyncio.wrap_future(room)

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Store what is queued, then stop. Later appends are refused.

        Where nothing could be stored for ``timeout_s``, the futures that are left fail with a StorageError (code
        ``storage/unavailable``). Of the group at hand the outcome may then be unknown: it was never acknowledged.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        begun = time.monotonic()
        while self._thread.is_alive():
            patience = max(begun, self._last_success) + timeout_s - time.monotonic()
            self._thread.join(max(0.0, min(patience, 0.1)))
            if patience <= 0:
                break
        self._give_up.set()
        # An attempt may hang in the driver for longer than we like; it must not hang its waiters as well.
        self._refuse_all()

    # -- the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._take():
                self._store(self._taken)
                self._forget_finished(self._taken)
        except _GivenUp:
            self._refuse_all()
        finally:
            self._disconnect()

    def _take(self) -> bool:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
        early_s = self._began + GATHER_S - time.monotonic()
        if early_s > 0:
            time.sleep(early_s)
        self._began = time.monotonic()
        with self._changed:
            group: list[_Waiting] = []
            rows = 0
            while self._queue and rows < GROUP_ROWS:
                waiting = self._queue.popleft()
                rows += len(waiting.batch)
                group.append(waiting)
            self._taken = group
            self._queued_rows -= rows
            waiters, self._room_waiters = self._room_waiters, []
        for waiter in waiters:
            _settle(waiter, None)
        return bool(group)

    def _store(self, group: Sequence[_Waiting]) -> None:
        """Store what can be stored of ``group`` and settle all its futures, however long the database is away.

        Raises:
            _GivenUp: no future is settled that was not settled before.
        """
        refused = self._commit_when_possible([w.batch for w in group])
        if refused is None:
            _settle_all(group, None)
        elif len(group) == 1:
            _settle_all(group, _named(refused))
        else:
            middle = len(group) // 2
            self._store(group[:middle])
            self._store(group[middle:])

    def _commit_when_possible(self, batches: Sequence[Batch]) -> Exception | None:
        """Wait until all of ``batches`` are stored, or it is clear that they never can be: why, then."""
        transaction = _Transaction(batches)
        pause_s = FIRST_PAUSE_S
        while not self._give_up.is_set():
            try:
                self._attempt(transaction)
            except _GivenUp:
                raise
            except Exception as error:  # whatever it is: a thread that died of it would leave all waiters hanging
                self._disconnect()
                if not is_outage(error):
                    self._note_success()
                    return error
                # The ends of the chains may be others by now: a server can come back without its last transactions.
                self._heads.clear()
                self._note_outage(error)
                self._give_up.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                self._note_success()
                return None
        raise _GivenUp

    def _attempt(self, transaction: _Transaction) -> None:
        """Store everything in one transaction, or nothing.

        Where an earlier attempt broke off in its COMMIT, nobody told us how that ended. All of its rows had been taken
        by then, so none of them had been there before: if one of them is there now, the COMMIT had succeeded. The
        writing lock, which is freed only when the broken-off transaction has ended one way or the other, makes this
        certain even where the server is still at it.
        """
        connection = self._connected()
        begun = connection.begin()
        if self._lease is not None:
            self._lease.fence(connection)
        if transaction.uncertain and self._is_stored(transaction, connection):
            begun.rollback()
            return
        heads = self._heads_of(transaction.batches, connection)
        encoded = [encode(batch, heads) for batch in transaction.batches]
        for model, statement in _INSERTS:
            if rows := _gathered(encoded, model):
                transaction.evidence = transaction.evidence or (model, rows[0])
                connection.execute(statement, rows)
        if updates := [u for e in encoded for u in e.updates]:
            connection.execute(_END, updates)
        waiting = {room: row for e in encoded for room, row in e.waiting.items()}
        if waiting:
            connection.execute(delete(_WAITING).where(_WAITING.c.id.in_(waiting)))
        if rows := [row for row in waiting.values() if row is not None]:
            connection.execute(insert(_WAITING), rows)
        rated = {key: row for e in encoded for key, row in e.rated.items()}
        if rated:
            connection.execute(_UNRATED, [{"match": match, "by": seat} for match, seat in rated])
            connection.execute(insert(_RATINGS), list(rated.values()))
        if self._give_up.is_set():
            raise _GivenUp
        transaction.uncertain = True
        begun.commit()
        self._heads.update(heads)

    def _is_stored(self, transaction: _Transaction, connection: Connection) -> bool:
        """What only updates leaves no evidence, and is simply done again."""
        if transaction.evidence is None:
            return False
        model, row = transaction.evidence
        key = table_of(model).primary_key.columns
        return connection.execute(select(*key).where(*(c == row[c.name] for c in key))).first() is not None

    def _connected(self) -> Connection:
        """The writer's own connection, kept from one transaction to the next."""
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(**{WRITES: True, LOCK_TIMEOUT_MS: LOCK_WAIT_MS})
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # never back into the pool: it may be broken
            connection.close()

    def _note_outage(self, error: Exception) -> None:
        if self._waiting_since is None:
            self._waiting_since = time.time()
            _log.warning("the log cannot be written, matches wait: %s", _reason(error))

    def _note_success(self) -> None:
        self._last_success = time.monotonic()
        if self._waiting_since is not None:
            _log.warning("the log is written again, after %.1f s", time.time() - self._waiting_since)
            self._waiting_since = None

    def _refuse_all(self) -> None:
        with self._changed:
            left = [*self._taken, *self._queue]
            self._queue.clear()
            self._queued_rows = 0
            waiters, self._room_waiters = self._room_waiters, []
        error = StorageError("The log could not be written before it was closed.", code=UNAVAILABLE)
        _settle_all(left, error)
        for waiter in waiters:
            _settle(waiter, None)

    def _heads_of(self, batches: Sequence[Batch], connection: Connection) -> dict[str, Head]:
        """Copies, so that a failed transaction moves no chain."""
        heads: dict[str, Head] = {}
        for batch in batches:
            for row in batch:
                known = row.match_id in heads or row.match_id in self._heads
                if isinstance(row, MatchStarted) and not known:
                    heads[row.match_id] = Head()
                elif isinstance(row, EventLogged) and row.match_id not in heads:
                    head = self._heads.get(row.match_id) or self._stored_head(row.match_id, connection)
                    heads[row.match_id] = Head(head.next_seq, head.hash)
        return heads

    def _stored_head(self, match_id: str, connection: Connection) -> Head:
        last = select(func.max(_EVENTS.c.seq)).where(_EVENTS.c.match_id == match_id).scalar_subquery()
        row = connection.execute(
            select(_EVENTS.c.seq, _EVENTS.c.hash).where(_EVENTS.c.match_id == match_id, _EVENTS.c.seq == last)
        ).first()
        return Head() if row is None else Head(row.seq + 1, row.hash)

    def _forget_finished(self, group: Sequence[_Waiting]) -> None:
        for waiting in group:
            for row in waiting.batch:
                if isinstance(row, MatchEnded | MatchAbandoned):
                    self._heads.pop(row.match_id, None)


def _gathered(encoded: Sequence[Encoded], model: type[SQLModel]) -> list[Row]:
    return [row for e in encoded for row in e.inserts[model]]


def _settle_all(group: Sequence[_Waiting], error: StorageError | None) -> None:
    """Tell all who wait. Their event loop is woken once for the group, not once a batch."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for stored in (w.stored for w in group):
        if isinstance(stored, Future):
            _settle(stored, error)
        else:
            waiting.setdefault(stored.get_loop(), []).append(stored)
    for loop, futures in waiting.items():
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            loop.call_soon_threadsafe(_settle_here, futures, error)


def _settle_here(futures: Sequence[asyncio.Future[None]], error: StorageError | None) -> None:
    """In their own event loop."""
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _settle(future: Future[None], error: StorageError | None) -> None:
    """A waiter may have gone (a cancelled task), or been told already that the writer gave up: no matter."""
    with _SETTLING:
        if future.done() or not future.set_running_or_notify_cancel():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _named(error: Exception) -> StorageError:
    wrapped = StorageError(f"The log did not take a batch: {_reason(error)}", code="storage/refused")
    wrapped.__cause__ = error
    return wrapped


def _reason(error: Exception) -> object:
    return error.orig if isinstance(error, DBAPIError) else error
