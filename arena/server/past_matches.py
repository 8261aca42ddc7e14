"""The list of matches that are over, for whoever may read them back."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from arena.clock import Clock
from arena.db.past_matches import past_matches
from arena.db.writer import LogWriter
from arena.protocol import codes
from arena.protocol.client_messages import ListMatches
from arena.protocol.server_messages import MatchesListed
from arena.server.connection import Connection
from arena.server.limits import Limits
from arena.server.lobby_room import hashed
from arena.server.refusal import Refusal

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
"""Lists that are read from the database side by side."""


class PastMatches:
    """Public rooms for everybody; private ones for who sat in them or watched them, as ``Recordings`` has it. A
    connection waits for one list at a time."""

    def __init__(self, writer: LogWriter, limits: Limits, clock: Clock) -> None:
        self._writer = writer
        self._limits = limits
        self._clock = clock
        self._free = asyncio.Semaphore(AT_ONCE)
        self._asked: set[Connection] = set()
        self._reading: set[asyncio.Task[None]] = set()

    def ask(self, connection: Connection, message: ListMatches) -> None:
        """Send the list as soon as it is read.

        Raises:
            Refusal: this connection still waits for another one.
        """
        if connection in self._asked:
            raise Refusal("Another list is on its way to you.", code=codes.TOO_FAST)
        self._asked.add(connection)
        task = asyncio.create_task(self._send(connection, message), name="past-matches")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    def stop(self) -> None:
        for task in self._reading:
            task.cancel()

    async def _send(self, connection: Connection, message: ListMatches) -> None:
        visited = tuple(connection.visited)
        try:
            async with self._free:
                listed = await asyncio.to_thread(self._read, message, visited)
        except SQLAlchemyError as error:
            log.warning("the matches that are over cannot be listed: %s", error)
            connection.refuse(codes.NOT_READ, "They cannot be read just now; try again later.")
        else:
            connection.send(listed)
        finally:
            self._asked.discard(connection)

    def _read(self, message: ListMatches, visited: tuple[str, ...]) -> MatchesListed:
        limit = self._limits.matches_listed
        found = past_matches(
            self._writer.engine,
            limit=limit + 1,
            now_s=self._clock.wall_s(),
            before=message.before,
            visited=visited,
            secrets={match: hashed(secret) for match, secret in message.secrets.items()},
        )
        return MatchesListed(before=message.before, matches=found[:limit], more=len(found) > limit)
