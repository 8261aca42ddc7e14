"""What people say of the matches that they played: stored like everything else, and confirmed after it is."""

from __future__ import annotations

import asyncio
from functools import partial

from arena.clock import Clock
from arena.db.writer import LogWriter
from arena.errors import StorageError
from arena.journal import MatchRated
from arena.protocol import codes
from arena.protocol import server_messages as said
from arena.server.connection import Connection
from arena.server.refusal import Refusal

_NOT_STORED = "That cannot be stored just now. Try again later."


class MatchRatings:
    """The newest word of a seat counts."""

    def __init__(self, writer: LogWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock

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


def _answer(connection: Connection, rated: said.MatchRated, stored: asyncio.Future[None]) -> None:
    if stored.cancelled() or stored.exception() is not None:
        connection.refuse(codes.NOT_STORED, _NOT_STORED)
    else:
        connection.send(rated)
