"""A recording with what its seats believed: the probes of ``agents.llm.probe`` put beside the match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.engines.base import Engine
from agents.llm.probe import AT_ONCE, beliefs
from arena.games.core import Event, Game, fold
from arena.games.registry import game_by_name
from arena.protocol.recording import RecordedBelief, Recording


async def with_beliefs(engine: Engine, recording: Recording, *, at_once: int = AT_ONCE) -> Recording:
    """With what every seat believed after each thing that all saw, as the live policy reads it; as it was where the
    game asks nothing.

    Args:
        at_once: so many probes wait in the engine together. Few leave room for decisions of running matches.

    Raises:
        EngineError: a probe failed.
    """
    game, events = game_by_name(recording.game), tuple(event.event for event in recording.events)
    question = _question(game, events)
    if not question:
        return recording
    found = await beliefs(engine, f"recording/{recording.id}", game, events, question, at_once=at_once)
    made = tuple(
        RecordedBelief(
            seen=b.seen,
            seat=b.seat,
            of={c: round(float(p), 4) for c, p in zip(b.choices, b.probabilities, strict=True)},
            true=tuple(c for c, true in zip(b.choices, b.true, strict=True) if true),
        )
        for b in found
    )
    return recording.model_copy(update={"believed": question, "beliefs": made})


def _question(game: Game[Any, Any], events: Sequence[Event]) -> str:
    """The first question that anybody can be asked in this match; empty where there is none."""
    seats, state = range(len(game.seat_names(fold(game, events)))), game.blank()
    for event in events:
        state = game.apply(state, event)
        for seat in seats:
            for question in game.questions(state, seat):
                return question.name
    return ""
