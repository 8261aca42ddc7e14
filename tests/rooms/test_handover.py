"""Who plays a seat when its person drops out, stalls, comes back or leaves."""

from __future__ import annotations

import pytest

from arena.decision import MindKind
from arena.errors import IllegalAct
from arena.games.core import Act, Turn
from arena.journal import DecisionLogged, HandedOver, LogRow
from arena.protocol import codes
from arena.rooms.effects import Append, Ask, CloseTurn, Effects, HandOver, OpenTurn, WarnTurn
from arena.rooms.room import RESUMED_TURN_S, Room
from arena.rooms.terms import Terms
from tests.fakes.minds import public_act
from tests.rooms.play import werewolf_room

QUIET = {"discussion": "parallel", "first_night_kill": False}


def rows(effects: Effects) -> list[LogRow]:
    return [row for e in effects if isinstance(e, Append) for row in e.rows]


def at_the_first_day(people: tuple[int, ...] = tuple(range(7)), terms: Terms | None = None) -> Room:
    """Everybody has an open turn to talk, and nobody has missed one."""
    room = werewolf_room(2, people, terms=terms, **QUIET)
    effects = list(room.start(0.0))
    while not all(t.kind == "talk" for t in room.open_turns):
        turn = room.open_turns[0]
        kind = MindKind.PERSON if room.seats[turn.seat].by_person else MindKind.MODEL
        effects += room.act(turn.seat, turn.id, public_act(turn), kind, "test", 1.0)
    return room


def turn_of(room: Room, seat: int) -> Turn:
    return next(t for t in room.open_turns if t.seat == seat)


def test_a_dropped_person_has_the_grace_time() -> None:
    room = at_the_first_day(terms=Terms(grace_s=30))
    room.dropped(3, 2.0)
    assert room.next_deadline() == 32.0
    assert room.tick(31.9) == ()
    effects = room.tick(32.0)
    turn = turn_of(room, 3)
    assert effects[1:] == (HandOver(3), CloseTurn(3, turn.id, "handed_over"), Ask(turn))
    assert [(r.mind, r.reason, r.person) for r in rows(effects) if isinstance(r, HandedOver)] == [
        ("self", "dropped", "person 3")
    ]
    with pytest.raises(IllegalAct) as refused:
        room.act(3, turn.id, public_act(turn), MindKind.PERSON, "person", 33.0)
    assert refused.value.code == codes.HANDED_OVER
    played = room.act(3, turn.id, public_act(turn), MindKind.MODEL, "checkpoint:x", 33.0)
    assert [r.decision.kind for r in rows(played) if isinstance(r, DecisionLogged)] == [MindKind.MODEL]


def test_whoever_is_back_in_time_has_lost_nothing() -> None:
    room = at_the_first_day(terms=Terms(grace_s=30))
    before = room.deadline(turn_of(room, 3))
    room.dropped(3, 2.0)
    assert room.returned(3, 20.0) == ()
    assert room.tick(40.0) == ()
    assert room.deadline(turn_of(room, 3)) == before


def test_a_seat_is_taken_back() -> None:
    room = at_the_first_day(terms=Terms(grace_s=30))
    room.dropped(3, 2.0)
    room.tick(32.0)
    effects = room.returned(3, 80.0)
    turn = turn_of(room, 3)
    assert effects[1:3] == (HandOver(3), CloseTurn(3, turn.id, "handed_over"))
    opened = effects[3]
    assert isinstance(opened, OpenTurn)
    assert opened.deadline == 95.0, "little was left of the 90 s, so they get the least that a returned turn has"
    with pytest.raises(IllegalAct):
        room.act(3, turn.id, public_act(turn), MindKind.MODEL, "checkpoint:x", 81.0)
    room.act(3, turn.id, public_act(turn), MindKind.PERSON, "person", 81.0)
    assert [(r.mind, r.reason) for r in rows(effects) if isinstance(r, HandedOver)] == [("person", "back")]


def test_three_missed_turns_hand_the_seat_over() -> None:
    room = at_the_first_day(terms=Terms(missed_turns=3))
    missed = dict.fromkeys(range(7), 0)
    handed: dict[int, int] = {}
    while not handed:
        due = room.next_deadline()
        assert due is not None
        effects = room.tick(due)
        for row in rows(effects):
            if isinstance(row, DecisionLogged) and row.decision.turn_kind not in room.game.secret_turns:
                missed[row.decision.seat] += 1
        handed = {e.seat: missed[e.seat] for e in effects if isinstance(e, HandOver)}
    assert set(handed.values()) == {3}
    assert not any(room.seats[seat].by_person for seat in handed)
    assert all(missed[s] < 3 for s in range(7) if s not in handed)


def test_an_act_in_between_starts_the_count_anew() -> None:
    room = at_the_first_day(terms=Terms(missed_turns=2))
    turn = turn_of(room, 3)
    room.act(3, turn.id, public_act(turn), MindKind.PERSON, "person", 2.0)
    due = room.next_deadline()
    while due is not None and not any(t.kind == "vote" for t in room.open_turns):
        room.tick(due)
        due = room.next_deadline()
    assert room.seats[3].by_person
    assert due is not None
    effects = room.tick(max(room.deadline(t) or 0.0 for t in room.open_turns))
    assert HandOver(3) not in effects, "one miss after an act is one"
    assert {e.seat for e in effects if isinstance(e, HandOver)} == set(range(7)) - {3}


def test_secret_turns_that_were_missed_change_nothing_that_others_see() -> None:
    room = werewolf_room(2, range(7), terms=Terms(missed_turns=1), **QUIET)
    room.start(0.0)
    while room.open_turns and all(t.kind in room.game.secret_turns for t in room.open_turns):
        due = room.next_deadline()
        assert due is not None
        assert not any(isinstance(e, HandOver) for e in room.tick(due))


def test_a_warning_comes_once_before_the_deadline() -> None:
    room = at_the_first_day(people=(3,), terms=Terms(warning_s=10))
    turn = turn_of(room, 3)
    deadline = room.deadline(turn)
    assert deadline is not None
    assert room.next_deadline() == deadline - 10
    assert room.tick(deadline - 10) == (WarnTurn(turn, deadline),)
    assert room.next_deadline() == deadline
    assert not any(isinstance(e, WarnTurn) for e in room.tick(deadline))


def test_the_dead_talk_among_themselves() -> None:
    room = werewolf_room(4, range(7), terms=Terms(dead_talk=True))
    room.start(0.0)
    while not room.game.out(room._state):
        turn = room.open_turns[0]
        room.act(turn.seat, turn.id, public_act(turn), MindKind.PERSON, "person", 1.0)
    (dead,) = room.game.out(room._state)
    alive = next(s for s in range(7) if s != dead)
    before = [len(room.history.stream(s)) for s in range(7)]
    effects = room.talk_among_dead(dead, "I knew it", "a", 2.0)
    assert room.talk_among_dead(dead, "I knew it", "a", 2.0) == (effects[1],)
    assert [len(room.history.stream(s)) - before[s] for s in range(7)] == [int(s == dead) for s in range(7)]
    assert room.history.stream(dead)[-1].data == {"seat": dead, "text": "I knew it"}
    for seat, text, act_id, code in (
        (alive, "hello", "b", codes.NOT_DEAD),
        (dead, "", "b", "act/text_missing"),
        (dead, "x" * 281, "b", "act/text_too_long"),
        (dead, "other", "a", codes.ACT_ID_REUSED),
    ):
        with pytest.raises(IllegalAct) as refused:
            room.talk_among_dead(seat, text, act_id, 2.0)
        assert refused.value.code == code
    silent = werewolf_room(4, range(7))
    silent.start(0.0)
    with pytest.raises(IllegalAct):
        silent.talk_among_dead(dead, "hello", "a", 1.0)


def test_a_repeated_act_is_answered_even_while_a_stand_in_plays() -> None:
    room = at_the_first_day(terms=Terms(grace_s=5))
    turn = turn_of(room, 3)
    first = room.act(3, turn.id, Act("hello"), MindKind.PERSON, "person", 2.0, act_id="a")
    room.dropped(3, 2.0)
    room.tick(7.0)
    assert room.act(3, turn.id, Act("hello"), MindKind.PERSON, "person", 8.0, act_id="a") == (first[1],)


def test_coming_and_going_does_not_hold_up_the_match() -> None:
    """The time that is given to whoever comes back is given once a turn."""
    room = at_the_first_day(terms=Terms(grace_s=0.0))
    turn = turn_of(room, 3)
    now = 1.0
    while turn in room.open_turns:
        assert now < 1.0 + turn.budget_s + 2 * RESUMED_TURN_S
        room.dropped(3, now)
        room.tick(now)
        now += 5.0
        room.returned(3, now)
        now += 5.0
        room.tick(now)
