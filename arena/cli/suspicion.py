"""What each seat of a logged match believed, as a model reads it: who is a werewolf, say, after every message."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from arena.errors import UserError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from arena.protocol.recording import RecordedBelief, Recording
    from arena.replay.suspicion import Movement


def believed(recording: Recording, model: str, database: Engine) -> Recording:
    """The recording with what every seat believed after each thing that all saw.

    Raises:
        UserError: the game asks no such question, or the model cannot be loaded.
    """
    from arena.games.registry import game_by_name

    found = asyncio.run(_believed(recording, model, database))
    if not found.beliefs:
        raise UserError(f"Nobody can be asked about suspicion in {game_by_name(recording.game).title}.")
    return found


async def _believed(recording: Recording, model: str, database: Engine) -> Recording:
    from agents.engines.local.engine import LocalEngine
    from agents.llm.believed import with_beliefs
    from agents.models import model_source

    engine = LocalEngine(model_source(database, model))
    engine.start()
    try:
        return await with_beliefs(engine, recording)
    finally:
        await engine.stop()


def phases(recording: Recording) -> Iterator[tuple[str, int, list[RecordedBelief]]]:
    """What was believed as each phase ended: its name, after how many events, a belief a seat."""
    ends = [phase.event for phase in recording.phases[1:]]
    for phase, end in zip(recording.phases, ends, strict=False):
        within = [b for b in recording.beliefs if phase.event < b.seen <= end]
        if within:
            yield phase.name, end, [b for b in within if b.seen == within[-1].seen]


def as_json(recording: Recording) -> dict[str, Any]:
    """By phase, by message, and which message moved most. ``seen`` counts events."""
    from arena.replay.suspicion import moved_most, movements

    most = moved_most(recording)
    return {
        "question": recording.believed,
        "phases": [
            {"phase": name, "seen": seen, "beliefs": [{"seat": b.seat, "of": b.of} for b in beliefs]}
            for name, seen, beliefs in phases(recording)
        ],
        "beliefs": [b.model_dump(mode="json") for b in recording.beliefs],
        "movements": [_movement(m) for m in movements(recording)],
        "moved_most": None if most is None else {**_movement(most), "line": recording.events[most.event].line},
    }


def _movement(movement: Movement) -> dict[str, Any]:
    shift = movement.most
    return {
        "event": movement.event,
        "total": round(movement.total, 4),
        "most": {"seat": shift.seat, "of": shift.of, "before": shift.before, "after": shift.after},
    }


def lines(recording: Recording) -> Iterator[str]:
    """The same as tables, one a phase: a row for every seat that is asked."""
    from arena.protocol.text import clean_text
    from arena.replay.suspicion import moved_most

    yield "Percent; * marks those of whom it is true."
    for name, _, beliefs in phases(recording):
        yield f"\n{name}"
        yield from _table(recording.names, beliefs)
    if (most := moved_most(recording)) is not None:
        shift, names = most.most, recording.names
        yield f"\nThis message moved them most: {clean_text(recording.events[most.event].line)}"
        yield f"{names[shift.seat]} of {shift.of}: {100 * shift.before:.0f} before, {100 * shift.after:.0f} after."


def _table(names: Sequence[str], beliefs: Sequence[RecordedBelief]) -> list[str]:
    named = list(dict.fromkeys(name for b in beliefs for name in b.of))
    shown = sorted(named, key=names.index) if set(named) <= set(names) else named
    right = {name for b in beliefs for name in b.true}
    width = max(map(len, (*names, *shown))) + 1
    lines = [" " * (width + 1) + " ".join(f"{name + '*' * (name in right):>{width}}" for name in shown)]
    for belief in beliefs:
        cells = (f"{100 * belief.of[name]:.0f}" if name in belief.of else "" for name in shown)
        lines.append(f"{names[belief.seat]:<{width}} " + " ".join(f"{cell:>{width}}" for cell in cells))
    return [line.rstrip() for line in lines]
