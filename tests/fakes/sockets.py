"""Clients below the protocol's own: a websocket that says what one likes, and plain TCP."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@asynccontextmanager
async def greeted(url: str, name: str = "Ann", **more: Any) -> AsyncIterator[ClientConnection]:
    """A websocket that has said hello and was welcomed."""
    async with open_socket(url) as socket:
        await say(socket, type="hello", name=name, **more)
        assert (await heard(socket))["type"] == "welcomed"
        yield socket


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def heard(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(20):
        return json.loads(await socket.recv())


async def closed_with(socket: ClientConnection) -> int | None:
    """The close code, once the server has closed; what it says before is read."""
    async with asyncio.timeout(20):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return socket.close_code


def address(url: str) -> tuple[str, int]:
    host, port = url.split("://")[1].rsplit(":", 1)
    return host, int(port)


async def get(url: str, path: str, **headers: str) -> tuple[int, str]:
    """An HTTP request to the server's port: the status and the body."""
    host, port = address(url)
    reader, writer = await asyncio.open_connection(host, port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{lines}Connection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    head, body = answer.split(b"\r\n\r\n", 1)
    return int(head.split()[1]), body.decode()


def frame(payload: bytes, opcode: int = 1, *, last: bool = True, masked: bool = True) -> bytes:
    """One websocket frame, well formed or not."""
    size = len(payload)
    first = bytes([(0x80 if last else 0) | opcode])
    mark = 0x80 if masked else 0
    if size < 126:
        head = first + bytes([mark | size])
    elif size < 65_536:
        head = first + bytes([mark | 126]) + size.to_bytes(2, "big")
    else:
        head = first + bytes([mark | 127]) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    mask = os.urandom(4)
    pad = (mask * (size // 4 + 1))[:size]
    return head + mask + (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")
