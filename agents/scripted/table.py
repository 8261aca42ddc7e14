"""Plays whole matches of scripts against each other, at once and without waiting: the maker of training games.

Synchronous on purpose. Every act goes through ``arena.games.core``, and each script is fed with nothing but the events
that its seat may see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from agents.scripted.base import Script
from arena.games.chance import Chance
from arena.games.core import Act, Event, Game, Outcome, Turn, begin, step


@dataclass(frozen=True, slots=True)
class ScriptedTurn:
    """One answered turn. ``weights`` is the script's whole distribution where the turn had choices."""

    seat: int
    turn: Turn
    events_seen: int
    """How many events the seat had seen."""
    position: int
    """How many events there were in all."""
    act: Act
    weights: dict[str, float] | None
    probe: Turn | None = None
    """``Game.probe`` at this moment, where it was asked; ``weights`` are then the answer to it."""


@dataclass(frozen=True, slots=True)
class ScriptedGame:
    events: tuple[Event, ...]
    turns: tuple[ScriptedTurn, ...]
    outcome: Outcome


def play(
    game: Game[Any, Any], options: Any, seed: int | str, scripts: Sequence[Callable[[Random], Script]]
) -> ScriptedGame:
    """One match, with ``scripts[seat]`` in each seat. The same seed gives the same match.

    Turns that are open at the same time are answered from what each seat had seen before any of them.
    """
    sources = [Random(f"{seed}/{seat}") for seat in range(len(scripts))]
    players = [make(Random(f"{seed}/{seat}/script")) for seat, make in enumerate(scripts)]
    seen = [0] * len(players)
    chance = Chance(seed)
    state, fresh = begin(game, options, chance)
    events: list[Event] = []
    turns: list[ScriptedTurn] = []

    def tell(new: Sequence[Event]) -> None:
        for event in new:
            for seat, player in enumerate(players):
                if seat in event.audience:
                    player.see(event)
                    seen[seat] += 1
        events.extend(new)

    tell(fresh)
    while open_turns := game.turns(state):
        position = len(events)
        answers = [
            _answer(players[t.seat], t, sources[t.seat], seen[t.seat], position, game.probe(state, t.seat))
            for t in open_turns
        ]
        turns.extend(answers)
        new: list[Event] = []
        for answer in answers:
            state, caused = step(game, state, answer.turn, answer.act, chance)
            new.extend(caused)
        tell(new)
    outcome = game.outcome(state)
    assert outcome is not None, "a match without open turns is over"
    return ScriptedGame(tuple(events), tuple(turns), outcome)


def _answer(script: Script, turn: Turn, random: Random, seen: int, position: int, probe: Turn | None) -> ScriptedTurn:
    weights = choice = None
    if turn.choices:
        weights = script.weigh(turn)
        choice = random.choices(list(weights), list(weights.values()))[0]
    elif probe is not None:
        weights = script.weigh(probe)
    text = script.say(turn) if turn.text_limit else ""
    return ScriptedTurn(turn.seat, turn, seen, position, Act(text, choice), weights, None if turn.choices else probe)
