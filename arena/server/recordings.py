"""Matches that are over, read back from the log for whoever was there."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import SQLAlchemyError

from arena.db.recordings import past_match, read_recording
from arena.errors import ArenaError
from arena.protocol import codes
from arena.protocol.client_messages import ReadRecording
from arena.protocol.recording import Recording
from arena.protocol.server_messages import RecordingBegun, RecordingWentOn
from arena.rooms.minds import Believing, believing_nothing
from arena.server.connection import Connection
from arena.server.lobby_room import hashed
from arena.server.refusal import Refusal

if TYPE_CHECKING:
    from arena.db.writer import LogWriter
    from arena.server.lobby import Lobby

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
"""Recordings that are read from the database side by side."""
BELIEVE_S: Final = 15.0
"""So long may a model take to say what was believed in a match."""
REMEMBERED: Final = 32


class Recordings:
    """One connection is sent one recording at a time, so that it cannot heap them up."""

    def __init__(self, lobby: Lobby, writer: LogWriter, believing: Believing = believing_nothing) -> None:
        self._lobby = lobby
        self._writer = writer
        self._believing = believing
        self._one_thinks = asyncio.Lock()
        self._believed: OrderedDict[str, dict[str, Any]] = OrderedDict()
        """What was believed in the matches read last: only numbers and the game's own names, no words of people."""
        self._free = asyncio.Semaphore(AT_ONCE)
        self._served: set[Connection] = set()
        self._reading: set[asyncio.Task[None]] = set()

    def ask(self, connection: Connection, message: ReadRecording) -> None:
        """Send the recording as soon as it is read; what only the database knows is refused then.

        Raises:
            Refusal: the match is not over, or another recording is on its way to this connection.
        """
        if connection in self._served:
            raise Refusal("Another recording is on its way to you.", code=codes.TOO_FAST)
        room = self._lobby.rooms.get(message.room)
        if room is not None and (room.task is None or not room.task.ended.is_set()):
            raise Refusal("A match can be read when it is over.", code=codes.NOT_OVER)
        self._served.add(connection)
        task = asyncio.create_task(self._send(connection, message), name=f"recording-{message.room}")
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    def forget(self, connection: Connection) -> None:
        """The connection is gone, and takes nothing more."""
        self._served.discard(connection)

    def stop(self) -> None:
        for task in self._reading:
            task.cancel()

    async def _send(self, connection: Connection, message: ReadRecording) -> None:
        was_there = message.room in connection.visited
        token = None if message.token is None else hashed(message.token)
        try:
            async with self._free:
                recording = await asyncio.to_thread(self._read, message.room, was_there, token)
            recording = await self._with_beliefs(recording)
        except Refusal as error:
            self._refuse(connection, error.code, error.message)
        except (ArenaError, SQLAlchemyError) as error:
            log.warning("match %s cannot be read: %s", message.room, error)
            self._refuse(connection, codes.BAD_ROOM, "That match cannot be read just now.")
        else:
            done = partial(self._served.discard, connection)
            connection.send_past(_messages(message.room, recording, done))

    async def _with_beliefs(self, recording: Recording) -> Recording:
        """One match at a time is thought about, and not for long: without beliefs it is still worth reading."""
        if recording.id not in self._believed:
            try:
                async with asyncio.timeout(BELIEVE_S), self._one_thinks:
                    if recording.id not in self._believed:
                        found = await self._believing(recording)
                        self._believed[recording.id] = {"believed": found.believed, "beliefs": found.beliefs}
                        while len(self._believed) > REMEMBERED:
                            self._believed.popitem(last=False)
            except (ArenaError, TimeoutError) as error:
                log.warning("match %s is read without beliefs: %s", recording.id, error or "it took too long")
                return recording
        return recording.model_copy(update=self._believed[recording.id])

    def _refuse(self, connection: Connection, code: str, why: str) -> None:
        self._served.discard(connection)
        connection.refuse(code, why)

    def _read(self, match_id: str, was_there: bool, token: str | None) -> Recording:
        """
        Raises:
            Refusal: there is no such match for this reader. Whether there is one for others is not told.
        """
        past = past_match(self._writer.engine, match_id)
        if past is None or (past.private and not was_there and not (token is not None and past.opens(token))):
            raise Refusal("There is no such match that you were in.", code=codes.UNKNOWN_ROOM)
        return read_recording(self._writer.engine, match_id)


def _messages(room: str, recording: Recording, done: Callable[[], None]) -> Iterator[bytes]:
    """``done`` is called when the client has taken the last one."""
    portions = list(recording.portions())
    yield RecordingBegun(room=room, head=recording.head, portions=len(portions)).model_dump_json().encode()
    for portion in portions:
        yield RecordingWentOn(room=room, portion=portion).model_dump_json().encode()
    done()
