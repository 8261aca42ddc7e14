"""Streams that are longer than what may wait for one client: resumed, watched from the middle, looked back at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from arena.client.client import connect
from arena.client.happenings import ConnectionLost
from arena.client.reconnecting import reconnecting
from arena.clock import SystemClock
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.decision import MindKind, TrunkRecord
from arena.games.core import Act, Event, visible
from arena.protocol.server_messages import EventHappened, MatchEnded, Refused, TurnOpened
from arena.rooms.minds import Answer, Mind, Request
from arena.server.app import ArenaServer
from arena.server.connection import Connection
from arena.server.limits import Limits
from tests.fakes.minds import blind_act
from tests.fakes.servers import events, play_to_end, running, some_answer
from tests.fakes.wire import FakeSocket

LIMITS = Limits(send_queue_bytes=100 * 1024, write_buffer_bytes=4 * 1024)
LONG = {"talk_rounds": 5, "text_limit": 2000, "first_night_kill": False, "max_days": 2}
"""A day takes about 200 KB."""


@pytest.fixture
def database_url(tmp_path: Any) -> str:
    """What is tested here has nothing to do with storage."""
    return f"sqlite:///{tmp_path / 'arena.db'}"


class LongWinded:
    def usual(self, game: str) -> str:
        return "self"

    def mind(self, fill: str, game: str) -> Mind:
        return self

    async def decide(self, request: Request) -> Answer:
        act = blind_act(request.turn)
        if request.turn.kind == "talk":
            await asyncio.sleep(0.02)  # what is live goes out at once; it is the past that is too long
            act = Act("狼" * request.turn.text_limit)
        return Answer(act, MindKind.SCRIPT, "talker")

    def finish(self, match_id: str) -> TrunkRecord | None:
        return None


async def most_outgoing(server: ArenaServer) -> int:
    """Until cancelled, then the most bytes that waited for any one client."""
    most = 0
    try:
        while True:
            most = max(most, *(c.outgoing_bytes for c in server._connections), 0)
            await asyncio.sleep(0.001)
    except asyncio.CancelledError:
        return most


def assert_told(told: Sequence[EventHappened], expected: Sequence[Event]) -> None:
    assert [e.seq for e in told] == list(range(len(told)))
    assert [(e.kind, e.data) for e in told] == [(e.kind, dict(e.data)) for e in expected]


def size(told: Sequence[EventHappened]) -> int:
    return sum(len(e.model_dump_json().encode()) for e in told)


async def test_long_streams_are_resumed_watched_and_looked_back_at(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, LongWinded(), limits=LIMITS) as server, asyncio.timeout(120):
        looking = asyncio.create_task(most_outgoing(server))
        async with connect(server.url, "Ann") as first:
            made = await first.create(options=LONG)
            joined = await first.join(made.room)
            told: list[EventHappened] = []
            async for message in first:
                if isinstance(message, EventHappened):
                    told.append(message)
                if isinstance(message, TurnOpened):
                    if message.turn_id.startswith("day1.vote"):
                        break
                    await first.take_turn(made.room, message.turn_id, **some_answer(message))
        assert size(told) > LIMITS.send_queue_bytes
        async with connect(server.url, "Ann") as again, connect(server.url, "Eve") as eve:
            await eve.watch(made.room)
            back = await again.resume(made.room, joined.resume_token or "")
            assert back.since == 0
            watching = asyncio.create_task(play_to_end(eve))
            played = await play_to_end(again)
            watched = await watching
        async with connect(server.url, "Cid") as late:
            await late.watch(made.room)
            looked_back = await play_to_end(late)
            await late.leave(made.room)
            await late.watch(made.room, everything=True)
            all_seeing = await play_to_end(late)
        looking.cancel()
        most = await looking
    stored = load_match(engine, made.room).events
    mine = visible(stored, joined.seat or 0)
    assert_told(told, mine[: len(told)])
    assert_told(events(played), mine)
    for seen in (watched, looked_back):
        assert_told(events(seen), visible(stored, None))
        assert isinstance(seen[-1], MatchEnded)
    assert_told(events(all_seeing), stored)
    assert most <= LIMITS.send_queue_bytes


async def test_a_client_that_comes_back_by_itself_takes_up_long_streams(engine: Engine, writer: LogWriter) -> None:
    """Cut off in mid-match, seat and all, with nothing of the stream kept."""
    async with (
        running(writer, LongWinded(), limits=LIMITS) as server,
        reconnecting(server.url, "Ann") as ann,
        asyncio.timeout(120),
    ):
        made = await ann.create(options=LONG)
        joined = await ann.join(made.room)
        told: list[EventHappened] = []
        cut = 0
        async for message in ann:
            match message:
                case EventHappened():
                    del told[message.seq :]
                    told.append(message)
                case TurnOpened():
                    if message.turn_id.startswith("day1.vote") and not cut:
                        ann._since[made.room] = 0
                        next(iter(server._connections))._socket.transport.abort()
                    else:
                        await ann.take_turn(made.room, message.turn_id, **some_answer(message))
                case ConnectionLost():
                    cut += 1
                    assert cut == 1, message
                case MatchEnded():
                    break
                case _:
                    assert not isinstance(message, Refused), message
    assert cut == 1
    assert_told(told, visible(load_match(engine, made.room).events, joined.seat or 0))


class _Slow(FakeSocket):
    """Takes what is written only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Semaphore(0)

    async def drain(self) -> None:
        await self.free.acquire()


async def test_a_past_is_made_as_it_is_taken() -> None:
    made = 0

    def past() -> Iterator[bytes]:
        nonlocal made
        for n in range(1000):
            made += 1
            yield b"%d" % n + b" " * 1000

    socket = _Slow()
    connection = Connection(cast(Any, socket), LIMITS, SystemClock())
    writing = asyncio.create_task(connection.write())
    connection.send_encoded(b"before")
    connection.send_past(past())
    connection.send_encoded(b"after")
    for portion in range(1, 4):
        while socket.free._waiters is None or not socket.free._waiters:
            await asyncio.sleep(0)
        assert made <= 40 * portion
        assert connection.outgoing_bytes == len(b"after")
        socket.free.release()
        await asyncio.sleep(0)
    for _ in range(1000):
        socket.free.release()
    while connection.outgoing_bytes:
        await asyncio.sleep(0)
    assert [m.strip() for m in socket.taken()] == [b"before", *(b"%d" % n for n in range(1000)), b"after"]
    writing.cancel()
