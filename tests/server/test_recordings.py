"""A match that is over, read back by those who were there, and by nobody else."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from sqlalchemy import Engine
from websockets.asyncio.client import connect as open_socket

from arena.client.client import Arena, RequestRefused, connect
from arena.client.reconnecting import reconnecting
from arena.db.recordings import recording_of
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.errors import EngineError
from arena.games.core import visible
from arena.protocol import codes
from arena.protocol.recording import Recording
from arena.rooms.minds import Answer, Request
from arena.server import recordings
from arena.server.app import ArenaServer, ServerSettings
from arena.server.limits import Limits
from tests.fakes.minds import FakeMinds, RandomMind
from tests.fakes.servers import play_to_end, played, running

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class ThinkingMind(RandomMind):
    async def decide(self, request: Request) -> Answer:
        answer = await super().decide(request)
        return replace(answer, act=replace(answer.act, thought=f"Hm, {request.turn.id}."))


async def refused(arena: Arena, room: str, token: str | None = None) -> str:
    with pytest.raises(RequestRefused) as error:
        await arena.recording(room, token)
    return error.value.code


async def test_who_sat_there_reads_all_of_it(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, FakeMinds(ThinkingMind())) as server, connect(server.url, "Zoë") as zoe:
        room, token = await played(zoe, private=True)
        read = await zoe.recording(room)
    stored = load_match(engine, room)
    assert read == recording_of(stored)
    assert [e.event for e in read.events] == list(stored.events)
    assert len(read.decisions) == len(stored.decisions)
    thoughts = [d.thought for d in read.decisions if d.by == "script"]
    assert thoughts
    assert all(thought and thought.startswith("Hm, ") for thought in thoughts)
    told = read.model_dump_json()
    assert "Zo" not in told, "nobody's handle is told"
    assert token not in told
    assert stored.seed not in told


async def test_a_long_one_comes_in_portions(writer: LogWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Recording.portions
    monkeypatch.setattr(Recording, "portions", lambda self: whole(self, 1_000))
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        room, _ = await played(ann)
        read = await ann.recording(room)
        assert len(list(read.portions())) > 10
        async with open_socket(server.url, max_size=8_000) as socket:
            await socket.send(json.dumps({"type": "hello", "name": "Bob"}))
            await socket.send(json.dumps({"type": "read_recording", "room": room}))
            kinds = [json.loads(await socket.recv())["type"] for _ in range(2 + len(list(read.portions())))]
    assert kinds == ["welcomed", "recording_begun", *["recording_went_on"] * (len(kinds) - 2)]


async def test_nothing_is_told_before_the_end(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Eve") as eve:
        waiting = await ann.create(fills=["open", *["self"] * 6])
        assert await refused(ann, waiting.room) == codes.NOT_OVER
        joined = await ann.join(waiting.room)
        for arena in (ann, eve):
            assert await refused(arena, waiting.room, joined.resume_token) == codes.NOT_OVER


async def test_strangers_do_not_read_private_matches(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Eve") as eve:
        room, token = await played(ann, private=True)
        for wrong in (None, "0" * 48, room):
            assert await refused(eve, room, wrong) == codes.UNKNOWN_ROOM
        assert await refused(eve, "0123456789ab") == codes.UNKNOWN_ROOM, "the same as for one that is not there"
        assert await refused(ann, room[:4]) == codes.UNKNOWN_ROOM, "a beginning of an id is none"
        assert (await eve.recording(room, token)).id == room, "on another connection, with the seat's secret"


async def test_everybody_reads_public_ones_and_spectators_those_they_watched(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Eve") as eve:
        room, _ = await played(ann)
        assert (await eve.recording(room)).id == room
        hidden, _ = await played(ann, private=True)
        await eve.watch(hidden)
        assert (await eve.recording(hidden)).id == hidden


async def test_it_can_be_read_when_the_room_is_gone(writer: LogWriter) -> None:
    async with running(writer, limits=Limits(linger_s=0.0)) as server, reconnecting(server.url, "Ann") as ann:
        made = await ann.create(fills=["open", *["self"] * 6], private=True, options={"first_night_kill": False})
        await ann.join(made.room)
        async with asyncio.timeout(120):
            await play_to_end(ann)  # type: ignore[arg-type]
        async with asyncio.timeout(30):
            while made.room in server.lobby.rooms:
                await asyncio.sleep(0.1)
        first = await ann.recording(made.room)
        assert first.id == made.room
        now = ann._arena
        assert now is not None
        await now._socket.close()
        async with asyncio.timeout(30):
            while ann._arena in (None, now):
                await asyncio.sleep(0.1)
        assert await ann.recording(made.room) == first, "a new connection brings the seat's secret"


async def test_one_at_a_time_and_not_too_often(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        room, _ = await played(ann)
        async with open_socket(server.url) as socket:
            await socket.send(json.dumps({"type": "hello", "name": "Bob"}))
            for _ in range(15):
                await socket.send(json.dumps({"type": "read_recording", "room": room}))
            heard = []
            async with asyncio.timeout(20):
                while len([m for m in heard if m["type"] in ("refused", "recording_begun")]) < 15:
                    heard.append(json.loads(await socket.recv()))
    codes_ = [m["code"] for m in heard if m["type"] == "refused"]
    assert set(codes_) == {codes.TOO_FAST}
    assert len(codes_) >= 5


async def test_a_seat_of_it_sees_what_that_seat_was_shown(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        room, _ = await played(ann)
        read = await ann.recording(room)
    stored = load_match(engine, room)
    for seat in (None, *range(7)):
        assert list(visible([e.event for e in read.events], seat)) == list(visible(stored.events, seat))


async def test_beliefs_come_with_it_where_there_is_a_model(engine: Engine, writer: LogWriter) -> None:
    """A real model's, beside a match that scripts played."""
    from agents.registry import open_minds

    minds = open_minds("shipped", engine)
    await minds.start()
    asked = []

    async def believing(recording: Recording) -> Recording:
        asked.append(recording.id)
        return await minds.believing(recording)

    server = ArenaServer(FakeMinds(), writer, ServerSettings(port=0), believing=believing)
    await server.start()
    try:
        async with connect(server.url, "Ann") as ann:
            room, _ = await played(ann)
            first, second = await ann.recording(room), await ann.recording(room)
    finally:
        await server.stop()
        await minds.stop()
    assert first == second
    assert asked == [room], "a match is thought about once"
    assert first.believed == "vote"
    public = {n + 1 for n, e in enumerate(first.events) if e.audience is None and e.line}
    assert {b.seen for b in first.beliefs} <= public
    assert {b.seat for b in first.beliefs} == set(range(7))
    wolves = {first.names[n] for n, side in enumerate(first.outcome.sides) if side == "werewolves"}  # type: ignore[union-attr]
    for belief in first.beliefs:
        assert first.names[belief.seat] not in belief.of
        assert sum(belief.of.values()) == pytest.approx(1, abs=0.01)
        assert set(belief.true) == wolves & belief.of.keys()


@pytest.mark.parametrize("fails", [EngineError("It broke."), None])
async def test_a_model_that_fails_takes_nothing_else_away(
    writer: LogWriter, fails: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordings, "BELIEVE_S", 0.2)

    async def believing(recording: Recording) -> Recording:
        if fails is None:
            await asyncio.sleep(60)
            return recording
        raise fails

    server = ArenaServer(FakeMinds(), writer, ServerSettings(port=0), believing=believing)
    await server.start()
    try:
        async with connect(server.url, "Ann") as ann:
            room, _ = await played(ann)
            read = await ann.recording(room)
    finally:
        await server.stop()
    assert read.beliefs == ()
    assert len(read.events) > 20
