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
from training.episodes import Episode


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Where a choice leads: the next standing, or the returns where it ends the match."""

    standing: str
    returns: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One decision in its match. ``state`` is the game's before it, after ``seen`` events; ``said`` of the events that
    follow are its own, and all of them public where ``heard``. ``instead`` has, for a decisive choice, one entry a
    legal choice in the turn's order."""

    standing: str
    turn: Turn
    state: Any
    seen: int
    said: int
    heard: bool
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
    """Each decision in the earliest state in which all decisions before it stand recorded, its turn is open and what it
    records comes next. (A turn may seem to be open while the events that lead to it are not all there: the first of two
    deaths, say.)"""
    state = game.blank()
    at = 0
    out: list[Moment] = []
    for n, decision in enumerate(decisions):
        while True:
            turn = _open_turn(game, state, decision)
            own = () if turn is None else game.record(state, turn, decision.act)
            if turn is not None and own == tuple(events[at : at + len(own)]):
                break
            assert at < len(events), f"decision {n} is not in the log"
            state = game.apply(state, events[at])
            at += 1
        heard = bool(own) and all(event.audience.is_public for event in own)
        out.append(Moment(game.standing(state), turn, state, at, len(own), heard))
        state = fold(game, own, state)
        at += len(own)
    return out


def _open_turn(game: Game[Any, Any], state: Any, decision: Decision) -> Turn | None:
    for turn in game.turns(state):
        if turn.seat == decision.seat and turn.id == decision.turn_id:
            return turn
    return None


def _afterwards(
    game: Game[Any, Any], state: Any, turn: Turn, choice: str, rest: Sequence[Decision], chance: Chance
) -> Afterwards:
    """The match after this choice, with everything else of the same simultaneous step as it was."""
    state = fold(game, game.record(state, turn, Act(choice=choice)), state)
    for decision in rest:
        if events := game.advance(state, chance):
            state = fold(game, events, state)
            break
        other = _open_turn(game, state, decision)
        if other is None:
            break
        state = fold(game, game.record(state, other, decision.act), state)
    return _settled(game, state, chance)


def _settled(game: Game[Any, Any], state: Any, chance: Chance) -> Afterwards:
    """When somebody has to act again."""
    while events := game.advance(state, chance):
        state = fold(game, events, state)
    outcome = game.outcome(state)
    return Afterwards(game.standing(state), None if outcome is None else outcome.returns)
