"""A websocket client that does next to nothing, so that a thousand of them leave the processor to the server.

It knows what a load generator needs: whole text frames in, small text frames out, an answer to pings. Frames are masked
with zeros, which the server undoes like any other mask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

_HANDSHAKE: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class Socket(asyncio.Protocol):
    """``on_message`` is called with each text message; ``gone`` is done when the connection has ended."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.on_message: Callable[[bytes], None] = lambda _message: None
        self.open: asyncio.Future[None] = loop.create_future()
        self.gone: asyncio.Future[None] = loop.create_future()
        self.received_bytes = 0
        self._transport: asyncio.Transport
        self._rest = b""

    def send(self, message: bytes) -> None:
        self._frame(_TEXT, message)

    async def close(self) -> None:
        """Say goodbye and wait for the end."""
        self._frame(_CLOSE, b"\x03\xe8")
        await self.gone

    def abort(self) -> None:
        """Break off without a word."""
        self._transport.abort()

    def _frame(self, opcode: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._transport.write(bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload)

    # -- asyncio.Protocol ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_HANDSHAKE)

    def data_received(self, data: bytes) -> None:
        self.received_bytes += len(data)
        if self._rest:
            data = self._rest + data
        at = 0
        if not self.open.done():
            at = data.find(b"\r\n\r\n") + 4
            if at == 3:
                self._rest = data
                return
            self.open.set_result(None)
        have = len(data)
        while have - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if have < start + size:
                break
            opcode = data[at] & 15
            at = start + size
            if opcode == _TEXT:
                self.on_message(data[start:at])
            elif opcode == _PING:
                self._frame(_PONG, data[start:at])
            elif opcode == _CLOSE:
                self._transport.close()
        self._rest = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)


async def open_socket(url: str) -> Socket:
    """A connection whose handshake is done."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    _, socket = await asyncio.get_running_loop().create_connection(Socket, address.hostname, address.port)
    await socket.open
    return socket


async def open_sockets(url: str, count: int, at_once: int = 50) -> list[Socket]:
    """``count`` connections, a few at a time."""
    sockets: list[Socket] = []
    for done in range(0, count, at_once):
        sockets += await asyncio.gather(*(open_socket(url) for _ in range(min(at_once, count - done))))
    return sockets
