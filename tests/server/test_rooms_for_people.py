"""Rooms as people open them: private, blind, with a code, begun early, watched by spectators who may see everything."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Engine

from arena.client.client import RequestRefused, connect
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.protocol import codes
from arena.protocol.server_messages import MatchEnded
from arena.server.limits import Limits
from tests.fakes.minds import FakeMinds, RandomMind
from tests.fakes.servers import events, play_to_end, running

TWO_OPEN = ["open", "open", *["self"] * 5]


async def test_a_private_room_is_found_by_its_code_alone(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Bob") as bob:
        made = await ann.create(fills=TWO_OPEN, private=True)
        assert made.private
        assert len(made.code) == 5
        assert [r.room for r in await ann.rooms()] == [made.room]
        assert await bob.rooms() == []
        other = await bob.join()
        assert other.room.room != made.room, "a quick match is no private one"
        joined = await bob.join(made.code.lower())
        assert joined.room.room == made.room
        assert made.room in [r.room for r in await bob.rooms()]


async def test_whoever_opened_a_room_can_begin_early(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Bob") as bob:
        made = await ann.create(fills=["open"] * 7)
        await ann.join(made.room, 2)
        await bob.join(made.room, 4)
        await bob.begin(made.room)
        with pytest.raises(RequestRefused) as refused:
            await bob.watch("nowhere")
        assert refused.value.code == codes.NOT_YOURS
        await ann.begin(made.room)
        await asyncio.gather(play_to_end(ann), play_to_end(bob))
    minds = load_match(engine, made.room).summary.minds
    assert [m == "person" for m in minds] == [s in (2, 4) for s in range(7)]


async def test_a_blind_room_tells_nobody_who_is_a_person(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Bob") as bob:
        made = await ann.create(fills=TWO_OPEN, blind=True)
        with pytest.raises(RequestRefused) as refused:
            await bob.join(made.room)
        assert refused.value.code == codes.BLIND
        assert (await bob.join(made.room, blind=True)).room.seats[0].mind == "hidden"
        joined = await ann.join(made.room, blind=True)
        assert {s.mind for s in joined.room.seats} == {"hidden"}
        seen, _ = await asyncio.gather(play_to_end(ann), play_to_end(bob))
        assert not any(m.type == "seat_changed" for m in seen)
        (room,) = await ann.rooms()
        assert sorted(s.mind for s in room.seats) == ["model"] * 5 + ["person"] * 2, "and everybody after the end"


async def test_spectators_see_everything_after_the_end(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, FakeMinds(RandomMind(delay_s=0.005))) as server, connect(server.url, "Eve") as eve:
        made = await eve.create(fills=["self"] * 7)
        with pytest.raises(RequestRefused) as refused:
            await eve.watch(made.room, everything=True)
        assert refused.value.code == codes.BAD_ROOM
        await eve.watch(made.room)
        async with asyncio.timeout(60):
            assert all(e.public for e in events(await play_to_end(eve)))
        await eve.leave(made.room)
        await eve.watch(made.room, everything=True)
        async with asyncio.timeout(60):
            seen = await play_to_end(eve)
    stored = load_match(engine, made.room).events
    assert [(e.seq, e.kind, e.data) for e in events(seen)] == [(n, e.kind, dict(e.data)) for n, e in enumerate(stored)]
    assert isinstance(seen[-1], MatchEnded)


async def test_everything_comes_as_late_as_the_room_wants(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, FakeMinds(RandomMind(delay_s=0.02))) as server, connect(server.url, "Eve") as eve:
        made = await eve.create(fills=["self"] * 7, show_all_after_s=0.3)
        await eve.watch(made.room, everything=True)
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(60):
            async for message in eve:
                if message.type == "event_happened":
                    break
        assert asyncio.get_running_loop().time() - began >= 0.25
        async with asyncio.timeout(60):
            seen = await play_to_end(eve)
    stored = load_match(engine, made.room).events
    assert [e.seq for e in events(seen)] == list(range(1, len(stored)))
    assert not all(e.public for e in events(seen))


async def test_nobody_in_a_seat_watches_everything(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(options={"first_night_kill": False}, show_all_after_s=0)
        await ann.join(made.room)
        with pytest.raises(RequestRefused):
            await ann.watch(made.room, everything=True)


async def test_a_quick_player_is_never_told_of_too_many_rooms(writer: LogWriter) -> None:
    limits = Limits(rooms_per_connection=1)
    async with running(writer, limits=limits) as server, connect(server.url, "Ann") as ann:
        for _ in range(3):
            await ann.join()
            await play_to_end(ann)
        await ann.join()
        with pytest.raises(RequestRefused) as refused:
            await ann.join()
        assert refused.value.code == codes.TOO_MANY_ROOMS
