"""A secret moment's length, by anybody's clock, tells nothing where the room makes nights last."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

import pytest

from arena.decision import MindKind
from arena.games.chance import Chance
from arena.games.core import Act, Event, Turn
from arena.games.registry import game_by_name
from arena.games.werewolf.types import NOBODY
from arena.journal import LogRow
from arena.rooms.effects import Append, Ask, Effects, OpenTurn, Tell
from arena.rooms.room import Room
from arena.rooms.terms import Terms
from tests.fakes.minds import blind_act
from tests.rooms.play import werewolf_room

NIGHT_S = 20.0
CAST = {"werewolf": 2, "seer": 1, "hunter": 1, "villager": 3}
OPTIONS = {"cast": CAST, "reveal": "nothing", "max_days": 3}
Timed = list[tuple[float, str]]


class Evening:
    """A room under a clock of its own: each turn is answered when it has been open for its ``delay``."""

    def __init__(self, room: Room, delay: Callable[[Turn], float], act: Callable[[Turn], Act] = blind_act) -> None:
        self.room, self.now, self.rows = room, 0.0, list[LogRow]()
        self.told: dict[int | None, Timed] = {}
        self._delay, self._act = delay, act
        self._asked: list[tuple[float, int, Turn]] = []

    def perform(self, effects: Effects) -> None:
        for effect in effects:
            match effect:
                case Append(rows=rows):
                    self.rows.extend(rows)
                case Tell(seat=seat, seq=seq, event=event):
                    self.told.setdefault(seat, []).append((self.now, f"{seq} {event.to_json()}"))
                case Ask(turn=turn) | OpenTurn(turn=turn):
                    heapq.heappush(self._asked, (self.now + self._delay(turn), len(self.rows) * 64 + turn.seat, turn))
                case _:
                    pass

    def play(self, until: Callable[[], bool] = lambda: False) -> Evening:
        if not self.room.started:
            self.perform(self.room.start(self.now))
        while self.room.outcome is None and not until():
            due = self.room.next_deadline()
            if self._asked and (due is None or self._asked[0][0] < due):
                self.now, _, turn = heapq.heappop(self._asked)
                kind = MindKind.PERSON if self.room.seats[turn.seat].by_person else MindKind.SCRIPT
                self.perform(self.room.act(turn.seat, turn.id, self._act(turn), kind, "test", self.now))
            else:
                assert due is not None, "nobody has anything to do, and the match is not over"
                self.now = due
                self.perform(self.room.tick(due))
        return self


def by_role(opening: tuple[Event, ...]) -> Callable[[Turn], float]:
    """Those with a card of their own think longer over what they do in secret, each as long as the card says."""
    roles = opening[1].data["roles"]
    secret = game_by_name("werewolf").secret_turns
    slow = {"werewolf": 5.0, "seer": 9.0, "hunter": 14.0}
    return lambda turn: slow.get(roles[turn.seat], 1.0) if turn.kind in secret else 1.0


def peaceful_act(turn: Turn) -> Act:
    return Act(choice=NOBODY) if turn.kind == "shoot" else blind_act(turn)


def pauses_that_tell(night_s: float) -> list[str]:
    """Over many pairs of worlds that differ in two cards: where an uninvolved villager sees one thing at two times."""
    game = game_by_name("werewolf")
    options = game.options(OPTIONS)
    found = []
    for seed in range(6):
        dealt = game.opening(options, Chance(seed))
        roles = dealt[1].data["roles"]
        villagers = [s for s, role in enumerate(roles) if role == "villager"]
        for pair in itertools.combinations(range(7), 2):
            swapped = game.swap_hidden(dealt, *pair)
            if roles[pair[0]] == roles[pair[1]] or swapped is None:
                continue
            worlds = []
            for opening in (dealt, swapped):
                room = werewolf_room(seed, range(7), opening, terms=Terms(night_s=night_s), **OPTIONS)
                worlds.append(Evening(room, by_role(opening), peaceful_act).play().told)
            for seat in (None, *(set(villagers) - set(pair))):
                for (at, one), (then, other) in zip(worlds[0][seat], worlds[1][seat], strict=False):
                    if one != other:
                        break  # a public fact: who died, who was exiled
                    if at != then:
                        found.append(f"{one} at {at} or {then}")
    return found


def test_the_hour_of_dawn_tells_nothing() -> None:
    assert not pauses_that_tell(NIGHT_S)


def test_without_it_the_hour_would_tell() -> None:
    found = pauses_that_tell(0.0)
    assert any("nobody_died" in one or "killed" in one for one in found)
    assert any("'exiled'" not in one and "'kind': 'night'" in one for one in found), "whoever holds fire takes his time"


def public_times(told: Timed) -> list[float]:
    return [at for at, _ in told]


@pytest.mark.parametrize("people", [(), (3,)])
def test_one_person_among_minds_waits_for_nobody(people: tuple[int, ...]) -> None:
    evenings = [
        Evening(werewolf_room(1, people, terms=Terms(night_s=n)), lambda turn: 1.0).play() for n in (0.0, NIGHT_S)
    ]
    assert public_times(evenings[0].told[None]) == public_times(evenings[1].told[None])


def test_in_a_blind_room_every_night_is_long() -> None:
    """Else its pace would say how many people play."""
    told = [
        Evening(werewolf_room(1, people, terms=Terms(night_s=NIGHT_S, blind=True)), lambda turn: 1.0).play().told[None]
        for people in ((3,), (3, 5))
    ]
    assert told[0] == told[1]


def test_whoever_takes_longer_than_a_night_is_waited_for() -> None:
    evening = Evening(werewolf_room(1, range(7), terms=Terms(night_s=2.0)), lambda turn: 5.0).play()
    assert evening.room.outcome is not None


def resting(room: Room) -> bool:
    return room.outcome is None and not room.open_turns


@pytest.mark.parametrize("restarts_after", [0.0, 7.0, 100.0])
def test_a_night_that_a_restart_falls_into_is_as_long(restarts_after: float) -> None:
    """All have acted, nobody has heard; then the server dies. The time without a server counts for nobody."""
    room = werewolf_room(2, range(7), terms=Terms(night_s=NIGHT_S, grace_s=1_000.0))
    first = Evening(room, lambda turn: 1.0)
    first.play(until=lambda: resting(room))
    acted_at = first.now
    again = Room.restored(first.rows)
    now = 5_000.0
    assert not [e for e in again.go_on(now, wall=acted_at + restarts_after) if isinstance(e, Append)]
    assert resting(again)
    shown_at = max(
        at
        for at, event in zip(map(float, _times(first)), again.history.events, strict=True)
        if event.audience.is_public
    )
    due = again.next_deadline()
    assert due == now + NIGHT_S - (acted_at - shown_at)
    assert not again.tick(due - 0.01)
    woken = again.tick(due)
    assert any(isinstance(e, Append) for e in woken)
    assert any(isinstance(e, OpenTurn) for e in woken)


def _times(evening: Evening) -> list[float]:
    return [at for at, _ in sorted((row.at, row.seq) for row in evening.rows if hasattr(row, "seq"))]


def test_the_dead_may_talk_while_the_others_wait() -> None:
    terms = Terms(night_s=NIGHT_S, dead_talk=True)
    room = werewolf_room(2, range(7), terms=terms, **OPTIONS)
    evening = Evening(room, lambda turn: 1.0)
    evening.play(until=lambda: resting(room) and bool(room.game.out(room._state)))
    seat = min(room.game.out(room._state))
    before = room.next_deadline()
    evening.perform(room.talk_among_dead(seat, "Boo.", "boo", evening.now))
    assert room.next_deadline() == before
    assert evening.play().room.outcome is not None
