"""The log's only writer: one bounded queue, one thread, group commit.

``append`` takes a batch and gives a future that is done after COMMIT: whoever acknowledges anything waits for it.
Batches are stored in the order in which they came, each whole or not at all. Where a group of batches cannot be
stored, it is halved until the batches at fault stand alone, and only their futures fail.

An event must follow the last stored event of its match, so after a failed batch the match's later events fail as well:
the log of a match never has holes.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, func, insert, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import SQLModel

from arena.db.engine import WRITES
from arena.db.rows import INSERT_ORDER, Encoded, Head, Row, encode
from arena.db.tables import EventTable, MatchTable, table_of
from arena.errors import StorageError
from arena.journal import Batch, EventLogged, LogRow, MatchAbandoned, MatchEnded, MatchStarted

GROUP_ROWS: Final = 4_000
"""At most about this many rows go into one transaction."""

QUEUE_FULL: Final = "storage/queue_full"


_INSERTS = tuple((model, insert(table_of(model))) for model in INSERT_ORDER)
_EVENTS = table_of(EventTable)
_MATCHES = table_of(MatchTable)
_END = (
    update(_MATCHES)
    .where(_MATCHES.c.id == bindparam("match"))
    .values({name: bindparam(name) for name in ("status", "ended_at", "winner", "reason", "sides", "returns")})
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    batch: Batch
    stored: Future[None]


class LogWriter:
    """Owns the writing thread. Made once a process; safe to call from any thread."""

    def __init__(self, engine: Engine, *, limit_rows: int = 50_000) -> None:
        self._engine = engine
        self._limit_rows = limit_rows
        self._queue: deque[_Waiting] = deque()
        self._queued_rows = 0
        self._changed = threading.Condition()
        self._closing = False
        self._heads: dict[str, Head] = {}
        self._room_waiters: list[Future[None]] = []
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def queued_rows(self) -> int:
        return self._queued_rows

    def append(self, rows: Sequence[LogRow]) -> Future[None]:
        """Queue a batch without ever blocking; the future is done once the batch is durable.

        Raises:
            StorageError: the queue is full (code ``storage/queue_full``) or the writer is closed.
        """
        waiting = _Waiting(tuple(rows), Future())
        with self._changed:
            if self._closing:
                raise StorageError("The log is closed.")
            # A batch larger than the whole queue still goes into an empty one, or it would wait for ever.
            if self._queue and self._queued_rows + len(waiting.batch) > self._limit_rows:
                raise StorageError("The disk cannot keep up with the log.", code=QUEUE_FULL)
            self._queue.append(waiting)
            self._queued_rows += len(waiting.batch)
            self._changed.notify()
        return waiting.stored

    async def append_async(self, rows: Sequence[LogRow]) -> asyncio.Future[None]:
        """Like ``append``, but waits for room in a full queue without blocking the event loop.

        Gives the future of the commit (await it again to wait for the disk). Order is kept for callers that await one
        call before they make the next.

        Raises:
            StorageError: the writer is closed.
        """
        while True:
            try:
                return asyncio.wrap_future(self.append(rows))
            except StorageError as error:
                if error.code != QUEUE_FULL:
                    raise
            room: Future[None] = Future()
            with self._changed:
                if not self._queue:
                    continue
                self._room_waiters.append(room)
            await asyncio.wrap_future(room)

    def close(self) -> None:
        """Store what is queued, then stop. Later appends are refused."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    # -- the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while group := self._take():
            self._store(group)
            self._forget_finished(group)

    def _take(self) -> list[_Waiting]:
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            group: list[_Waiting] = []
            rows = 0
            while self._queue and rows < GROUP_ROWS:
                waiting = self._queue.popleft()
                rows += len(waiting.batch)
                group.append(waiting)
            self._queued_rows -= rows
            waiters, self._room_waiters = self._room_waiters, []
        for waiter in waiters:
            _settle(waiter, None)
        return group

    def _store(self, group: Sequence[_Waiting]) -> None:
        try:
            heads = self._commit([w.batch for w in group])
        except (SQLAlchemyError, StorageError, ValueError, TypeError, OverflowError) as error:
            if len(group) == 1:
                _settle(group[0].stored, _named(error))
                return
            middle = len(group) // 2
            self._store(group[:middle])
            self._store(group[middle:])
            return
        self._heads.update(heads)
        for waiting in group:
            _settle(waiting.stored, None)

    def _commit(self, batches: Sequence[Batch]) -> dict[str, Head]:
        """Store all of ``batches`` in one transaction, or none; the new ends of their chains."""
        with self._engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            heads = self._heads_of(batches, connection)
            encoded = [encode(batch, heads) for batch in batches]
            for model, statement in _INSERTS:
                if rows := _gathered(encoded, model):
                    connection.execute(statement, rows)
            if updates := [u for e in encoded for u in e.updates]:
                connection.execute(_END, updates)
        return heads

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


def _settle(future: Future[None], error: StorageError | None) -> None:
    """A waiter may have gone (a cancelled task); the log does not care."""
    if future.set_running_or_notify_cancel():
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)


def _named(error: Any) -> StorageError:
    reason = error.orig if isinstance(error, DBAPIError) else error
    wrapped = StorageError(f"The log did not take a batch: {reason}", code="storage/refused")
    wrapped.__cause__ = error
    return wrapped
