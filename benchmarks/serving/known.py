"""Matches known beforehand: the classic Werewolf of seven, played by a rule that looks at nothing but the turn.

The rules are folded without a server, so it is known who will be sent which events because of which act. That makes
``lost`` and ``doubled`` exact, and lets the bare server send the same messages without knowing any rules.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from arena.games.chance import Chance
from arena.games.core import Act, Event, Turn, begin, step
from arena.games.registry import game_by_name

GAME: Final = "werewolf"
SEATS: Final = 7
SEEDS: Final = 16
"""Different matches; rooms take them in turn."""

_WORDS: Final = "I have listened to all of you, and I am not yet sure whom of you I should believe."

Key = tuple[int, str]
"""An act: seat and turn id."""


def answer(turn_id: str, seat: int, choices: Sequence[str]) -> tuple[str, str | None]:
    """The text and the choice that every player here answers a turn with."""
    if not choices:
        return _WORDS, None
    return "", choices[zlib.crc32(f"{seat}/{turn_id}".encode()) % len(choices)]


@dataclass(frozen=True, slots=True)
class Told:
    """An event, and for each person who sees it their seat and the number in their stream."""

    event: Event
    line: str
    to: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What is sent when a match begins (``opening``) or because of one act."""

    told: tuple[Told, ...]
    opened: tuple[Turn, ...]
    over: bool


@dataclass(frozen=True, slots=True)
class KnownMatch:
    """``causes[seat][seq]`` names the acts of which the last one caused this event; empty for the opening."""

    opening: Step
    steps: dict[Key, Step]
    causes: tuple[tuple[tuple[Key, ...], ...], ...]

    @property
    def deliveries(self) -> int:
        """Event messages because of acts, over all seats."""
        return sum(len(t.to) for s in self.steps.values() for t in s.told)


@cache
def known_match(seed: int) -> KnownMatch:
    game = game_by_name(GAME)
    chance = Chance(str(seed))
    state, events = begin(game, game.options({}), chance)
    causes: list[list[tuple[Key, ...]]] = [[] for _ in range(SEATS)]
    names = game.seat_names(state)

    def tell(happened: Sequence[Event], *why: Key) -> tuple[Told, ...]:
        told = []
        for event in happened:
            to = [(seat, len(causes[seat])) for seat in range(SEATS) if seat in event.audience]
            for seat, _ in to:
                causes[seat].append(why)
            told.append(Told(event, game.line(names, event), tuple(to)))
        return tuple(told)

    turns = game.turns(state)
    opening = Step(tell(events), turns, over=False)
    steps: dict[Key, Step] = {}
    together: list[Key] = []
    while turns:
        turn, before = turns[0], turns
        text, choice = answer(turn.id, turn.seat, turn.choices)
        state, events = step(game, state, turn, Act(text, choice), chance)
        together.append(key := (turn.seat, turn.id))
        told = tell(events[:1], key)
        if len(events) > 1:  # what follows by itself waits for the last of those who act at the same time
            told += tell(events[1:], *together)
            together = []
        turns = game.turns(state)
        steps[key] = Step(told, tuple(t for t in turns if t not in before), over=not turns)
    return KnownMatch(opening, steps, tuple(map(tuple, causes)))
