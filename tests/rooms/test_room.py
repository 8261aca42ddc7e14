from __future__ import annotations

import pytest

from arena.decision import MindKind
from arena.errors import IllegalAct
from arena.games.core import Act, fold, visible
from arena.journal import DecisionLogged, EventLogged, HandedOver, MatchEnded, MatchStarted, SeatFilled
from arena.protocol import codes
from arena.rooms.effects import Accepted, Append, Ask, CloseTurn, Effect, Ended, HandOver, OpenTurn, Tell
from arena.rooms.terms import Terms
from tests.fakes.minds import public_act
from tests.rooms.play import play, werewolf_room


def rows(effects: list[Effect]) -> list[object]:
    return [row for e in effects if isinstance(e, Append) for row in e.rows]


@pytest.mark.parametrize("seed", range(5))
def test_the_log_alone_gives_the_final_state(seed: int) -> None:
    room = werewolf_room(seed, people=(2,))
    effects = play(room, lambda t: public_act(t, str(seed)))
    logged = rows(effects)
    assert isinstance(logged[0], MatchStarted)
    assert isinstance(logged[-1], MatchEnded)
    assert [r.seat for r in logged if isinstance(r, SeatFilled)] == list(range(7))
    events = [r for r in logged if isinstance(r, EventLogged)]
    assert [r.seq for r in events] == list(range(len(events)))
    state = fold(room.game, [r.event for r in events])
    assert room.game.outcome(state) == room.outcome == logged[-1].outcome
    decisions = [r for r in logged if isinstance(r, DecisionLogged)]
    assert [r.n for r in decisions] == list(range(len(decisions)))
    assert isinstance(effects[-1], Ended)


def test_each_is_told_its_stream_and_nothing_else() -> None:
    room = werewolf_room(3, people=(0, 4))
    effects = play(room, public_act)
    for seat in (0, 4, None):
        told = [e for e in effects if isinstance(e, Tell) and e.seat == seat]
        assert [e.seq for e in told] == list(range(len(told)))
        assert tuple(e.event for e in told) == visible(room.history.events, seat)
        assert tuple(told) == tuple(room.told(seat))
    assert {e.seat for e in effects if isinstance(e, Tell)} == {0, 4, None}
    for seat in range(7):
        assert tuple(room.history.stream(seat)) == visible(room.history.events, seat)


def test_a_mind_is_handed_the_same_growing_list() -> None:
    room = werewolf_room(1)
    turns = [e.turn for e in room.start(0.0) if isinstance(e, Ask)]
    first = room.request(turns[0]).events
    before = len(first)
    for turn in turns:
        room.act(turn.seat, turn.id, public_act(turn), MindKind.MODEL, "self", 1.0)
    again = next(t for t in (*room.open_turns, turns[0]) if t.seat == turns[0].seat)
    assert room.request(again).events is first
    assert len(first) > before


def test_the_ladder_of_guards() -> None:
    room = werewolf_room(5, people=range(7))
    turn = next(e.turn for e in room.start(0.0) if isinstance(e, OpenTurn))
    other = (turn.seat + 1) % 7
    good = public_act(turn)

    def code(
        act: Act, seat: int = turn.seat, turn_id: str = turn.id, kind: MindKind = MindKind.PERSON, act_id: str = "a"
    ) -> str:
        before = (list(room.history.events), room.open_turns)
        with pytest.raises(IllegalAct) as refused:
            room.act(seat, turn_id, act, kind, "person", 1.0, act_id=act_id)
        assert (room.history.events, room.open_turns) == before
        return refused.value.code

    assert code(good, kind=MindKind.MODEL) == codes.NOT_SEATED
    assert code(good, seat=99) == codes.NOT_SEATED
    assert code(good, seat=-1) == codes.NOT_SEATED
    assert code(good, turn_id="nonsense") == codes.UNKNOWN_TURN
    assert code(good, seat=other, turn_id="day9.vote") == codes.UNKNOWN_TURN
    assert code(Act("hello", "Nobody At All")).startswith("act/")
    assert code(Act(choice="Nobody At All")).startswith("act/choice")
    effects = room.act(turn.seat, turn.id, good, MindKind.PERSON, "person", 1.0, act_id="a")
    assert isinstance(effects[0], Append)
    assert effects[1] == Accepted(turn.seat, turn.id, "a")
    assert room.act(turn.seat, turn.id, good, MindKind.PERSON, "person", 2.0, act_id="a") == (effects[1],)
    assert code(Act("another")) == codes.ACT_ID_REUSED
    assert code(good, turn_id="day1.vote") == codes.ACT_ID_REUSED
    assert code(good, act_id="b") == codes.STALE_TURN


def test_a_missed_deadline_passes_the_turn() -> None:
    room = werewolf_room(5, people=range(7), choice_budget_s=10, talk_budget_s=20)
    opened = [e for e in room.start(100.0, wall=1_000_100.0) if isinstance(e, OpenTurn)]
    assert room.next_deadline() == min(e.deadline or 0.0 for e in opened) == 110.0
    assert room.tick(109.9) == ()
    effects = list(room.tick(110.0))
    closed = [e for e in effects if isinstance(e, CloseTurn)]
    assert closed
    assert {e.reason for e in closed} == {"timed_out"}
    decisions = [r.decision for r in rows(effects) if isinstance(r, DecisionLogged)]
    assert {(d.kind, d.mind, d.fallback) for d in decisions} == {(MindKind.NOBODY, "nobody", "deadline")}
    assert {r.at for r in rows(effects) if isinstance(r, DecisionLogged)} == {1_000_110.0}
    late = opened[0].turn
    if (late.seat, late.id) in {(e.seat, e.turn_id) for e in closed}:
        with pytest.raises(IllegalAct) as refused:
            room.act(late.seat, late.id, public_act(late), MindKind.PERSON, "person", 111.0)
        assert refused.value.code == codes.STALE_TURN


def test_a_match_nobody_answers_ends_by_deadlines() -> None:
    room = werewolf_room(6, people=range(7), terms=Terms(missed_turns=1_000), max_days=2)
    room.start(0.0)
    while (due := room.next_deadline()) is not None:
        room.tick(due)
    assert room.outcome is not None


def test_minds_have_no_deadline_unless_asked_for() -> None:
    room = werewolf_room(6)
    room.start(0.0)
    assert room.next_deadline() is None
    room = werewolf_room(6, mind_deadlines=True)
    assert any(isinstance(e, Ask) for e in room.start(0.0))
    assert room.next_deadline() == 45.0


def test_a_mind_takes_over_a_seat_that_was_given_up() -> None:
    room = werewolf_room(5, people=range(7))
    turn = next(e.turn for e in room.start(0.0) if isinstance(e, OpenTurn))
    effects = room.left(turn.seat, 1.0)
    assert effects[1:] == (HandOver(turn.seat), CloseTurn(turn.seat, turn.id, "handed_over"), Ask(turn))
    assert rows(list(effects)) == [HandedOver("m", 0, 1.0, turn.seat, None, "self", "left")]
    assert room.deadline(turn) is None
    assert room.left(turn.seat, 1.0) == ()
    with pytest.raises(IllegalAct):
        room.act(turn.seat, turn.id, public_act(turn), MindKind.PERSON, "person", 2.0)
    room.act(turn.seat, turn.id, public_act(turn), MindKind.MODEL, "self", 2.0)


def test_hostile_text_is_cleaned_before_it_is_said() -> None:
    room = werewolf_room(5, discussion="parallel", first_night_kill=False)
    play(room, lambda t: Act("\x1b[2J\u202ehi\x00\ud800 there\nyou" if t.text_limit else "", public_act(t).choice))
    said = {e.data["text"] for e in room.history.events if e.kind in ("said", "prepared", "pack_said")}
    assert said == {"[2Jhi there you"}
