"""A recording from what a log holds: which turn each decision answered, what it might have chosen, where the match
stood."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from arena.decision import Decision
from arena.games.core import Event, Game, Outcome, Turn
from arena.protocol.recording import (
    RecordedDecision,
    RecordedEvent,
    RecordedMark,
    RecordedOption,
    RecordedOutcome,
    RecordedPhase,
    RecordedSeat,
    Recording,
)


def recording(
    match_id: str,
    game: Game[Any, Any],
    options: Mapping[str, Any],
    minds: Sequence[str],
    events: Sequence[Event],
    decisions: Sequence[Decision],
    outcome: Outcome | None,
) -> Recording:
    """
    Args:
        minds: what played each seat as the match began, as the log names it.
    """
    states = list(_states(game, events))
    names = game.seat_names(states[-1])
    return Recording(
        id=match_id,
        game=game.name,
        options=dict(options),
        seats=tuple(RecordedSeat(name=n, mind=_kind(m)) for n, m in zip(names, minds, strict=True)),
        outcome=None if outcome is None else RecordedOutcome(**asdict(outcome)),
        events=tuple(_event(game, names, event) for event in events),
        decisions=tuple(_decisions(game, states, events, decisions)),
        marks=tuple(RecordedMark(**asdict(mark)) for mark in game.marks(events)),
        phases=tuple(_phases(game, states)),
    )


def _states(game: Game[Any, Any], events: Sequence[Event]) -> Iterator[Any]:
    """The state before the first event, and after each."""
    state = game.blank()
    yield state
    for event in events:
        state = game.apply(state, event)
        yield state


def _event(game: Game[Any, Any], names: Sequence[str], event: Event) -> RecordedEvent:
    seats = event.audience.seats
    return RecordedEvent(
        kind=event.kind,
        data=dict(event.data),
        audience=None if seats is None else tuple(sorted(seats)),
        line=game.line(names, event),
    )


def _phases(game: Game[Any, Any], states: Sequence[Any]) -> Iterator[RecordedPhase]:
    before = ""
    for n, state in enumerate(states[1:]):
        if (now := game.phase(state)) != before:
            before = now
            yield RecordedPhase(event=n, name=now)


def _decisions(
    game: Game[Any, Any], states: Sequence[Any], events: Sequence[Event], decisions: Sequence[Decision]
) -> Iterator[RecordedDecision]:
    """Each decision in the earliest state after the one before it in which its turn is open and what it records comes
    next. One whose turn is nowhere to be found (words among the dead, which answer none) is left out."""
    at = 0
    for decision in decisions:
        found = _found(game, states, events, decision, at)
        if found is not None:
            at, own, turn = found
            yield _decision(decision, turn, at, own)
            at += own


def _found(
    game: Game[Any, Any], states: Sequence[Any], events: Sequence[Event], decision: Decision, start: int
) -> tuple[int, int, Turn] | None:
    for at in range(start, len(events)):
        for turn in game.turns(states[at]):
            if (turn.seat, turn.id) == (decision.seat, decision.turn_id):
                own = game.record(states[at], turn, decision.act)
                if own == tuple(events[at : at + len(own)]):
                    return at, len(own), turn
    return None


def _decision(decision: Decision, turn: Turn, seen: int, own: int) -> RecordedDecision:
    probabilities = () if decision.tokens is None else decision.tokens.choice_probs
    known = len(probabilities) == len(turn.choices)
    return RecordedDecision(
        seen=seen,
        own=own,
        seat=decision.seat,
        turn=decision.turn_id,
        kind=decision.turn_kind,
        question=turn.question,
        by=str(decision.kind),
        mind=decision.mind,
        fallback=decision.fallback,
        thought=decision.act.thought,
        text=decision.act.text,
        choice=decision.act.choice,
        options=tuple(
            RecordedOption(choice=choice, probability=float(probabilities[n]) if known else None)
            for n, choice in enumerate(turn.choices)
        ),
    )


def _kind(mind: str) -> str:
    """What everybody may know of a mind that the log names."""
    if mind in ("person", "remote"):
        return mind
    return "script" if mind == "random" or mind.startswith("scripted:") else "model"
