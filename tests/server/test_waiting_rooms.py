"""Rooms that wait for people outlive their server, however it ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from arena.client.client import RequestRefused, connect
from arena.db.open_matches import open_matches, waiting_rooms
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.protocol import codes
from arena.server import app
from tests.fakes.server_process import ServerProcess
from tests.fakes.servers import play_to_end, running
from tests.integration.test_kills import free_port


async def test_people_come_back_to_their_waiting_room_after_a_kill(engine: Engine, database_url: str) -> None:
    port = free_port()
    url = f"ws://127.0.0.1:{port}"
    server = ServerProcess(port, database_url)
    try:
        await asyncio.to_thread(server.start)
        async with connect(url, "Ann") as ann, connect(url, "Bob") as bob:
            made = await ann.create(fills=["open"] * 7, private=True, grace_s=3_600, options={"max_days": 1}, seed=5)
            seats = [await ann.join(made.room, 3, train=True), await bob.join(made.code, 5)]
            server.kill()
        (row,) = waiting_rooms(engine)
        assert not any(seat.resume_token in repr(row.seats) for seat in seats), "only hashes are stored"
        await asyncio.to_thread(server.start)
        async with connect(url, "Ann") as ann, connect(url, "Bob") as bob, connect(url, "Eve") as eve:
            assert await eve.rooms() == []
            with pytest.raises(RequestRefused) as refused:
                await eve.resume(made.room, "no such token")
            assert refused.value.code == codes.BAD_TOKEN
            with pytest.raises(RequestRefused) as refused:
                await eve.join(made.room, 3)
            assert refused.value.code == codes.SEAT_TAKEN, "the seat waits"
            for person, joined in zip((ann, bob), seats, strict=True):
                back = await person.resume(made.room, joined.resume_token or "")
                assert (back.seat, back.since, back.room.status) == (joined.seat, 0, "waiting")
                assert back.room.model_copy(update={"age_s": 0.0}) == made.model_copy(
                    update={"age_s": 0.0, "seats": back.room.seats}
                )
            with pytest.raises(RequestRefused) as refused:
                await bob.begin(made.room)
                await bob.watch("nowhere")
            assert refused.value.code == codes.NOT_YOURS
            await ann.begin(made.room)
            async with asyncio.timeout(240):
                await asyncio.gather(play_to_end(ann), play_to_end(bob))
    finally:
        server.close()
    match = load_match(engine, made.room)
    assert match.seed == "5"
    assert {seat.seat: (seat.person, seat.train) for seat in match.seats if seat.person} == {
        3: ("Ann", True),
        5: ("Bob", False),
    }
    assert waiting_rooms(engine) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_room_waits_its_grace_time_after_a_restart(
    engine: Engine, writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_SWEEP_S", 0.02)
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Bob") as bob:
        short = await ann.create(fills=["open"] * 7, grace_s=0)
        gone = await ann.join(short.room)
        empty = await ann.create(fills=["open"] * 7, grace_s=0)
        long = await bob.create(fills=["open"] * 7, grace_s=3_600)
        kept = await bob.join(long.room, 4)
        longer = await bob.create(fills=["open"] * 7, grace_s=3_600)
        await server.stop()
    assert [row.match_id for row in waiting_rooms(engine)] == [short.room, empty.room, long.room, longer.room]
    async with running(writer, go_on=engine) as server, connect(server.url, "Ann") as ann:
        async with asyncio.timeout(60):
            while len(listed := await ann.rooms()) > 2:
                await asyncio.sleep(0.05)
        assert {room.room for room in listed} == {long.room, longer.room}
        with pytest.raises(RequestRefused) as refused:
            await ann.resume(short.room, gone.resume_token or "")
        assert refused.value.code == codes.UNKNOWN_ROOM
        assert (await ann.resume(long.room, kept.resume_token or "")).seat == 4
        await ann.watch(longer.room)
        await ann.leave(longer.room)  # whoever only looks in takes nothing away
        assert len(await ann.rooms()) == 2
    writer.close()
    assert [row.match_id for row in waiting_rooms(engine)] == [long.room, longer.room]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_room_that_nobody_is_missing_in_begins_after_a_restart(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(fills=["open", "open", *["self"] * 5], grace_s=3_600)
        joined = await ann.join(made.room, 0)
    (row,) = waiting_rooms(engine)
    # As if the server had died between the last person's coming and the beginning.
    writer.append((replace(row, fills=("open", *["self"] * 6)),)).result(60)
    async with running(writer, go_on=engine) as server, connect(server.url, "Ann") as ann:
        await ann.resume(made.room, joined.resume_token or "")
        async with asyncio.timeout(240):
            await play_to_end(ann)
    assert load_match(engine, made.room).outcome is not None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change", ["game = 'chess'", """fills = '["nobody", "open"]'""", """options = '{"seats": 99}'"""]
)
async def test_a_room_that_this_program_does_not_know_is_dropped(
    engine: Engine, writer: LogWriter, change: str
) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(fills=["open"] * 7)
        joined = await ann.join(made.room)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE waiting_rooms SET {change}")
    async with running(writer, go_on=engine) as server, connect(server.url, "Ann") as ann:
        with pytest.raises(RequestRefused) as refused:
            await ann.resume(made.room, joined.resume_token or "")
        assert refused.value.code == codes.UNKNOWN_ROOM
    writer.close()
    assert waiting_rooms(engine) == []
    assert list(open_matches(engine, ended_after=0)) == []
