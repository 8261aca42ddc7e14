"""``arena replay --suspicion``: whom each seat of a logged match suspected, phase by phase, as a model reads it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import typer

from arena.errors import UserError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from agents.llm.probe import Belief
    from arena.db.repo import StoredMatch
    from arena.games.core import Event, Game

QUESTION: Final = "vote"


def suspicion_of(stored: StoredMatch, model: str, database: Engine, *, as_json: bool) -> None:
    """Print the probabilities before the match's phases change: one table each, a row for every seat that is asked.

    Raises:
        UserError: the game asks no such question, or the model cannot be loaded.
    """
    from arena.games.registry import game_by_name

    game = game_by_name(stored.summary.game)
    ends = _ends_of_phases(game, stored.events)
    found = asyncio.run(_read(stored, game, model, database))
    names = tuple(stored.events[0].data["names"])
    tables = [(phase, [b for b in found if b.seen == seen]) for seen, phase in ends.items()]
    tables = [(phase, of_phase) for phase, of_phase in tables if of_phase]
    if not tables:
        raise UserError(f"Nobody can be asked about suspicion in {game.title}.")
    if as_json:
        document = [
            {
                "phase": phase,
                "seen": of_phase[0].seen,
                "beliefs": [
                    {"seat": b.seat, "of": dict(zip(b.choices, map(_rounded, b.probabilities), strict=True))}
                    for b in of_phase
                ],
            }
            for phase, of_phase in tables
        ]
        typer.echo(json.dumps({"id": stored.id, "names": list(names), "phases": document}, indent=2))
        return
    typer.echo("Percent; * marks those of whom it is true.")
    for phase, of_phase in tables:
        typer.echo(f"\n{phase}")
        for line in _table(names, of_phase):
            typer.echo(line)


def _ends_of_phases(game: Game[Any, Any], events: Sequence[Event]) -> dict[int, str]:
    """After how many events each phase ended, and what it was called."""
    ends: dict[int, str] = {}
    state, before = game.blank(), ""
    for n, event in enumerate(events):
        state = game.apply(state, event)
        now = game.phase(state)
        if before and now != before:
            ends[n] = before
        before = now
    return ends


async def _read(stored: StoredMatch, game: Game[Any, Any], model: str, database: Engine) -> list[Belief]:
    from agents.engines.local.engine import LocalEngine
    from agents.llm.probe import beliefs
    from agents.models import model_source

    ends = _ends_of_phases(game, stored.events)
    engine = LocalEngine(model_source(database, model))
    engine.start()
    try:
        return await beliefs(engine, stored.id, game, stored.events, QUESTION, when=lambda seen: seen in ends)
    finally:
        await engine.stop()


def _table(names: Sequence[str], of_phase: Sequence[Belief]) -> list[str]:
    shown = [name for name in names if any(name in b.choices for b in of_phase)]
    right = {c for b in of_phase for c, true in zip(b.choices, b.true, strict=True) if true}
    width = max(map(len, names)) + 1
    lines = [" " * (width + 1) + " ".join(f"{name + '*' * (name in right):>{width}}" for name in shown)]
    for belief in of_phase:
        of = dict(zip(belief.choices, belief.probabilities, strict=True))
        cells = (f"{100 * of[name]:.0f}" if name in of else "" for name in shown)
        lines.append(f"{names[belief.seat]:<{width}} " + " ".join(f"{cell:>{width}}" for cell in cells))
    return [line.rstrip() for line in lines]


def _rounded(probability: float) -> float:
    return round(probability, 4)
