"""A connection that comes back: missed events, open turns, unanswered acts, and when to give it up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from websockets.asyncio.server import ServerConnection

from arena.client import reconnecting as module
from arena.client.client import Disconnected, RequestRefused, connect
from arena.client.happenings import ConnectionBack, ConnectionLost, Happening, SeatGone
from arena.client.reconnecting import ReconnectingArena, pause_s, reconnecting
from arena.db.repo import load_match
from arena.db.writer import LogWriter
from arena.errors import ArenaError
from arena.games.core import visible
from arena.protocol import codes
from arena.protocol.server_messages import (
    ActAccepted,
    EventHappened,
    MatchEnded,
    Refused,
    RoomInfo,
    RoomJoined,
    SeatLost,
    TurnOpened,
)
from tests.client.test_client import scripted_server
from tests.fakes.servers import running, some_answer

LONG = {"first_night_kill": False, "talk_rounds": 2, "max_days": 4}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.05)


class Kept:
    """Remembers seats in a dictionary."""

    def __init__(self) -> None:
        self.seats: dict[str, str] = {}
        self.played: dict[str, str] = {}

    def keep(self, room: RoomInfo, token: str) -> None:
        self.seats[room.room] = token

    def forget(self, room: str) -> None:
        self.seats.pop(room, None)

    def secrets(self) -> dict[str, str]:
        return {**self.seats, **self.played}

    def over(self, room: str) -> None:
        if room in self.seats:
            self.played[room] = self.seats.pop(room)


async def until(arena: ReconnectingArena, wanted: Callable[[Happening], bool]) -> list[Happening]:
    seen: list[Happening] = []
    async with asyncio.timeout(30):
        async for happening in arena:
            seen.append(happening)
            if wanted(happening):
                return seen
    raise AssertionError("the iteration ended")


def is_turn(happening: Happening) -> bool:
    return isinstance(happening, TurnOpened)


def cut(arena: ReconnectingArena) -> None:
    """Pull the cable."""
    assert arena._arena is not None
    arena._arena._socket.transport.abort()


def told(happenings: list[Happening]) -> list[EventHappened]:
    return [h for h in happenings if isinstance(h, EventHappened)]


async def test_a_cut_at_every_turn_loses_and_repeats_nothing(engine: Engine, writer: LogWriter) -> None:
    kept = Kept()
    async with running(writer) as server, reconnecting(server.url, "Ann", memory=kept) as arena:
        room = (await arena.create(options=LONG)).room
        joined = await arena.join(room)
        assert kept.seats == {room: joined.resume_token}
        seen: list[Happening] = []
        while not seen or not isinstance(seen[-1], MatchEnded):
            seen += await until(arena, lambda h: isinstance(h, TurnOpened | MatchEnded))
            if isinstance(turn := seen[-1], TurnOpened):
                cut(arena)
                seen += await until(arena, is_turn)
                assert isinstance(seen[-1], TurnOpened)
                assert seen[-1].turn_id == turn.turn_id, "the open turn is told again"
                await arena.take_turn(room, turn.turn_id, **some_answer(turn))
    assert (kept.seats, kept.played) == ({}, {room: joined.resume_token}), "there is nothing to go back to"
    expected = visible(load_match(engine, room).events, joined.seat)
    assert [e.seq for e in told(seen)] == list(range(len(expected)))
    assert [e.data for e in told(seen)] == [dict(e.data) for e in expected]
    backs = [h for h in seen if isinstance(h, ConnectionBack)]
    assert len(backs) >= 3
    assert sum(isinstance(h, ConnectionLost) for h in seen) >= len(backs)


async def test_an_act_during_the_outage_counts_once_after_it(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server, reconnecting(server.url, "Ann") as arena:
        room = (await arena.create(options=LONG)).room
        await arena.join(room)
        turn = (await until(arena, is_turn))[-1]
        assert isinstance(turn, TurnOpened)
        cut(arena)
        with pytest.raises(Disconnected):
            await arena.rooms()
            await arena.rooms()
        accepted = await asyncio.wait_for(arena.take_turn(room, turn.turn_id, **some_answer(turn)), 20)
        assert accepted.turn_id == turn.turn_id
        again = await arena.take_turn(room, turn.turn_id, act_id=accepted.act_id, **some_answer(turn))
        assert again == accepted
    writer.close()
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM decisions WHERE turn_id = :turn AND act_id = :act")
        assert connection.execute(query, {"turn": turn.turn_id, "act": accepted.act_id}).scalar_one() == 1


def seated(room: str, since: int = 0, token: str = "secret") -> str:
    info = RoomInfo(room=room, game="werewolf", status="playing", seats=[], options={})
    return RoomJoined(room=info, seat=0, resume_token=token, since=since).model_dump_json()


def event(room: str, seq: int) -> str:
    return EventHappened(room=room, seq=seq, kind="said", data={}, public=True, line="").model_dump_json()


async def test_an_act_without_an_answer_is_sent_again_under_its_id() -> None:
    heard: list[dict[str, Any]] = []

    async def handle(socket: ServerConnection) -> None:
        async for raw in socket:
            message = json.loads(raw)
            heard.append(message)
            match message["type"]:
                case "join_room":
                    await socket.send(seated("r"))
                    await socket.send(event("r", 0))
                    await socket.send(event("r", 1))
                case "resume_seat":
                    await socket.send(seated("r", message["since"]))
                case "take_turn" if sum(m["type"] == "take_turn" for m in heard) < 3:
                    socket.transport.abort()
                case "take_turn":
                    yes = ActAccepted(room="r", turn_id=message["turn_id"], act_id=message["act_id"])
                    await socket.send(yes.model_dump_json())

    async with scripted_server(handle) as url, reconnecting(url, "Ann") as arena:
        await arena.join()
        await asyncio.wait_for(arena.take_turn("r", "t1", text="hello"), 10)
    acts = [m for m in heard if m["type"] == "take_turn"]
    assert len(acts) == 3
    assert len({m["act_id"] for m in acts}) == 1
    assert [m["type"] for m in heard] == ["join_room", *["take_turn", "resume_seat"] * 2, "take_turn"]
    assert [m["since"] for m in heard if m["type"] == "resume_seat"] == [2, 2]


@pytest.mark.parametrize("code", [codes.UNKNOWN_ROOM, codes.NOT_SEATED, codes.ROOM_FAILED])
async def test_a_seat_that_is_gone_is_said_and_forgotten(code: str) -> None:
    async def handle(socket: ServerConnection) -> None:
        async for raw in socket:
            match json.loads(raw)["type"]:
                case "join_room":
                    await socket.send(seated("r"))
                    await socket.send(event("r", 0))
                    await asyncio.sleep(0.05)
                    socket.transport.abort()
                case "resume_seat":
                    await socket.send(Refused(code=code, message="no").model_dump_json())

    kept = Kept()
    async with scripted_server(handle) as url, reconnecting(url, "Ann", memory=kept) as arena:
        await arena.join()
        seen = await until(arena, lambda h: isinstance(h, ConnectionBack))
        assert SeatGone("r", code, "no") in seen
        assert kept.seats == {}
        assert list(kept.played) == (["r"] if code == codes.UNKNOWN_ROOM else []), "its match may well be over"


@pytest.mark.parametrize("close_code", [codes.CLOSE_PROTOCOL_ERROR, 4510])
async def test_who_is_not_wanted_does_not_come_back(close_code: int) -> None:
    connections = 0

    async def handle(socket: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await socket.close(close_code, "go away")

    async with scripted_server(handle) as url, reconnecting(url, "Ann") as arena:
        with pytest.raises(Disconnected, match="go away"):
            await asyncio.wait_for(anext(arena), 10)
        with pytest.raises(Disconnected, match="go away"):
            await asyncio.wait_for(arena.take_turn("r", "t"), 10)
        await asyncio.sleep(0.1)
    assert connections == 1


async def test_a_bot_may_give_up() -> None:
    async def handle(socket: ServerConnection) -> None:
        await socket.close(codes.CLOSE_SERVER_STOPPING, "stopping")

    async with scripted_server(handle) as url, reconnecting(url, "Ann", give_up_s=0.05) as arena:
        seen = []
        with pytest.raises(ArenaError):
            async with asyncio.timeout(20):
                async for happening in arena:
                    seen.append(happening)
                    if len(seen) > 1000:
                        break
        assert isinstance(seen[0], ConnectionLost)
        assert seen[0].attempt == 1


async def test_who_lost_the_seat_to_another_window_keeps_the_memory(writer: LogWriter) -> None:
    kept = Kept()
    async with running(writer) as server, reconnecting(server.url, "Ann", memory=kept) as arena:
        joined = await arena.join((await arena.create(options=LONG)).room)
        await until(arena, is_turn)
        async with connect(server.url, "Ann") as other:
            await other.resume(joined.room.room, joined.resume_token or "")
            await until(arena, lambda h: isinstance(h, SeatLost))
            assert kept.seats == {joined.room.room: joined.resume_token}
            cut(arena)
            seen = await until(arena, lambda h: isinstance(h, ConnectionBack))
            assert not any(isinstance(h, RoomJoined | SeatGone) for h in seen), "the seat is not taken from there"


async def test_a_chair_in_a_waiting_room_is_taken_again(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Bob") as bob:
        room = (await bob.create(fills=["open"] * 2 + ["self"] * 5)).room
        async with reconnecting(server.url, "Ann") as arena:
            first = await arena.join(room)
            cut(arena)
            seen = await until(arena, lambda h: isinstance(h, ConnectionBack))
            (again,) = [h for h in seen if isinstance(h, RoomJoined)]
            assert (again.seat, again.resume_token) == (first.seat, first.resume_token)
            await bob.join(room)
            await until(arena, lambda h: isinstance(h, EventHappened))


async def test_leaving_forgets_and_a_refused_return_forgets_too(writer: LogWriter) -> None:
    kept = Kept()
    async with running(writer) as server, reconnecting(server.url, "Ann", memory=kept) as arena:
        joined = await arena.join((await arena.create(options=LONG)).room)
        await until(arena, is_turn)
        await arena.leave(joined.room.room)
        assert kept.seats == {}
        kept.seats["gone"] = "x"
        with pytest.raises(RequestRefused):
            await arena.resume("gone", "x")
        assert kept.seats == {}


def test_pauses_grow_and_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [pause_s(n, lambda: 1.0) for n in (1, 2, 3, 4, 5, 6, 60)] == [0.5, 1, 2, 4, 8, 10, 10]
    assert pause_s(1, lambda: 0.0) == 0.25
