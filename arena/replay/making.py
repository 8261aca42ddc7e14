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
from arena.replay.placing import places, states


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
    along = list(states(game, events))
    names = game.seat_names(along[-1])
    return Recording(
        id=match_id,
        game=game.name,
        options=dict(options),
        seats=tuple(RecordedSeat(name=n, mind=mind_kind(m)) for n, m in zip(names, minds, strict=True)),
        outcome=None if outcome is None else RecordedOutcome(**asdict(outcome)),
        events=tuple(_event(game, names, event) for event in events),
        decisions=tuple(_decisions(game, along, events, decisions)),
        marks=tuple(RecordedMark(**asdict(mark)) for mark in game.marks(events)),
        phases=tuple(_phases(game, along)),
    )


def _event(game: Game[Any, Any], names: Sequence[str], event: Event) -> RecordedEvent:
    seats = event.audience.seats
    return RecordedEvent(
        kind=event.kind,
        data=dict(event.data),
        audience=None if seats is None else tuple(sorted(seats)),
        line=game.line(names, event),
    )


def _phases(game: Game[Any, Any], along: Sequence[Any]) -> Iterator[RecordedPhase]:
    before = ""
    for n, state in enumerate(along[1:]):
        if (now := game.phase(state)) != before:
            before = now
            yield RecordedPhase(event=n, name=now)


def _decisions(
    game: Game[Any, Any], along: Sequence[Any], events: Sequence[Event], decisions: Sequence[Decision]
) -> Iterator[RecordedDecision]:
    for decision, place in zip(decisions, places(game, along, events, decisions), strict=True):
        if place is not None:
            yield _decision(decision, place.turn, place.seen, len(place.own))


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


def mind_kind(mind: str) -> str:
    """What everybody may know of a mind that the log names."""
    if mind in ("person", "remote"):
        return mind
    return "script" if mind == "random" or mind.startswith("scripted:") else "model"
