"""Driving a room without sockets, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from arena.decision import MindKind
from arena.games.core import Act, Event, Turn
from arena.games.registry import game_by_name
from arena.rooms.effects import Ask, Effect, OpenTurn
from arena.rooms.room import Room
from arena.rooms.seats import SeatSpec
from arena.rooms.terms import Terms


def werewolf_room(
    seed: int | str = 0,
    people: Sequence[int] = (),
    opening: Sequence[Event] | None = None,
    mind_deadlines: bool = False,
    terms: Terms | None = None,
    **options: Any,
) -> Room:
    game = game_by_name("werewolf")
    parsed = game.options(options)
    seats = [SeatSpec("self", f"person {s}" if s in people else None) for s in range(game.seat_count(parsed))]
    return Room("m", game, parsed, seed, seats, opening=opening, mind_deadlines=mind_deadlines, terms=terms)


def play(room: Room, answer: Callable[[Turn], Act], now: float = 0.0, until: int = 10_000) -> list[Effect]:
    """Start and play to the end (or ``until`` acts), taking turns in the order in which they were opened."""
    effects = list(room.start(now))
    waiting = [e.turn for e in effects if isinstance(e, Ask | OpenTurn)]
    acts = 0
    while waiting and acts < until:
        turn = waiting.pop(0)
        kind = MindKind.SCRIPT if not room.seats[turn.seat].by_person else MindKind.PERSON
        new = room.act(turn.seat, turn.id, answer(turn), kind, "test", now)
        waiting += [e.turn for e in new if isinstance(e, Ask | OpenTurn)]
        effects += new
        acts += 1
    return effects
