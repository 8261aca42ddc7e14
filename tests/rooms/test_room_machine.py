"""Any order of legal, illegal, stale, repeated and missing acts, of people who drop out, leave and come back, and of
restarts from the log leaves a room whole."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from arena.decision import MindKind
from arena.errors import IllegalAct
from arena.games.core import Act, Turn, fold, visible
from arena.journal import EventLogged, LogRow
from arena.rooms.effects import Accepted, Append, CloseTurn, Effects, Ended, OpenTurn, Tell
from arena.rooms.room import Room
from tests.fakes.minds import public_act
from tests.rooms.play import werewolf_room

PEOPLE = (0, 3, 5)


class RoomMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.log: list[LogRow] = []
        self.told: dict[int | None, list[Tell]] = {}
        self.open: set[tuple[int, str]] = set()
        self.ended = 0
        self.done: list[tuple[Turn, Act, MindKind, str, Effects]] = []

    @initialize(
        seed=st.integers(0, 10_000),
        discussion=st.sampled_from(["rounds", "parallel"]),
        first=st.booleans(),
        everyone=st.booleans(),
    )
    def begin(self, seed: int, discussion: str, first: bool, everyone: bool) -> None:
        people = range(7) if everyone else PEOPLE
        self.room = werewolf_room(seed, people, discussion=discussion, first_night_kill=first, max_days=3)
        self.perform(self.room.start(self.now))

    def perform(self, effects: Effects) -> None:
        for effect in effects:
            match effect:
                case Append(rows):
                    self.log.extend(rows)
                case Tell(seat):
                    assert seat is None or seat in effect.event.audience
                    self.told.setdefault(seat, []).append(effect)
                case OpenTurn(turn):
                    self.open.add((turn.seat, turn.id))
                case CloseTurn(seat, turn_id):
                    self.open.discard((seat, turn_id))
                case Ended():
                    self.ended += 1
                case _:
                    pass

    def kind(self, seat: int) -> MindKind:
        return MindKind.PERSON if self.room.seats[seat].by_person else MindKind.MODEL

    def refused(self, seat: int, turn_id: str, act: Act, act_id: str | None, kind: MindKind) -> None:
        before = (len(self.room.history.events), self.room.open_turns, self.room.next_deadline())
        with pytest.raises(IllegalAct):
            self.room.act(seat, turn_id, act, kind, "test", self.now, act_id=act_id)
        assert (len(self.room.history.events), self.room.open_turns, self.room.next_deadline()) == before

    @precondition(lambda self: self.room.open_turns)
    @rule(which=st.integers(0, 50), salt=st.integers(0, 5))
    def legal(self, which: int, salt: int) -> None:
        turn = self.room.open_turns[which % len(self.room.open_turns)]
        act, kind, act_id = public_act(turn, str(salt)), self.kind(turn.seat), f"act{len(self.done)}"
        effects = self.room.act(turn.seat, turn.id, act, kind, "test", self.now, act_id=act_id)
        self.done.append((turn, act, kind, act_id, effects))
        self.perform(effects)

    @precondition(lambda self: self.room.open_turns)
    @rule(which=st.integers(0, 50), text=st.text(min_size=1, max_size=5), choice=st.none() | st.text(max_size=5))
    def illegal(self, which: int, text: str, choice: str | None) -> None:
        turn = self.room.open_turns[which % len(self.room.open_turns)]
        act = Act("x" + text if turn.choices else text, choice or "nobody at all")
        self.refused(turn.seat, turn.id, act, None, self.kind(turn.seat))

    @rule(seat=st.integers(-1, 8), turn_id=st.text(max_size=8))
    def unknown(self, seat: int, turn_id: str) -> None:
        self.refused(seat, turn_id, Act(), "u", MindKind.PERSON)

    @precondition(lambda self: self.done)
    @rule(which=st.integers(0, 500), other=st.booleans())
    def repeated(self, which: int, other: bool) -> None:
        turn, act, kind, act_id, effects = self.done[which % len(self.done)]
        person = self.room.seats[turn.seat].person is not None
        answered = person if kind is MindKind.PERSON else not self.room.seats[turn.seat].by_person
        if not answered:
            self.refused(turn.seat, turn.id, act, act_id, kind)
        elif other:
            self.refused(turn.seat, turn.id, Act(act.text + "!", act.choice), act_id, kind)
            self.refused(turn.seat, turn.id, act, act_id + "'", kind)
        else:
            again = self.room.act(turn.seat, turn.id, act, kind, "test", self.now, act_id=act_id)
            assert again == (Accepted(turn.seat, turn.id, act_id),)
            assert again[0] in effects

    @rule(after=st.sampled_from([0.0, 1.0, 50.0, 100.0]))
    def time_passes(self, after: float) -> None:
        self.now += after
        self.perform(self.room.tick(self.now))
        due = self.room.next_deadline()
        assert due is None or due > self.now

    @rule(seat=st.sampled_from(PEOPLE))
    def leaves(self, seat: int) -> None:
        self.perform(self.room.left(seat, self.now))

    @rule(seat=st.sampled_from(PEOPLE))
    def drops(self, seat: int) -> None:
        self.room.dropped(seat, self.now)

    @rule(seat=st.sampled_from(PEOPLE))
    def comes_back(self, seat: int) -> None:
        if self.room.seats[seat].person is not None:
            self.perform(self.room.returned(seat, self.now))

    @rule()
    def the_server_starts_again(self) -> None:
        self.now += 1.0  # the clock's zero may be another one, but it is kept here for the other rules
        self.room = Room.restored(self.log)
        self.open = set()
        self.perform(self.room.go_on(self.now, self.now))

    @invariant()
    def whole(self) -> None:
        if not hasattr(self, "room"):
            return
        room = self.room
        events = [row.event for row in self.log if isinstance(row, EventLogged)]
        assert events == room.history.events
        state = fold(room.game, events)
        assert {(t.seat, t.id) for t in room.game.turns(state)} == {(t.seat, t.id) for t in room.open_turns}
        assert room.game.outcome(state) == room.outcome
        assert self.ended == (room.outcome is not None)
        assert self.open == {(t.seat, t.id) for t in room.open_turns if room.seats[t.seat].by_person}
        for seat in (None, *(s for s, spec in enumerate(room.seats) if spec.person is not None)):
            told = self.told.get(seat, [])
            assert [t.seq for t in told] == list(range(len(told)))
            assert tuple(t.event for t in told) == visible(events, seat)


RoomMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
TestRoomMachine = RoomMachine.TestCase
