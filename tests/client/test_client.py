"""The client against a server that misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from arena.client.client import Disconnected, RequestRefused, connect
from arena.errors import ArenaError
from arena.protocol import codes
from arena.protocol.server_messages import Refused, RoomsListed, TurnClosed, Welcomed

WELCOME = Welcomed(server="fake", games=["werewolf"], live_checkpoint=None).model_dump_json()


@asynccontextmanager
async def scripted_server(handle: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    async def serve_one(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(WELCOME)
        await handle(socket)

    async with serve(serve_one, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


async def test_unknown_and_broken_messages_are_skipped() -> None:
    async def handle(socket: ServerConnection) -> None:
        await socket.recv()
        for said in ("nonsense", '{"type":"from_the_future"}', "[" * 10_000, '{"type":"rooms_listed"}'):
            await socket.send(said)
        await socket.send('{"type":"turn_closed","room":"r","turn_id":"t","reason":"acted","new_field":1}')
        await socket.send(RoomsListed(rooms=[]).model_dump_json())
        await socket.wait_closed()

    async with scripted_server(handle) as url, connect(url, "Ann") as arena:
        assert await arena.rooms() == []
        assert await anext(arena) == TurnClosed(room="r", turn_id="t", reason="acted")


async def test_a_lost_connection_fails_what_waits_and_ends_the_iteration() -> None:
    async def handle(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.recv()
        await socket.close(codes.CLOSE_SLOW_READER, "too slow")

    async with scripted_server(handle) as url, connect(url, "Ann") as arena:
        waiting = [asyncio.create_task(arena.rooms()), asyncio.create_task(arena.take_turn("r", "t"))]
        for result in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(result, Disconnected)
            assert result.close_code == codes.CLOSE_SLOW_READER
            assert "too slow" in result.message
        with pytest.raises(Disconnected):
            await anext(arena)


async def test_leaving_ends_the_iteration_quietly() -> None:
    async def handle(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with scripted_server(handle) as url, connect(url, "Ann") as arena:
        task = asyncio.create_task(anext(arena, None))
        await asyncio.sleep(0)
        await arena.close()
        assert await task is None


async def test_refusals_find_their_request() -> None:
    async def handle(socket: ServerConnection) -> None:
        act = json.loads(await socket.recv())
        await socket.recv()
        await socket.send(Refused(code=codes.UNKNOWN_ROOM, message="no room").model_dump_json())
        await socket.send(Refused(code=codes.STALE_TURN, message="late", act_id=act["act_id"]).model_dump_json())
        await socket.send(Refused(code=codes.ROOM_FAILED, message="sorry").model_dump_json())
        await socket.wait_closed()

    async with scripted_server(handle) as url, connect(url, "Ann") as arena:
        acting = asyncio.create_task(arena.take_turn("r", "t"))
        await asyncio.sleep(0.01)
        with pytest.raises(RequestRefused, match="no room"):
            await arena.watch("r")
        with pytest.raises(RequestRefused, match="late") as refused:
            await acting
        assert refused.value.code == codes.STALE_TURN
        assert await anext(arena) == Refused(code=codes.ROOM_FAILED, message="sorry")


async def test_a_refused_hello_is_raised() -> None:
    async def refuse(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(Refused(code=codes.WRONG_PROTOCOL, message="too old").model_dump_json())

    async with serve(refuse, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        with pytest.raises(ArenaError, match="too old"):
            async with connect(url, "Ann"):
                pass
