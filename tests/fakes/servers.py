"""A server for tests, on a free port of this machine, with minds that answer at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Engine

from arena.client.client import Arena
from arena.db.open_matches import open_matches, waiting_rooms
from arena.db.writer import LogWriter
from arena.protocol.server_messages import AnyServerMessage, EventHappened, MatchEnded, TurnOpened
from arena.rooms.minds import MindSource
from arena.server.app import ArenaServer, ServerSettings
from tests.fakes.minds import FakeMinds


@asynccontextmanager
async def running(
    writer: LogWriter, minds: MindSource | None = None, *, go_on: Engine | None = None, **settings: Any
) -> AsyncIterator[ArenaServer]:
    """``go_on`` names the log whose open matches and waiting rooms it goes on with."""
    server = ArenaServer(
        minds or FakeMinds(), writer, ServerSettings(port=0, **settings), live_checkpoint=lambda: "fake-1"
    )
    if go_on is None:
        await server.start()
    else:
        await server.start(open_matches(go_on, ended_after=time.time() - 60), waiting_rooms(go_on))
    try:
        yield server
    finally:
        await server.stop()


def some_answer(turn: TurnOpened) -> dict[str, Any]:
    if turn.choices:
        return {"choice": turn.choices[0]}
    return {"text": "Good morning."[: turn.text_limit]}


async def play_to_end(arena: Arena) -> list[AnyServerMessage]:
    """Answer every turn of the one room that this client sits in; all that it was told."""
    seen: list[AnyServerMessage] = []
    async for message in arena:
        seen.append(message)
        match message:
            case TurnOpened():
                await arena.take_turn(message.room, message.turn_id, **some_answer(message))
            case MatchEnded():
                return seen
            case _:
                pass
    return seen


async def played(arena: Arena, **terms: Any) -> tuple[str, str]:
    """A match with one person that is over: its room and the secret of the seat."""
    made = await arena.create(fills=["open", *["self"] * 6], options={"first_night_kill": False}, **terms)
    joined = await arena.join(made.room)
    async with asyncio.timeout(120):
        await play_to_end(arena)
    assert joined.resume_token is not None
    return made.room, joined.resume_token


def events(messages: list[AnyServerMessage]) -> list[EventHappened]:
    return [m for m in messages if isinstance(m, EventHappened)]
