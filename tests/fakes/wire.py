"""A websocket's server side without a network: the test says what comes in and reads what goes out."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from websockets.protocol import State


class _Transport:
    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, _name: str) -> Any:
        return None

    def write(self, data: bytes) -> None:
        pass

    def abort(self) -> None:
        pass


class _Protocol:
    """Takes messages and hands them out as they are."""

    def __init__(self) -> None:
        self.state = State.OPEN
        self.written: list[bytes] = []

    def send_text(self, message: bytes) -> None:
        self.written.append(message)

    def data_to_send(self) -> list[bytes]:
        return []


class FakeSocket:
    """What ``arena.server.connection.Connection`` needs of a websocket. ``waiting`` once all that came in is read."""

    def __init__(self) -> None:
        self.transport = _Transport()
        self.protocol = _Protocol()
        self.closed: tuple[int, str] | None = None
        self._incoming: deque[str | bytes | None] = deque()
        self._came = asyncio.Event()
        self.waiting = False

    def come(self, message: str | bytes | None) -> None:
        """A message comes in; None is the end of the connection."""
        self._incoming.append(message)
        self.waiting = False
        self._came.set()

    def taken(self) -> list[bytes]:
        """What was sent since this was last asked."""
        sent, self.protocol.written = self.protocol.written, []
        return sent

    async def drain(self) -> None:
        pass

    async def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)
        self.come(None)

    def __aiter__(self) -> FakeSocket:
        return self

    async def __anext__(self) -> str | bytes:
        while not self._incoming:
            self.waiting = True
            self._came.clear()
            await self._came.wait()
        if (message := self._incoming.popleft()) is None:
            raise StopAsyncIteration
        return message
