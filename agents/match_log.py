"""The headless runner's log into the database: never blocks a match, holds the caller back between matches instead."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Final

from arena.db.writer import QUEUE_FULL, LogWriter
from arena.errors import StorageError
from arena.journal import Batch

FAR_BEHIND_ROWS: Final = 20_000
POLL_S: Final = 0.01


class MatchLog:
    """Call it with batches; await ``keep_up`` after each match, and ``stored`` before saying that anything is done.

    What the writer's queue has no room for waits here in order: at most what the matches now running say.
    """

    def __init__(self, writer: LogWriter) -> None:
        self._writer = writer
        self._held: deque[Batch] = deque()
        self._last: Future[None] | None = None
        self._failure: BaseException | None = None

    def __call__(self, rows: Batch) -> None:
        self._held.append(rows)
        self._push()

    async def keep_up(self) -> None:
        """Wait while the disk is far behind.

        Raises:
            StorageError: a batch could not be stored.
        """
        while self._held or self._writer.queued_rows > FAR_BEHIND_ROWS:
            self._check()
            await asyncio.sleep(POLL_S)
            self._push()
        self._check()

    async def stored(self) -> None:
        """Wait until all that was said is durable.

        Raises:
            StorageError: a batch could not be stored.
        """
        await self.keep_up()
        if self._last is not None:  # batches are stored in their order, so the last one is the last one done
            await asyncio.wait([asyncio.wrap_future(self._last)])
        self._check()

    def _push(self) -> None:
        while self._held:
            try:
                self._last = self._writer.append(self._held[0])
            except StorageError as error:
                if error.code == QUEUE_FULL:
                    return
                raise
            self._held.popleft()
            self._last.add_done_callback(self._settled)

    def _settled(self, done: Future[None]) -> None:
        self._failure = self._failure or done.exception()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
