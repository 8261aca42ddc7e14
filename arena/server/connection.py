"""One websocket: messages in, checked; messages out, through a queue that is bounded in bytes and in number.

Whoever speaks to a client calls ``send``, which never waits. A client that does not read is closed with
``CLOSE_SLOW_READER`` when its queue is full, so it cannot make the server grow. One that asks for more than it reads is
not read on until it has. A past of any length waits unmade: its messages are made as the client takes them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from typing import Final

from pydantic import ValidationError
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from arena.clock import Clock
from arena.protocol import codes
from arena.protocol.client_messages import CLIENT_MESSAGE, AnyClientMessage, Hello, TakeTurn, TalkAmongDead
from arena.protocol.server_messages import Refused, ServerMessage
from arena.protocol.text import clean_text
from arena.server.counts import Counts
from arena.server.doors import address_of
from arena.server.limits import Credits, Limits, Rate, kind_of

_FAREWELL_S: Final = 3.0
"""How long what is queued may take to be sent when a connection is closed."""
_CLOSE_S: Final = 2.0
_FORGIVEN_PER_S: Final = 0.1
_TOGETHER_BYTES: Final = 32 * 1024
_VISITS: Final = 64


class Connection:
    """``messages`` is what the client says; ``send`` tells it something. ``name`` is the person's handle."""

    def __init__(self, socket: ServerConnection, limits: Limits, clock: Clock, counts: Counts | None = None) -> None:
        self.name = ""
        self.seats: dict[str, int] = {}
        """The seat that this connection holds, by room."""
        self.played: dict[str, int] = {}
        """The seat that this connection held at the end of a match, by rooms that are cleared away since."""
        self.watching: set[str] = set()
        self.visited: deque[str] = deque(maxlen=_VISITS)
        """The rooms in which it sat or watched last, also those that are gone."""
        self._socket = socket
        self._limits = limits
        self._clock = clock
        self._counts = counts or Counts()
        self._queue: deque[bytes | Iterator[bytes]] = deque()
        self._queued_bytes = 0
        self._flush_due = False
        self._waits_for_client = False
        self._wake = asyncio.Event()
        self._read_on = asyncio.Event()
        self._written = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._farewell: asyncio.Task[None] | None = None
        now = clock.monotonic_s()
        self._credits = {kind: Credits(rate, now) for kind, rate in limits.rates.items()}
        self._patience = Credits(Rate(limits.malformed_messages, _FORGIVEN_PER_S), now)
        self._busy_at = now
        self.changed_at = float("-inf")
        """When this connection last changed something in a room."""

    @property
    def address(self) -> str:
        """Where it comes from, as ``arena.server.doors.address_of`` has it."""
        return address_of(self._socket.transport)

    @property
    def is_open(self) -> bool:
        return self._closing is None

    # -- out -----------------------------------------------------------------------------------------------------

    @property
    def outgoing_bytes(self) -> int:
        """What is still to be sent, the socket's own buffer included."""
        return self._queued_bytes + self._socket.transport.get_write_buffer_size()

    @property
    def _behind(self) -> bool:
        """Whether this client has so much left to read that its requests wait."""
        limits = self._limits
        return self.outgoing_bytes > limits.send_queue_bytes // 2 or len(self._queue) > limits.send_queue_messages // 2

    def send(self, message: ServerMessage) -> None:
        self.send_encoded(message.model_dump_json().encode())

    def send_encoded(self, message: bytes) -> None:
        """Queue one message that is JSON already."""
        if self._closing is None:
            self._queued_bytes += len(message)
            self._put(message)

    def send_past(self, messages: Iterator[bytes]) -> None:
        """Queue messages that exist already elsewhere, as many as there are: each is made when the client can take it,
        and what is sent after this call comes after them."""
        if self._closing is None:
            self._put(messages)

    def _put(self, what: bytes | Iterator[bytes]) -> None:
        self._queue.append(what)
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self._flush)
        if self.outgoing_bytes > self._limits.send_queue_bytes or len(self._queue) > self._limits.send_queue_messages:
            self.close(codes.CLOSE_SLOW_READER, "too slow in reading")

    def refuse(self, code: str, message: str, act_id: str | None = None) -> None:
        """``message`` may quote what was asked for: it is cleaned here."""
        self._counts.refused(code)
        self.send(Refused(code=code, message=clean_text(message), act_id=act_id))

    def close(self, code: int, reason: str) -> None:
        """Close soon. What is queued for a slow reader is dropped, anybody else still gets it."""
        if self._closing is None:
            self._closing = (code, reason)
            self._counts.closed(code)
            if code == codes.CLOSE_SLOW_READER:
                self._queue.clear()
                self._queued_bytes = 0
                self._written.set()
            self._wake.set()
            self._read_on.set()
            # Apart from the writing, which a client that does not read holds up.
            self._farewell = asyncio.create_task(self._say_farewell(code, reason))

    async def closed(self) -> None:
        """Until a connection that was told to close is closed: some seconds at most."""
        if self._farewell is not None:
            await asyncio.wait([self._farewell])

    async def write(self) -> None:
        """Send what ``_flush`` cannot, until the connection is closed. Runs beside ``messages``."""
        with suppress(ConnectionClosed):
            while True:
                self._waits_for_client = True
                while self._queue:
                    if self._socket.protocol.state is not State.OPEN:
                        await self._socket.send(b"", text=True)  # raises what there is to raise
                    self._write_some()
                    await self._socket.drain()
                    self._let_read_on()
                    if self._queue:  # who reads fast enough never makes ``drain`` wait, and a past may be long
                        await asyncio.sleep(0)
                if self._closing is not None:
                    break
                self._waits_for_client = False
                self._wake.clear()
                await self._wake.wait()
        self._written.set()
        self._read_on.set()

    def _flush(self) -> None:
        """Write at once what a reader that keeps up has to get: to wake a task for it costs more than the writing."""
        self._flush_due = False
        if self._waits_for_client or self._closing is not None or self._socket.protocol.state is not State.OPEN:
            self._wake.set()
            return
        self._write_some()
        if self._queue or self._socket.transport.get_write_buffer_size():
            self._wake.set()
        else:
            self._let_read_on()

    def _write_some(self) -> None:
        """Write what is queued, up to about ``_TOGETHER_BYTES``, in one call to the system."""
        protocol = self._socket.protocol
        taken = 0
        while self._queue and taken < _TOGETHER_BYTES:
            message = self._queue[0]
            if isinstance(message, bytes):
                self._queued_bytes -= len(message)
                self._queue.popleft()
            elif (message := next(message, None)) is None:
                self._queue.popleft()
                continue
            protocol.send_text(message)
            taken += len(message)
        # ``socket.send`` would make a call to the system of each message.
        self._socket.transport.write(b"".join(protocol.data_to_send()))

    def _let_read_on(self) -> None:
        if not self._behind:
            self._read_on.set()

    async def _say_farewell(self, code: int, reason: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._written.wait()
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
                self.refuse(codes.HELLO_FIRST, "Say hello first.", act_id_of(message))
        except TimeoutError:
            pass
        self.close(codes.CLOSE_NO_HELLO, "no hello")
        return None

    async def messages(self) -> AsyncGenerator[AnyClientMessage, None]:
        """Every message that is well formed and not too fast, until the connection ends; others are refused here."""
        with suppress(ConnectionClosed):
            async for raw in self._socket:
                if self._closing is not None:
                    return
                self._busy_at = self._clock.monotonic_s()
                if (message := self._taken(raw, self._busy_at)) is not None:
                    yield message
                while self._closing is None and self._behind:
                    self._read_on.clear()
                    await self._read_on.wait()

    def changed(self) -> None:
        self.changed_at = self._clock.monotonic_s()

    def idle(self, now: float) -> bool:
        """Whether there is nothing that this connection is for: no seat, nothing to watch, nothing said for long."""
        if self.seats or self.watching:
            self._busy_at = now
        return now - self._busy_at > self._limits.idle_s

    def _taken(self, raw: str | bytes, now: float) -> AnyClientMessage | None:
        try:
            message = CLIENT_MESSAGE.validate_json(raw)
        except ValidationError as error:
            self._complain(codes.MALFORMED, _what_is_wrong(error), codes.CLOSE_PROTOCOL_ERROR, now)
            return None
        kind = kind_of(message.type)
        if kind in self._credits and not self._credits[kind].take(now):
            text = "Too many messages; slow down."
            self._complain(codes.TOO_FAST, text, codes.CLOSE_TOO_FAST, now, act_id_of(message))
            return None
        return message

    def _complain(self, code: str, message: str, close_code: int, now: float, act_id: str | None = None) -> None:
        self.refuse(code, message, act_id)
        if not self._patience.take(now):
            self.close(close_code, "too many messages that could not be taken")


def act_id_of(message: AnyClientMessage | None) -> str | None:
    """The act that a refusal is about; one that cannot be shown is not repeated."""
    if not isinstance(message, TakeTurn | TalkAmongDead) or clean_text(message.act_id) != message.act_id:
        return None
    return message.act_id


def _what_is_wrong(error: ValidationError) -> str:
    """The first complaint, without the offending value: that may be long and hostile. So may the names of fields be."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part)[:40] for part in first["loc"])
    return f"{place}: {first['msg']}"[:300] if place else first["msg"][:300]
