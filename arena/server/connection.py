"""One websocket: messages in, checked; messages out, through a queue that is bounded in bytes and in number.

Whoever speaks to a client calls ``send``, which never waits. A client that does not read is closed with
``CLOSE_SLOW_READER`` when its queue is full, so it cannot make the server grow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Final

from pydantic import ValidationError
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from arena.clock import Clock
from arena.protocol import codes
from arena.protocol.client_messages import CLIENT_MESSAGE, AnyClientMessage, Hello
from arena.protocol.server_messages import Refused, ServerMessage
from arena.server.limits import Credits, Limits

_CLOSE_S: Final = 2.0
_TOGETHER_BYTES: Final = 32 * 1024


class Connection:
    """``messages`` is what the client says; ``send`` tells it something. ``name`` is the person's handle."""

    def __init__(self, socket: ServerConnection, limits: Limits, clock: Clock) -> None:
        self.name = ""
        self.seats: dict[str, int] = {}
        """The seat that this connection holds, by room."""
        self.watching: set[str] = set()
        self._socket = socket
        self._limits = limits
        self._clock = clock
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._cutting: asyncio.Task[None] | None = None
        self._malformed = 0
        self._credits = Credits(limits.burst_messages, limits.messages_per_s, clock.monotonic_s())

    @property
    def is_open(self) -> bool:
        return self._closing is None

    # -- out -----------------------------------------------------------------------------------------------------

    def send(self, message: ServerMessage) -> None:
        self.send_encoded(message.model_dump_json().encode())

    def send_encoded(self, message: bytes) -> None:
        """Queue one message that is JSON already."""
        if self._closing is not None:
            return
        self._queue.append(message)
        self._queued_bytes += len(message)
        self._wake.set()
        if self._queued_bytes > self._limits.send_queue_bytes or len(self._queue) > self._limits.send_queue_messages:
            self.close(codes.CLOSE_SLOW_READER, "too slow in reading")

    def refuse(self, code: str, message: str, act_id: str | None = None) -> None:
        self.send(Refused(code=code, message=message, act_id=act_id))

    def close(self, code: int, reason: str) -> None:
        """Close soon. What is queued for a slow reader is dropped, anybody else still gets it."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()
            if code == codes.CLOSE_SLOW_READER:
                self._queue.clear()
                # Apart from the writing, which this client holds up.
                self._cutting = asyncio.create_task(self._cut_off(code, reason))

    async def write(self) -> None:
        """Send what is queued until the connection is closed. Runs beside ``messages``."""
        with suppress(ConnectionClosed):
            while True:
                while self._queue:
                    await self._write_some()
                if self._closing is not None:
                    break
                self._wake.clear()
                await self._wake.wait()
        if self._closing is not None:
            await self._socket.close(*self._closing)

    async def _write_some(self) -> None:
        """Send what is queued, up to about ``_TOGETHER_BYTES``, in one call to the system, and wait for the client."""
        protocol = self._socket.protocol
        if protocol.state is not State.OPEN:
            await self._socket.send(b"", text=True)  # raises what there is to raise
        taken = 0
        while self._queue and taken < _TOGETHER_BYTES:
            message = self._queue.popleft()
            protocol.send_text(message)
            taken += len(message)
        # ``socket.send`` would make a call to the system of each message.
        self._socket.transport.write(b"".join(protocol.data_to_send()))
        await self._socket.drain()
        self._queued_bytes -= taken

    async def _cut_off(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await self._socket.close(code, reason)
        except TimeoutError:
            self._socket.transport.abort()

    # -- in ------------------------------------------------------------------------------------------------------

    async def hello(self) -> Hello | None:
        """The first message; None (and a closing connection) where it is none in time."""
        try:
            async with asyncio.timeout(self._limits.hello_s):
                async with aclosing(self.messages()) as messages:
                    message = await anext(messages, None)
                if isinstance(message, Hello):
                    return message
                self.refuse(codes.HELLO_FIRST, "Say hello first.")
        except TimeoutError:
            pass
        self.close(codes.CLOSE_NO_HELLO, "no hello")
        return None

    async def messages(self) -> AsyncGenerator[AnyClientMessage, None]:
        """Every message that is well formed, until the connection ends; the others are refused here."""
        with suppress(ConnectionClosed):
            async for raw in self._socket:
                if self._closing is not None:
                    return
                if not self._credits.take(self._clock.monotonic_s()):
                    self._complain(codes.TOO_FAST, "Too many messages; slow down.")
                    continue
                try:
                    message = CLIENT_MESSAGE.validate_json(raw)
                except ValidationError as error:
                    self._complain(codes.MALFORMED, _what_is_wrong(error))
                    continue
                yield message

    def _complain(self, code: str, message: str) -> None:
        self._malformed += 1
        self.refuse(code, message)
        if self._malformed >= self._limits.malformed_messages:
            self.close(codes.CLOSE_PROTOCOL_ERROR, "too many messages that could not be taken")


def _what_is_wrong(error: ValidationError) -> str:
    """The first complaint, without the offending value: that may be long and hostile."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part)[:40] for part in first["loc"])
    return f"{place}: {first['msg']}"[:300] if place else first["msg"][:300]
