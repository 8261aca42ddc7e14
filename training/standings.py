"""How a match stood at each decision, and how it would stand had a choice been another one.

A finished match is folded again, decision by decision. This is the trainer's view: it knows the roles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arena.decision import Decision
from arena.games.chance import Chance
from arena.games.core import Act, Event, Game, Turn, fold
from arena.replay.placing import open_turn, places, states
from training.episodes import Episode


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Where a choice leads: the next standing, or the returns where it ends the match."""

    standing: str
    returns: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One decision in its match. ``state`` is the game's before it, after ``seen`` events; ``said`` of the events that
    follow are its own, and all of them public where ``heard``; ``alone`` if no other seat could act. ``instead`` has,
    for a decisive choice, one entry a legal choice in the turn's order."""

    standing: str
    turn: Turn
    state: Any
    seen: int
    said: int
    heard: bool
    alone: bool
    instead: tuple[Afterwards, ...] = ()


def moments(episode: Episode, counterfactual: bool = True) -> list[Moment]:
    """One for each of the episode's decisions, in order.

    Args:
        counterfactual: also work out where the other choices of decisive turns would have led.
    """
    game, chance = episode.game, Chance(episode.seed)
    out: list[Moment] = []
    for n, moment in enumerate(_as_played(game, episode.events, episode.decisions)):
        turn = moment.turn
        if counterfactual and turn.kind in game.decisive and episode.decisions[n].act.choice is not None:
            rest = episode.decisions[n + 1 :]
            instead = (_afterwards(game, moment.state, turn, c, rest, chance) for c in turn.choices)
            moment = replace(moment, instead=tuple(instead))
        out.append(moment)
    return out


def decided(game: Game[Any, Any], state: Any, choices: Mapping[int, str], chance: Chance) -> Afterwards:
    """The match after a simultaneous step in which each seat that has to choose took its entry of ``choices``, and
    nothing where it has none."""
    for turn in game.turns(state):
        state = fold(game, game.record(state, turn, Act(choice=choices.get(turn.seat))), state)
    return _settled(game, state, chance)


def _as_played(game: Game[Any, Any], events: Sequence[Event], decisions: Sequence[Decision]) -> list[Moment]:
    along = list(states(game, events))
    out: list[Moment] = []
    for n, place in enumerate(places(game, along, events, decisions)):
        assert place is not None, f"decision {n} is not in the log"
        heard = bool(place.own) and all(event.audience.is_public for event in place.own)
        alone = len(game.turns(place.state)) == 1
        out.append(
            Moment(game.standing(place.state), place.turn, place.state, place.seen, len(place.own), heard, alone)
        )
    return out


def _afterwards(
    game: Game[Any, Any], state: Any, turn: Turn, choice: str, rest: Sequence[Decision], chance: Chance
) -> Afterwards:
    """The match after this choice, with everything else as it was that is decided before anybody has seen it."""
    together = {(other.seat, other.id) for other in game.turns(state)}
    chosen = game.record(state, turn, Act(choice=choice))
    state = fold(game, chosen, state)
    for decision in rest:
        if events := game.advance(state, chance):
            state = fold(game, events, state)
            break
        other = open_turn(game, state, decision)
        if other is None:
            break
        if (other.seat, other.id) not in together and any(other.seat in event.audience for event in chosen):
            break  # an answer to the choice that was made, and nobody knows what it would be to this one
        state = fold(game, game.record(state, other, decision.act), state)
    return _settled(game, state, chance)


def _settled(game: Game[Any, Any], state: Any, chance: Chance) -> Afterwards:
    """When somebody has to act again."""
    while events := game.advance(state, chance):
        state = fold(game, events, state)
    outcome = game.outcome(state)
    return Afterwards(game.standing(state), None if outcome is None else outcome.returns)
