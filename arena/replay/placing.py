"""Where in a match each logged decision was made: a finished match is folded again, decision by decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from arena.decision import Decision
from arena.games.core import Event, Game, Turn


@dataclass(frozen=True, slots=True)
class Place:
    """A decision answered ``turn`` in ``state``, after ``seen`` events; ``own`` are those that it recorded, next."""

    state: Any
    turn: Turn
    seen: int
    own: tuple[Event, ...]


def states(game: Game[Any, Any], events: Sequence[Event]) -> Iterator[Any]:
    """The state before the first event, and after each."""
    state = game.blank()
    yield state
    for event in events:
        state = game.apply(state, event)
        yield state


def places(
    game: Game[Any, Any], along: Sequence[Any], events: Sequence[Event], decisions: Sequence[Decision]
) -> Iterator[Place | None]:
    """One for each decision, in order: the earliest state after the decision before it in which its turn is open and
    what it records comes next. (A turn may seem to be open while the events that lead to it are not all there: the
    first of two deaths, say.) None for one that answered no turn, such as words among the dead.

    Args:
        along: the match's ``states``.
    """
    at = 0
    for decision in decisions:
        found = _place(game, along, events, decision, at)
        if found is not None:
            at = found.seen + len(found.own)
        yield found


def open_turn(game: Game[Any, Any], state: Any, decision: Decision) -> Turn | None:
    """The turn that this decision answers, where it is open in this state."""
    for turn in game.turns(state):
        if turn.seat == decision.seat and turn.id == decision.turn_id:
            return turn
    return None


def _place(
    game: Game[Any, Any], along: Sequence[Any], events: Sequence[Event], decision: Decision, start: int
) -> Place | None:
    for at in range(start, len(events) + 1):
        turn = open_turn(game, along[at], decision)
        if turn is not None:
            own = tuple(game.record(along[at], turn, decision.act))
            if own == tuple(events[at : at + len(own)]):
                return Place(along[at], turn, at, own)
    return None
