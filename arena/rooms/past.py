"""A match as its rows tell it: all that a room needs to go on where an earlier one was stopped.

The rows of one call of a room carry one time and are stored together, so the state after all events of one time is one
in which somebody had to act: from those states it follows when each open turn was opened. Two calls may share a time;
turns that came and went in it are known by their decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from arena.games.core import Act, Event, Game, Outcome, fold
from arena.games.registry import game_by_name
from arena.journal import DecisionLogged, EventLogged, HandedOver, LogRow, MatchEnded, MatchStarted, SeatFilled
from arena.rooms.acts import DEAD_TALK
from arena.rooms.clocks import Key
from arena.rooms.seats import SeatSpec
from arena.rooms.terms import Terms


@dataclass(frozen=True, slots=True)
class Past:
    """All times are in seconds since the Unix epoch; ``opened`` holds every turn that was ever open."""

    match_id: str
    game: Game[Any, Any]
    options: Any
    seed: str = field(repr=False)
    started: MatchStarted
    terms: Terms | None
    seats: tuple[SeatSpec, ...]
    events: tuple[tuple[float, Event], ...]
    state: Any
    opened: dict[Key, float]
    accepted: dict[tuple[int, str], tuple[str, Act]]
    decisions: int
    handovers: int
    outcome: Outcome | None
    last_at: float


def past_of(rows: Sequence[LogRow]) -> Past:
    """
    Args:
        rows: of one match, each kind in its order.

    Raises:
        UnknownName, OptionError: the game or an option of it is not known to this program.
    """
    started = next(row for row in rows if isinstance(row, MatchStarted))
    game = game_by_name(started.game)
    filled = {row.seat: row for row in rows if isinstance(row, SeatFilled)}
    seats = {s: SeatSpec(f.fill, f.person, f.train, f.token_hash) for s, f in sorted(filled.items())}
    handovers = [row for row in rows if isinstance(row, HandedOver)]
    for change in handovers:
        seats[change.seat] = handed_over(seats[change.seat], change)
    events = [row for row in rows if isinstance(row, EventLogged)]
    assert [e.seq for e in events] == list(range(len(events))), f"the log of {started.match_id} has a hole"
    state = game.blank()
    opened: dict[Key, float] = {}
    for at, together in groupby(events, key=lambda e: e.at):
        state = fold(game, (row.event for row in together), state)
        for turn in game.turns(state):
            opened.setdefault((turn.seat, turn.id), at)
    decisions = [row for row in rows if isinstance(row, DecisionLogged)]
    for row in decisions:
        if row.decision.turn_id != DEAD_TALK:
            opened.setdefault((row.decision.seat, row.decision.turn_id), row.at)
    return Past(
        match_id=started.match_id,
        game=game,
        options=game.options(started.options),
        seed=started.seed,
        started=started,
        terms=None if started.terms is None else Terms.from_json(started.terms),
        seats=tuple(seats.values()),
        events=tuple((row.at, row.event) for row in events),
        state=state,
        opened=opened,
        accepted={
            (d.decision.seat, d.act_id): (d.decision.turn_id, replace(d.decision.act, thought=None))
            for d in decisions
            if d.act_id is not None
        },
        decisions=len(decisions),
        handovers=len(handovers),
        outcome=next((row.outcome for row in rows if isinstance(row, MatchEnded)), None),
        last_at=max(row.at for row in (started, *handovers, *events, *decisions)),
    )


def handed_over(seat: SeatSpec, change: HandedOver) -> SeatSpec:
    """The seat after a change of who plays it."""
    return replace(seat, person=change.person, away=change.person is not None and change.mind != "person")
