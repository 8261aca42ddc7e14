"""Who may do what: at each settled state of some matches, every seat tries every turn that the match ever had, in every
way. Only the open turn of that very seat, in the hands of whoever plays it, is taken; all else changes nothing.

Written over ``Game.turns``: a new cast or phase is covered as soon as it is played here.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from arena.client.client import RequestRefused, connect
from arena.db.writer import LogWriter
from arena.decision import MindKind
from arena.errors import IllegalAct
from arena.games.core import Act, Turn
from arena.protocol import codes
from arena.protocol.server_messages import TurnOpened
from arena.rooms.effects import Accepted, Ask, OpenTurn
from arena.rooms.room import Room
from tests.fakes.minds import FakeMinds, RandomMind, public_act
from tests.fakes.servers import running, some_answer
from tests.rooms.play import play, werewolf_room
from tests.soak import count

OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"discussion": "parallel", "reveal": "nothing"},
    {"first_night_kill": False, "talk_rounds": 0},
)
PEOPLE = ((), (0, 2, 4, 6), range(7))
FULL = {"seats": 8, "discussion": "open", "open_slots": 1, "mayor": True, "tie": "second_vote", "max_days": 1}
OTHERS = "Nobody At All"


def every_turn(seed: int, people: Any, options: dict[str, Any]) -> dict[str, Turn]:
    """One turn of each id that this match will have had by its end."""
    effects = play(werewolf_room(seed, people, **options), public_act)
    return {e.turn.id: e.turn for e in effects if isinstance(e, Ask | OpenTurn)}


def acts_for(turn: Turn) -> list[tuple[Act, str | None]]:
    """Acts on an open turn, each with the code that refuses it (None: it is legal)."""
    good = public_act(turn)
    acts: list[tuple[Act, str | None]] = [(good, None), (Act(), None if turn.may_pass else "act/")]
    if turn.choices:
        acts += [
            (Act(choice=OTHERS), codes.CHOICE_UNKNOWN),
            (Act(choice=turn.choices[0].swapcase()), codes.CHOICE_UNKNOWN),
        ]
        if not turn.text_limit:
            acts.append((Act("Hello.", turn.choices[0]), codes.TEXT_NOT_ASKED))
    else:
        acts += [
            (Act("Hello.", OTHERS), codes.CHOICE_NOT_ASKED),
            (Act("x" * (turn.text_limit + 1)), codes.TEXT_TOO_LONG),
        ]
    return acts


def snapshot(room: Room) -> Any:
    streams = [len(room.history.stream(seat)) for seat in (None, *range(len(room.seats)))]
    return (
        len(room.history.events), streams, room.open_turns, tuple(room.seats), room.outcome, room._state,
        room._decisions, dict(room._acts._acts), tuple(room._presence._missed), room.next_deadline(),
    )  # fmt: skip


def tried(room: Room, seat: int, turn_id: str, act: Act, kind: MindKind, act_id: str) -> str:
    """The code with which an act is refused; that it changed nothing is checked here."""
    before = snapshot(room)
    with pytest.raises(IllegalAct) as refused:
        room.act(seat, turn_id, act, kind, "someone", 1.0, act_id=act_id)
    assert snapshot(room) == before
    assert refused.value.code in codes.REFUSALS
    return refused.value.code


MATCHES = [*((people, options) for people in PEOPLE for options in OPTIONS), ((1, 3, 5), FULL)]


@pytest.mark.parametrize(("people", "options"), MATCHES, ids=str)
@pytest.mark.parametrize("seed", range(count(1, 40)))
def test_every_seat_tries_every_turn(seed: int, people: Any, options: dict[str, Any]) -> None:
    known = every_turn(seed, people, options)
    room = werewolf_room(seed, people, **options)
    room.start(0.0)
    opened: set[tuple[int, str]] = set()
    pairs = 0
    while room.outcome is None:
        turns = {(t.seat, t.id): t for t in room.open_turns}
        opened |= set(turns)
        for seat in range(len(room.seats)):
            mine = MindKind.MODEL if room.seats[seat].person is None else MindKind.PERSON
            other = MindKind.PERSON if mine is MindKind.MODEL else MindKind.MODEL
            for turn_id, example in known.items():
                pairs += 1
                turn = turns.get((seat, turn_id))
                act = public_act(turn or example)
                assert tried(room, seat, turn_id, act, other, "other") == codes.NOT_SEATED
                if turn is None:
                    over = codes.STALE_TURN if (seat, turn_id) in opened else codes.UNKNOWN_TURN
                    for kind_of_act in (act, Act(), Act("Hello."), Act(choice=OTHERS)):
                        assert tried(room, seat, turn_id, kind_of_act, mine, "mine") == over
                else:
                    for bad, code in acts_for(turn):
                        if code is not None:
                            assert tried(room, seat, turn_id, bad, mine, "bad").startswith(code)
            for nonsense in ("", "night1", "day1.vote ", "DAY1.VOTE", "night99.kill", "0"):
                assert tried(room, seat, nonsense, Act(), mine, "odd") == codes.UNKNOWN_TURN
        for nobody in (-1, len(room.seats), 999):
            for kind in (MindKind.PERSON, MindKind.REMOTE, MindKind.MODEL, MindKind.SCRIPT):
                assert tried(room, nobody, next(iter(known)), Act(), kind, "nobody") == codes.NOT_SEATED
        turn = room.open_turns[0]
        kind = MindKind.SCRIPT if room.seats[turn.seat].person is None else MindKind.PERSON
        effects = room.act(turn.seat, turn.id, public_act(turn), kind, "test", 1.0, act_id=f"{turn.seat} {turn.id}")
        assert any(isinstance(e, Accepted) for e in effects), "the one that is allowed is taken"
    assert opened == {(t.seat, t.id) for t in _all_turns(seed, people, options)}
    assert pairs > 500
    for seat in range(len(room.seats)):
        mine = MindKind.MODEL if room.seats[seat].person is None else MindKind.PERSON
        for turn_id in known:
            over = codes.STALE_TURN if (seat, turn_id) in opened else codes.UNKNOWN_TURN
            assert tried(room, seat, turn_id, Act(), mine, "late") == over


def _all_turns(seed: int, people: Any, options: dict[str, Any]) -> list[Turn]:
    effects = play(werewolf_room(seed, people, **options), public_act)
    return [e.turn for e in effects if isinstance(e, Ask | OpenTurn)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_those_without_that_seat_cannot_act_over_the_wire(writer: LogWriter) -> None:
    """Spectators, a seat of another room, another seat of this room, somebody who left, and somebody in the lobby."""
    slow = {"first_night_kill": False, "talk_budget_s": 600, "choice_budget_s": 600}
    async with (
        running(writer, FakeMinds(RandomMind(silent=True))) as server,
        connect(server.url, "Watcher") as watcher,
        connect(server.url, "Elsewhere") as elsewhere,
        connect(server.url, "Lobby") as lobby,
    ):
        people = [connect(server.url, f"Person {n}") for n in range(7)]
        seated = [await p.__aenter__() for p in people]
        room = (await seated[0].create(options=slow, fills=["open"] * 7)).room
        await watcher.watch(room)
        other = (await elsewhere.create(options=slow, fills=["open", *["self"] * 6])).room
        await elsewhere.join(other)
        for n, one in enumerate(seated):
            await one.join(room, n)
        holder, turn = await _first_turn(seated)
        game = server.lobby.rooms[room].task
        assert game is not None
        before = snapshot(game.room)
        for outsider in (watcher, elsewhere, lobby):
            assert await _refused(outsider, turn) == codes.NOT_SEATED
        for n, one in enumerate(seated):
            if n != holder:
                mine = {t.id for t in game.room.open_turns if t.seat == n}
                if turn.turn_id not in mine:
                    assert await _refused(one, turn) == codes.UNKNOWN_TURN
        assert snapshot(game.room) == before
        await seated[holder].take_turn(room, turn.turn_id, **some_answer(turn))
        for p in people:
            await p.__aexit__(None, None, None)


async def _first_turn(seated: list[Any]) -> tuple[int, TurnOpened]:
    async def turn_of(n: int) -> tuple[int, TurnOpened]:
        async for message in seated[n]:
            if isinstance(message, TurnOpened):
                return n, message
        raise AssertionError("no turn came")

    waiting = [asyncio.create_task(turn_of(n)) for n in range(len(seated))]
    done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    for task in rest:
        task.cancel()
    return min(task.result() for task in done)


async def _refused(one: Any, turn: TurnOpened) -> str:
    with pytest.raises(RequestRefused) as refused:
        await one.take_turn(turn.room, turn.turn_id, **some_answer(turn))
    return refused.value.code
