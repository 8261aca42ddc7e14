"""Rooms as people open them: private, blind, with a code, begun early, watched by spectators who may see everything."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from sqlalchemy import Engine

from arena.client.client import RequestRefused, connect
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.protocol import codes
from arena.protocol.server_messages import MatchEnded, SeatChanged, TurnOpened
from arena.rooms.terms import Terms
from arena.server import app
from arena.server.limits import Limits, Rate
from tests.fakes.minds import FakeMinds, RandomMind
from tests.fakes.servers import events, play_to_end, running, some_answer

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


async def test_where_the_maker_has_gone_whoever_sits_there_can_begin(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Bob") as bob, connect(server.url, "Eve") as eve:
        async with connect(server.url, "Ann") as ann:
            made = await ann.create(fills=["open"] * 7)
            await bob.join(made.room, 4)
            await bob.begin(made.room)
            with pytest.raises(RequestRefused) as refused:
                await bob.rooms()
            assert refused.value.code == codes.NOT_YOURS, "she is there, though she sits nowhere"
        while True:  # until the server has seen her go
            await eve.begin(made.room)
            with pytest.raises(RequestRefused) as refused:
                await eve.rooms()
            assert refused.value.code == codes.NOT_YOURS, "who only knows of the room cannot begin it"
            await bob.begin(made.room)
            with contextlib.suppress(RequestRefused):
                await bob.rooms()
                break
        await play_to_end(bob)


async def test_guessing_codes_ends(writer: LogWriter) -> None:
    limits = Limits(code_guesses=Rate(3, 0.001))
    async with (
        running(writer, limits=limits) as server,
        connect(server.url, "Ann") as ann,
        connect(server.url, "Eve") as eve,
    ):
        made = await ann.create(fills=TWO_OPEN, private=True)
        other = "BBBBB" if made.code != "BBBBB" else "CCCCC"
        asked = ["nowhere", other, other.lower(), "f" * 12, other, made.code, other, made.code]
        told = []
        for name in asked:
            with pytest.raises(RequestRefused) as refused:
                await (eve.watch(name) if len(told) % 2 else eve.join(name))
            told.append(refused.value.code)
        assert told == [codes.UNKNOWN_ROOM] * 5 + [codes.TOO_MANY_CODES] * 3, "a right code is told from no wrong one"
        assert (await eve.join(made.room)).room.room == made.room, "whoever was given the id still comes in"


async def test_whoever_comes_back_to_a_waiting_room_may_begin_it_again(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Bob") as bob:
        async with connect(server.url, "Ann") as first:
            made = await first.create(fills=["open"] * 7)
            joined = await first.join(made.room, 3)
            await bob.join(made.room, 5)
        async with connect(server.url, "Ann") as again:
            assert (await bob.rooms())[0].seats[3].mind == "person", "the seat waits"
            with pytest.raises(RequestRefused) as refused:
                await again.join(made.room, 3)
            assert refused.value.code == codes.SEAT_TAKEN
            back = await again.resume(made.room, joined.resume_token or "")
            assert (back.seat, back.room.status) == (3, "waiting")
            await again.begin(made.room)
            await asyncio.gather(play_to_end(again), play_to_end(bob))


async def test_waiting_seats_are_free_after_the_grace_time(writer: LogWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_SWEEP_S", 0.02)
    async with running(writer, terms=Terms(grace_s=0.1)) as server, connect(server.url, "Bob") as bob:
        async with connect(server.url, "Ann") as ann:
            made = await ann.create(fills=["open"] * 7)
            joined = await ann.join(made.room, 3)
            await bob.watch(made.room)
        async with asyncio.timeout(20):
            while not isinstance(told := await anext(bob), SeatChanged) or told.seat.mind != "open":
                pass
            while await bob.rooms():
                await asyncio.sleep(0.02)
        with pytest.raises(RequestRefused) as refused:
            await bob.resume(made.room, joined.resume_token or "")
        assert refused.value.code == codes.UNKNOWN_ROOM, "a room that nobody comes back to is removed"


async def test_a_match_that_begins_without_somebody_waits_for_them(engine: Engine, writer: LogWriter) -> None:
    options = {"first_night_kill": False}
    async with running(writer, terms=Terms(grace_s=0.1)) as server, connect(server.url, "Bob") as bob:
        made = await bob.create(options=options, fills=["open", "open", *["self"] * 5])
        async with connect(server.url, "Ann") as ann:
            joined = await ann.join(made.room, 1)
        await bob.join(made.room, 0)
        async with asyncio.timeout(20):
            while not isinstance(told := await anext(bob), SeatChanged) or told.seat.mind == "person":
                if isinstance(told, TurnOpened):
                    await bob.take_turn(made.room, told.turn_id, **some_answer(told))
        assert told.seat.seat == 1, "a stand-in plays for whoever did not come back"
        async with connect(server.url, "Ann") as again:
            await again.resume(made.room, joined.resume_token or "")
            await asyncio.gather(play_to_end(again), play_to_end(bob))
    assert load_match(engine, made.room).summary.minds[1] == "person"


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
