"""Rooms that wait are stored as they change, and nobody hears of a change before it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from arena.db.writer import LogWriter
from arena.errors import StorageError
from arena.journal import RoomGone, RoomWaiting
from arena.protocol import codes
from arena.protocol.server_messages import ServerMessage
from arena.server.connection import Connection
from arena.server.lobby_room import LobbyRoom
from arena.server.outbox import Outbox
from arena.server.refusal import Refusal

log = logging.getLogger(__name__)

_NOT_STORED: Final = "That cannot be stored just now, and nothing has changed. Try again later."

Said = Iterable[tuple[Connection, ServerMessage]]


class WaitingLog:
    """The lobby's pen and its voice. All that is said here is heard in the order in which it was said.

    ``settled`` is called with a room when it is known how one of its writes ended.
    """

    def __init__(self, writer: LogWriter, settled: Callable[[LobbyRoom], None]) -> None:
        self._writer = writer
        self._settled = settled
        self._outbox = Outbox(skips_failed=True)

    def say(self, said: Said) -> None:
        """What needs no writing, but may show what is being written just now."""
        self._put(said)
        self._outbox.release(None)

    def ask(self, room: LobbyRoom, said: Said, asker: Connection, undo: Callable[[], None]) -> None:
        """Store the room as ``asker`` asked for it, then say this. Where it cannot be stored, it never was.

        Raises:
            Refusal: the log takes nothing just now; it is undone already.
        """

        def done(stored: bool) -> None:
            if stored:
                asker.changed()
                if room.id in asker.seats:  # whoever watched has the seat's own stream from here on
                    asker.watching.discard(room.id)
                    room.watchers.discard(asker)
            else:
                undo()
                asker.refuse(codes.ROOM_NOT_STORED, _NOT_STORED)

        try:
            self._write(room, said, done)
        except StorageError as error:
            undo()
            raise Refusal(_NOT_STORED, code=codes.ROOM_NOT_STORED) from error

    def keep(self, room: LobbyRoom, said: Said) -> None:
        """Store a change that nobody waits for, then say this. Where the log takes nothing just now, the room is left
        ``unsaved`` and nothing is said."""
        try:
            self._write(room, said, lambda _: None)
            room.unsaved = False
        except StorageError:
            room.unsaved = True

    def _write(self, room: LobbyRoom, said: Said, done: Callable[[bool], None]) -> None:
        """Store the room as it is now, then say this and call ``done(True)``; or say nothing and call ``done(False)``.

        Raises:
            StorageError: the log takes nothing just now. Nothing was written or said, ``done`` is not called.
        """
        row = room.row()
        stored = self._writer.append_here((row,))
        room.written = True
        room.unsettled += 1
        self._put(said)
        self._outbox.release(stored)
        stored.add_done_callback(partial(self._noticed, room, row, done))

    def strike(self, room: LobbyRoom) -> None:
        """The room is no more. Nobody waits for this: one that is not struck comes back at a restart, and goes again.

        Raises:
            StorageError: the log takes nothing just now.
        """
        if room.written:
            self._writer.append_here((RoomGone(room.id),)).add_done_callback(_looked_at)

    def _put(self, said: Said) -> None:
        for listener, message in said:
            self._outbox.say(listener, message.model_dump_json().encode())

    def _noticed(
        self, room: LobbyRoom, row: RoomWaiting, done: Callable[[bool], None], stored: asyncio.Future[None]
    ) -> None:
        room.unsettled -= 1
        if succeeded := _looked_at(stored):
            room.stored_seats = frozenset(seat.seat for seat in row.seats)
        done(succeeded)
        self._settled(room)


def _looked_at(stored: asyncio.Future[None]) -> bool:
    """Whether it succeeded. The error's text may quote what was to be stored, and stays out of the program's log."""
    if stored.cancelled():
        return False
    if (error := stored.exception()) is not None:
        log.warning("a waiting room could not be stored: %s", getattr(error, "code", type(error).__name__))
    return error is None
