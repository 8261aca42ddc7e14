"""What people say of the matches that they played: stored like everything else, and confirmed after it is."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from arena.clock import Clock
from arena.db.held_seats import held_seat
from arena.db.writer import LogWriter
from arena.errors import StorageError
from arena.journal import MatchRated
from arena.protocol import codes
from arena.protocol import server_messages as said
from arena.server.connection import Connection
from arena.server.lobby_room import hashed
from arena.server.refusal import Refusal

log = logging.getLogger(__name__)

_NOT_STORED = "That cannot be stored just now. Try again later."


class MatchRatings:
    """The newest word of a seat counts."""

    def __init__(self, writer: LogWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._asked: set[Connection] = set()
        """Whose secret is being looked for: one at a time of each, so that nobody can heap them up."""
        self._looking: set[asyncio.Task[None]] = set()

    def rate(self, connection: Connection, match_id: str, seat: int, stars: int) -> None:
        """Store it for the seat, which is this person's, of a match that is over and stored; then tell them.

        Raises:
            Refusal: the log takes nothing just now.
        """
        try:
            stored = self._writer.append_here((MatchRated(match_id, seat, stars, self._clock.wall_s()),))
        except StorageError as error:
            raise Refusal(_NOT_STORED, code=codes.NOT_STORED) from error
        stored.add_done_callback(partial(_answer, connection, said.MatchRated(room=match_id, stars=stars)))

    def rate_by_secret(self, connection: Connection, match_id: str, token: str, stars: int) -> None:
        """The same for whoever comes with the secret of a seat, also when the match's room is long gone. What only the
        database knows is refused later.

        Raises:
            Refusal: another such wish of this connection is not answered yet.
        """
        if connection in self._asked:
            raise Refusal("Your last word is still being stored.", code=codes.TOO_FAST)
        self._asked.add(connection)
        task = asyncio.create_task(self._look(connection, match_id, token, stars), name=f"rating-{match_id}")
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    def stop(self) -> None:
        for task in self._looking:
            task.cancel()

    async def _look(self, connection: Connection, match_id: str, token: str, stars: int) -> None:
        try:
            self.rate(connection, match_id, await asyncio.to_thread(self._seat, match_id, hashed(token)), stars)
        except Refusal as error:
            connection.refuse(error.code, error.message)
        except SQLAlchemyError as error:
            log.warning("match %s cannot be rated: %s", match_id, error)
            connection.refuse(codes.NOT_STORED, _NOT_STORED)
        finally:
            self._asked.discard(connection)

    def _seat(self, match_id: str, token_hash: str) -> int:
        """
        Raises:
            Refusal: the secret opens no seat there, the match is not over, or the seat was given up before its end.
        """
        held = held_seat(self._writer.engine, match_id, token_hash)
        if held is None:
            raise Refusal("There is no such match that you were in.", code=codes.UNKNOWN_ROOM)
        if not held.over:
            raise Refusal("That match is not over.", code=codes.NOT_OVER)
        if held.left:
            raise Refusal("You left that match before its end.", code=codes.NOT_SEATED)
        return held.seat


def _answer(connection: Connection, rated: said.MatchRated, stored: asyncio.Future[None]) -> None:
    if stored.cancelled() or stored.exception() is not None:
        connection.refuse(codes.NOT_STORED, _NOT_STORED)
    else:
        connection.send(rated)
