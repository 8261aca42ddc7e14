"""Coming back: to a seat after the connection broke, and to a match after the server did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from arena.client.client import Arena, RequestRefused, connect
from arena.db.open_matches import open_matches
from arena.db.repo import broken_links, load_match
from arena.db.writer import LogWriter
from arena.decision import MindKind
from arena.games.core import fold, visible
from arena.games.registry import game_by_name
from arena.protocol import codes
from arena.protocol.server_messages import (
    AnyServerMessage,
    EventHappened,
    MatchEnded,
    RoomJoined,
    SeatChanged,
    SeatLost,
    TurnClosed,
    TurnOpened,
)
from arena.rooms.terms import Terms
from tests.fakes.minds import FakeMinds, RandomMind
from tests.fakes.servers import events, play_to_end, running, some_answer

LONG = {"first_night_kill": False, "talk_rounds": 2, "max_days": 4}


async def until(arena: Arena, wanted: Callable[[AnyServerMessage], bool]) -> list[AnyServerMessage]:
    """All messages up to the first that is wanted."""
    seen: list[AnyServerMessage] = []
    async with asyncio.timeout(60):
        async for message in arena:
            seen.append(message)
            if wanted(message):
                return seen
    raise AssertionError("the connection ended")


def is_turn(message: AnyServerMessage) -> bool:
    return isinstance(message, TurnOpened)


async def seated(arena: Arena) -> RoomJoined:
    made = await arena.create(options=LONG)
    return await arena.join(made.room)


def assert_whole(engine: Engine, room: str) -> None:
    match = load_match(engine, room)
    game = game_by_name("werewolf")
    assert match.outcome is not None
    assert game.outcome(fold(game, match.events)) == match.outcome
    assert broken_links(engine, room) == []
    turns = [(d.seat, d.turn_id) for d in match.decisions]
    assert len(turns) == len(set(turns))


async def test_a_person_comes_back_and_gets_exactly_what_was_missed(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server:
        async with connect(server.url, "Ann") as first:
            joined = await seated(first)
            assert joined.resume_token
            before = events(await until(first, is_turn))
        async with connect(server.url, "Ann") as second:
            back = await second.resume(joined.room.room, joined.resume_token, since=len(before))
            assert (back.seat, back.since, back.resume_token) == (joined.seat, len(before), joined.resume_token)
            after = events(await play_to_end(second))
    told = [*before, *after]
    assert [e.seq for e in told] == list(range(len(told)))
    expected = visible(load_match(engine, joined.room.room).events, joined.seat)
    assert [e.data for e in told] == [dict(e.data) for e in expected]
    assert_whole(engine, joined.room.room)


async def test_a_number_from_nowhere_gives_the_whole_stream(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        joined = await seated(ann)
        await until(ann, is_turn)
        async with connect(server.url, "Ann") as again:
            back = await again.resume(joined.room.room, joined.resume_token or "", since=100_000)
            assert back.since == 0
            assert events(await until(again, is_turn))[0].seq == 0


async def test_a_stand_in_plays_until_the_person_is_back(engine: Engine, writer: LogWriter) -> None:
    terms = Terms(grace_s=0.05)
    minds = FakeMinds(RandomMind(delay_s=0.05))
    async with running(writer, minds, terms=terms) as server, connect(server.url, "Eve") as eve:
        async with connect(server.url, "Ann") as first:
            joined = await seated(first)
            await until(first, is_turn)
            await eve.watch(joined.room.room)
        seen = await until(eve, lambda m: isinstance(m, SeatChanged))
        assert isinstance(changed := seen[-1], SeatChanged)
        assert (changed.seat.seat, changed.seat.mind) == (joined.seat, "model")
        async with connect(server.url, "Ann") as second:
            await second.resume(joined.room.room, joined.resume_token or "")
            seen = await until(eve, lambda m: isinstance(m, SeatChanged))
            assert isinstance(changed := seen[-1], SeatChanged)
            assert changed.seat.mind == "person"
            await play_to_end(second)
    match = load_match(engine, joined.room.room)
    kinds = [d.kind for d in match.decisions if d.seat == joined.seat]
    assert MindKind.PERSON in kinds
    assert_whole(engine, joined.room.room)


async def test_whoever_stalls_can_take_the_seat_back(writer: LogWriter) -> None:
    options = {**LONG, "talk_budget_s": 1, "choice_budget_s": 1}
    async with (
        running(writer, FakeMinds(RandomMind(delay_s=0.02)), terms=Terms(missed_turns=1, warning_s=0.3)) as server,
        connect(server.url, "Ann") as ann,
    ):
        made = await ann.create(options=options)
        joined = await ann.join(made.room)
        seen = await until(ann, lambda m: isinstance(m, SeatChanged))
        assert isinstance(changed := seen[-1], SeatChanged)
        assert (changed.seat.seat, changed.seat.mind) == (joined.seat, "model")
        assert [m.reason for m in seen if isinstance(m, TurnClosed)][-1] == "timed_out"
        with pytest.raises(RequestRefused) as refused:
            await ann.take_turn(made.room, "day1.talk1", text="hello")
        assert refused.value.code in (codes.HANDED_OVER, codes.STALE_TURN)
        await ann.take_seat_back(made.room)
        seen = await until(ann, lambda m: isinstance(m, SeatChanged | MatchEnded))
        assert isinstance(changed := seen[-1], SeatChanged)
        assert changed.seat.mind == "person"


async def test_in_a_blind_room_only_the_person_learns_of_the_stand_in(writer: LogWriter) -> None:
    options = {**LONG, "talk_budget_s": 1, "choice_budget_s": 1}
    async with (
        running(writer, FakeMinds(RandomMind(delay_s=0.02)), terms=Terms(missed_turns=1)) as server,
        connect(server.url, "Ann") as ann,
        connect(server.url, "Eve") as eve,
    ):
        made = await ann.create(options=options, blind=True)
        await eve.watch(made.room)
        joined = await ann.join(made.room, blind=True)
        changed = (await until(ann, lambda m: isinstance(m, SeatChanged)))[-1]
        assert isinstance(changed, SeatChanged)
        assert (changed.seat.seat, changed.seat.mind) == (joined.seat, "model")
        seen = await until(eve, lambda m: isinstance(m, MatchEnded))
        assert not any(isinstance(m, SeatChanged) for m in seen)


async def test_the_newer_of_two_connections_has_the_seat(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as old, connect(server.url, "Ann") as new:
        joined = await seated(old)
        turn = (await until(old, is_turn))[-1]
        assert isinstance(turn, TurnOpened)
        await new.resume(joined.room.room, joined.resume_token or "")
        assert (await until(old, lambda m: isinstance(m, SeatLost)))[-1] == SeatLost(room=joined.room.room)
        with pytest.raises(RequestRefused) as refused:
            await old.take_turn(turn.room, turn.turn_id, **some_answer(turn))
        assert refused.value.code == codes.NOT_SEATED
        assert turn.turn_id == next(m.turn_id for m in await until(new, is_turn) if isinstance(m, TurnOpened))
        await new.take_turn(turn.room, turn.turn_id, act_id="a", **some_answer(turn))
        with pytest.raises(RequestRefused):
            await old.take_turn(turn.room, turn.turn_id, act_id="a", **some_answer(turn))


@pytest.mark.parametrize("token", ["", "x", "é" * 40])
async def test_a_wrong_token_opens_nothing(writer: LogWriter, token: str) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann, connect(server.url, "Eve") as eve:
        joined = await seated(ann)
        with pytest.raises(RequestRefused) as refused:
            await eve.resume(joined.room.room, token)
        assert refused.value.code == codes.BAD_TOKEN
        with pytest.raises(RequestRefused) as refused:
            await eve.resume("nowhere", joined.resume_token or "")
        assert refused.value.code == codes.UNKNOWN_ROOM


async def test_a_seat_given_up_is_given_up(writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        joined = await seated(ann)
        await until(ann, is_turn)
        await ann.leave(joined.room.room)
        with pytest.raises(RequestRefused) as refused:
            await ann.resume(joined.room.room, joined.resume_token or "")
        assert refused.value.code == codes.BAD_TOKEN


async def test_matches_go_on_after_the_server_has_started_again(engine: Engine, writer: LogWriter) -> None:
    """Acts that were acknowledged before are there after, under the same ids, and none counts twice."""
    acknowledged: list[tuple[str, str, dict[str, str]]] = []
    told: list[EventHappened] = []
    room = token = ""
    over = False
    for life in range(40):
        async with running(writer, go_on=engine) as server, connect(server.url, "Ann") as ann:
            if life == 0:
                joined = await seated(ann)
                room, token = joined.room.room, joined.resume_token or ""
            else:
                back = await ann.resume(room, token, since=len(told))
                assert back.since == len(told)
            acts = 0
            async with asyncio.timeout(60):
                async for message in ann:
                    match message:
                        case EventHappened():
                            told.append(message)
                        case TurnOpened():
                            answer = some_answer(message)
                            act_id = f"{life}.{acts}"
                            await ann.take_turn(room, message.turn_id, act_id=act_id, **answer)
                            acknowledged.append((message.turn_id, act_id, answer))
                            acts += 1
                        case MatchEnded():
                            over = True
                        case _:
                            pass
                    if over or acts == 1:
                        break
            for turn_id, act_id, answer in acknowledged:
                await ann.take_turn(room, turn_id, act_id=act_id, **answer)
                with pytest.raises(RequestRefused) as refused:
                    await ann.take_turn(room, turn_id, act_id=act_id, text="something else")
                assert refused.value.code == codes.ACT_ID_REUSED
        if over:
            break
    assert over
    assert life > 0
    match = load_match(engine, room)
    assert [e.seq for e in told] == list(range(len(told)))
    assert [e.data for e in told] == [dict(e.data) for e in visible(match.events, joined.seat)]
    mine = [d.turn_id for d in match.decisions if d.kind is MindKind.PERSON]
    assert sorted(mine) == sorted(turn_id for turn_id, _, _ in acknowledged)
    assert_whole(engine, room)


async def test_draining_lets_matches_end(engine: Engine, writer: LogWriter) -> None:
    async with running(writer, FakeMinds(RandomMind(delay_s=0.002))) as server, connect(server.url, "Ann") as ann:
        made = await ann.create(fills=["self"] * 7)
        async with asyncio.timeout(60):
            await server.drain(50)
        with pytest.raises(RequestRefused) as refused:
            await ann.create()
        assert refused.value.code == codes.STOPPING
        assert server.health()["status"] == "stopping"
    assert load_match(engine, made.room).outcome is not None


async def test_what_cannot_go_on_is_said_once(engine: Engine, writer: LogWriter) -> None:
    async with running(writer) as server, connect(server.url, "Ann") as ann:
        joined = await seated(ann)
        await until(ann, is_turn)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE matches SET game = 'chess'")
    async with running(writer, go_on=engine) as server, connect(server.url, "Ann") as ann:
        with pytest.raises(RequestRefused):
            await ann.resume(joined.room.room, joined.resume_token or "")
    writer.close()
    assert list(open_matches(engine, ended_after=0)) == []
    with engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT status, reason FROM matches").one()
    assert tuple(row) == ("abandoned", "not_restorable")
