"""A room made from the rows of another one is that room, wherever the log breaks off."""

from __future__ import annotations

import pytest

from arena.decision import MindKind
from arena.errors import IllegalAct
from arena.games.core import Act, fold
from arena.games.registry import game_by_name
from arena.journal import Batch, LogRow
from arena.protocol import codes
from arena.rooms.effects import Append, Ask, Effect, OpenTurn
from arena.rooms.room import Room
from arena.rooms.seats import SeatSpec
from arena.rooms.terms import Terms
from tests.fakes.minds import public_act

PEOPLE = (1, 4)
TERMS = Terms(code="BCDFG", grace_s=20, dead_talk=True)


def played(seed: int) -> tuple[Room, list[Batch], list[tuple[int, str, Act, str]]]:
    """A whole match, its batches, and the acts of people with their ids. A second passes with every act; now and then
    one of the people is away for a while."""
    game = game_by_name("werewolf")
    options = game.options({})
    seats = [SeatSpec("self", f"p{s}" if s in PEOPLE else None, token_hash=f"hash{s}") for s in range(7)]
    room = Room("m", game, options, seed, seats, terms=TERMS)
    batches: list[Batch] = []
    acts: list[tuple[int, str, Act, str]] = []

    def perform(effects: tuple[Effect, ...]) -> None:
        batches.extend(e.rows for e in effects if isinstance(e, Append))

    now = 100.0
    perform(room.start(now, wall=1_000.0))
    while room.open_turns:
        now += 1.0
        turn = room.open_turns[int(now) % len(room.open_turns)]
        act = public_act(turn, str(seed))
        if int(now) % 17 == 0:
            room.dropped(PEOPLE[0], now)
            perform(room.tick(now + TERMS.grace_s))
            now += TERMS.grace_s
        if int(now) % 23 == 0:
            perform(room.returned(PEOPLE[0], now))
        if turn not in room.open_turns:
            continue
        if room.seats[turn.seat].by_person:
            act_id = f"a{len(acts)}"
            perform(room.act(turn.seat, turn.id, act, MindKind.PERSON, "person", now, act_id=act_id))
            acts.append((turn.seat, turn.id, act, act_id))
        else:
            perform(room.act(turn.seat, turn.id, act, MindKind.MODEL, "self", now))
    return room, batches, acts


@pytest.mark.parametrize("seed", range(3))
def test_every_prefix_of_the_log_goes_on(seed: int) -> None:
    room, batches, _ = played(seed)
    assert any(type(row).__name__ == "HandedOver" for batch in batches for row in batch), "the test wants some"
    for stop in range(1, len(batches) + 1):
        rows: list[LogRow] = [row for batch in batches[:stop] for row in batch]
        again = Room.restored(rows)
        effects = again.go_on(5.0, wall=9_000.0)
        n = len(again.history.events)
        assert again.history.events == room.history.events[:n]
        assert again.history.times == room.history.times[:n]
        for seat in (None, *range(7)):
            assert tuple(again.told(seat)) == tuple(room.told(seat))[: len(again.history.stream(seat))]
        state = fold(again.game, again.history.events)
        turns = again.game.turns(state)
        assert [e.turn for e in effects if isinstance(e, Ask | OpenTurn)] == list(turns) == list(again.open_turns)
        for turn in turns:
            assert isinstance(effects[turns.index(turn)], OpenTurn) == again.seats[turn.seat].by_person
        assert again.terms == TERMS
        assert [s.token_hash for s in again.seats] == [s.token_hash for s in room.seats]
        assert again.outcome == (room.outcome if stop == len(batches) else None)


def test_it_ends_as_it_would_have() -> None:
    room, batches, _ = played(1)
    for stop in (1, 5, 12):
        again = Room.restored([row for batch in batches[:stop] for row in batch])
        again.go_on(5.0, wall=9_000.0)
        now = 6.0
        while again.open_turns:
            turn = again.open_turns[0]
            kind = MindKind.PERSON if again.seats[turn.seat].by_person else MindKind.MODEL
            again.act(turn.seat, turn.id, public_act(turn, "1"), kind, "test", now)
        assert again.outcome == room.outcome, "the same acts from the same seed"


def test_acts_taken_before_are_answered_after() -> None:
    _, batches, acts = played(0)
    again = Room.restored([row for batch in batches for row in batch])
    again.go_on(5.0, wall=9_000.0)
    assert len(acts) > 2
    for seat, turn_id, act, act_id in acts:
        if again.seats[seat].person is None:
            continue
        assert len(again.act(seat, turn_id, act, MindKind.PERSON, "person", 6.0, act_id=act_id)) == 1
        with pytest.raises(IllegalAct) as refused:
            other = Act(act.text + "!", act.choice)
            again.act(seat, turn_id, other, MindKind.PERSON, "person", 6.0, act_id=act_id)
        assert refused.value.code == codes.ACT_ID_REUSED


def test_the_time_without_a_server_is_nobodys_loss() -> None:
    game = game_by_name("werewolf")
    seats = [SeatSpec("self", f"p{s}") for s in range(7)]
    options = game.options({"choice_budget_s": 40, "talk_budget_s": 40})
    room = Room("m", game, options, 0, seats, terms=Terms())
    batches = [e.rows for e in room.start(0.0, wall=100.0) if isinstance(e, Append)]
    first = room.open_turns[0]
    effects = room.act(first.seat, first.id, public_act(first), MindKind.PERSON, "person", 10.0)
    batches += [e.rows for e in effects if isinstance(e, Append)]
    again = Room.restored([row for batch in batches for row in batch])
    again.go_on(0.0, wall=100_000.0)
    old = next(t for t in again.open_turns if t in room.open_turns and room._opened_at[t.seat, t.id] == 0.0)
    assert again.deadline(old) == 30.0
    assert again.next_deadline() is not None


def test_a_turn_that_came_and_went_in_one_moment_is_over() -> None:
    """Two calls at one time: the second decides a turn that the first opened."""
    game = game_by_name("werewolf")
    options = game.options({"first_night_kill": False, "discussion": "rounds"})
    room = Room("m", game, options, 2, [SeatSpec("self")] * 7, terms=TERMS)
    rows: list[LogRow] = []

    def perform(effects: tuple[Effect, ...]) -> None:
        rows.extend(row for e in effects if isinstance(e, Append) for row in e.rows)

    perform(room.start(0.0))
    while not any(turn.kind == "talk" for turn in room.open_turns):
        perform(room.pass_turn(room.open_turns[0].seat, room.open_turns[0].id, "test", 1.0))
    for _ in range(2):
        turn = room.open_turns[0]
        perform(room.pass_turn(turn.seat, turn.id, "test", 2.0))
    restored = Room.restored(rows)
    restored.go_on(3.0, 3.0)
    for again in (room, restored):
        with pytest.raises(IllegalAct) as refused:
            again.act(turn.seat, turn.id, Act("late"), MindKind.MODEL, "self", 3.0)
        assert refused.value.code == codes.STALE_TURN
