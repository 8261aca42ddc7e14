"""Sockets in memory, and a network between them that delays, stalls, cuts and leaves connections half dead.

The server's end looks like a ``websockets`` connection to ``arena.server.connection``; the client's end calls back. One
connection keeps its messages in order, as TCP does; between two connections anything may overtake anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from websockets.exceptions import ConnectionClosedError
from websockets.protocol import State

from tests.simulation.virtual_time import VirtualLoop

WINDOW_BYTES: Final = 4 * 1024
"""So much may be under way to a client before the server's end holds back whoever writes."""
_HEADER: Final = 4
_CLOSE_TIMEOUT_S: Final = 2.0
LOST: Final = 1006
"""The close code of a connection that broke."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Delays are in seconds: from ``least_s`` on, ``usual_s`` more on average. ``stall`` is the chance of a message to
    be held up for up to ``stall_s``."""

    least_s: float = 0.001
    usual_s: float = 0.02
    stall: float = 0.0
    stall_s: float = 10.0


class _Way:
    """One direction of a connection: first in, first out."""

    def __init__(self, wire: Wire, deliver: Callable[[Any], None], random: Random) -> None:
        self._wire = wire
        self._deliver = deliver
        self._random = random
        self._last = 0.0
        self._longer_s = random.uniform(0.0, 1e-4)  # nothing arrives at two places in the very same moment
        self._waiting: deque[tuple[Any, int]] = deque()
        self.bytes = 0

    def send(self, what: Any, size: int) -> None:
        wire, weather = self._wire, self._wire.weather
        self.bytes += size
        if wire.dead:
            return
        delay = weather.least_s + self._longer_s + self._random.expovariate(1.0) * weather.usual_s
        if weather.stall and self._random.random() < weather.stall:
            delay += self._random.uniform(0.0, weather.stall_s)
            wire.stalls += 1
        self._last = max(self._last + 1e-6, wire.loop.now + delay)
        self._waiting.append((what, size))
        wire.loop.call_at(self._last, self._arrive)

    def _arrive(self) -> None:
        if self._wire.dead:
            return
        what, size = self._waiting.popleft()
        self.bytes -= size
        self._deliver(what)


class Wire:
    """One connection. ``on_message`` and ``on_closed`` are the client's; ``stamp`` is put on each message of the server
    when it is sent."""

    def __init__(
        self,
        loop: VirtualLoop,
        random: Random,
        weather: Weather,
        stamp: Callable[[], int],
        on_message: Callable[[bytes, int], None],
        on_closed: Callable[[int], None],
    ) -> None:
        self.loop = loop
        self.random = random
        self.weather = weather
        self.dead = False
        self.stalls = 0
        self.server = ServerEnd(self)
        self._stamp = stamp
        self._on_message = on_message
        self._on_closed = on_closed
        self._client_open = True
        self._to_server = _Way(self, self.server.receive, random)
        self._to_client = _Way(self, self._arrived, random)

    # -- the client's end ----------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """As far as the client knows."""
        return self._client_open

    def say(self, message: str) -> None:
        if self._client_open:
            self._to_server.send(message, len(message))

    def hang_up(self) -> None:
        """The client closes: the server is told, after what was said before."""
        if self._client_open:
            self._client_open = False
            self._to_server.send(None, 0)

    def cut(self, server_s: float, client_s: float) -> None:
        """The connection breaks now, and all that is under way is lost. Each end finds out so many seconds later."""
        self.dead = True
        self.loop.call_later(server_s, self.server.lose)
        self.loop.call_later(client_s, self._lose)

    def _arrived(self, what: tuple[bytes, int] | int) -> None:
        if isinstance(what, int):
            self._end(what)
        elif self._client_open:
            self._on_message(*what)
        self.server.let_on()

    def _lose(self) -> None:
        self._end(LOST)

    def _end(self, code: int) -> None:
        if self._client_open:
            self._client_open = False
            self._on_closed(code)

    # -- for the server's end ------------------------------------------------------------------------------------

    @property
    def unread_bytes(self) -> int:
        return self._to_client.bytes

    def tell(self, message: bytes) -> None:
        self._to_client.send((message, self._stamp()), len(message))

    def tell_end(self, code: int) -> None:
        self._to_client.send(code, 0)


class ServerEnd:
    """What ``arena.server`` uses of ``websockets.asyncio.server.ServerConnection``, ``transport`` and ``protocol``
    included."""

    remote_address = ("127.0.0.1", 1)

    def __init__(self, wire: Wire) -> None:
        self.transport = _Transport(self)
        self.protocol = _Protocol(self)
        self._wire = wire
        self._received: deque[str | None] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._writers: list[asyncio.Future[None]] = []
        self.is_open = True

    def __aiter__(self) -> ServerEnd:
        return self

    async def __anext__(self) -> str:
        while True:
            if self._received:
                message = self._received.popleft()
                if message is not None:
                    return message
                self.lose()
                raise StopAsyncIteration
            if not self.is_open:
                raise ConnectionClosedError(None, None)
            self._reader = self._wire.loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    async def send(self, message: bytes, text: bool | None = None) -> None:
        if not self.is_open:
            raise ConnectionClosedError(None, None)
        self._wire.tell(message)
        await self.drain()

    async def drain(self) -> None:
        while self.is_open and self._wire.unread_bytes > WINDOW_BYTES:
            room: asyncio.Future[None] = self._wire.loop.create_future()
            self._writers.append(room)
            await room
        if not self.is_open:
            raise ConnectionClosedError(None, None)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if self.is_open:
            self._wire.tell_end(code)
            if self._wire.dead or self._wire.unread_bytes > WINDOW_BYTES:
                await asyncio.sleep(_CLOSE_TIMEOUT_S)  # nobody answers
            self.lose()

    # -- for the wire --------------------------------------------------------------------------------------------

    @property
    def unread_bytes(self) -> int:
        return self._wire.unread_bytes

    def tell(self, message: bytes) -> None:
        if self.is_open:
            self._wire.tell(message)

    def abort(self) -> None:
        self._wire.cut(0.0, 0.0)
        self.lose()

    def receive(self, message: str | None) -> None:
        if self.is_open:
            self._received.append(message)
            self._wake_reader()

    def lose(self) -> None:
        """The connection is gone: whoever reads or writes is told."""
        self.is_open = False
        self._wake_reader()
        self.let_on()

    def let_on(self) -> None:
        if self._writers and (not self.is_open or self.unread_bytes <= WINDOW_BYTES):
            writers, self._writers = self._writers, []
            for writer in writers:
                if not writer.done():
                    writer.set_result(None)

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class _Protocol:
    """Frames are a length and the message."""

    def __init__(self, end: ServerEnd) -> None:
        self._end = end
        self._out: list[bytes] = []

    @property
    def state(self) -> State:
        return State.OPEN if self._end.is_open else State.CLOSED

    def send_text(self, message: bytes) -> None:
        self._out.append(len(message).to_bytes(_HEADER, "big") + message)

    def data_to_send(self) -> list[bytes]:
        out, self._out = self._out, []
        return out


class _Transport:
    def __init__(self, end: ServerEnd) -> None:
        self._end = end

    def write(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            size = int.from_bytes(data[at : at + _HEADER], "big")
            at += _HEADER
            self._end.tell(data[at : at + size])
            at += size

    def abort(self) -> None:
        self._end.abort()

    def get_write_buffer_size(self) -> int:
        return max(0, self._end.unread_bytes - WINDOW_BYTES)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._end.remote_address if name == "peername" else default
