"""Whether the log is what was written: chains of hashes, numbers without gaps, outcomes that follow from the events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, RowMapping, select

from arena.db.repo import links_broken
from arena.db.rows import event_of
from arena.db.tables import DecisionTable, EventTable, MatchTable, table_of
from arena.errors import UnknownName
from arena.games.core import Event, Outcome, fold
from arena.games.registry import game_by_name

_MATCHES, _EVENTS, _DECISIONS = (table_of(t) for t in (MatchTable, EventTable, DecisionTable))


@dataclass(frozen=True, slots=True)
class Checked:
    """One match and what is wrong with it: nothing, where ``faults`` is empty."""

    match_id: str
    faults: tuple[str, ...]


def check_log(engine: Engine) -> Iterator[Checked]:
    """Look at every match, the oldest first and the running ones too, one in memory at a time."""
    with engine.connect() as connection:
        ids = connection.execute(select(_MATCHES.c.id).order_by(_MATCHES.c.started_at, _MATCHES.c.id)).scalars().all()
    for match_id in ids:
        with engine.connect() as connection:
            yield Checked(match_id, tuple(_faults(connection, match_id)))


def _faults(connection: Connection, match_id: str) -> Iterator[str]:
    match = connection.execute(select(_MATCHES).where(_MATCHES.c.id == match_id)).mappings().one()
    of_match = select(_EVENTS).where(_EVENTS.c.match_id == match_id).order_by(_EVENTS.c.seq)
    events = connection.execute(of_match).mappings().all()
    broken = links_broken(match_id, events)
    if broken:
        yield f"events do not fit the chain: {', '.join(map(str, broken))}"
    numbers = select(_DECISIONS.c.n).where(_DECISIONS.c.match_id == match_id).order_by(_DECISIONS.c.n)
    found = connection.execute(numbers).scalars().all()
    if found != list(range(len(found))):
        yield "decisions are missing"
    if not broken and (fault := _misfolded(match, [event_of(row) for row in events])) is not None:
        yield fault


def _misfolded(match: RowMapping, events: list[Event]) -> str | None:
    try:
        game = game_by_name(match["game"])
        outcome = game.outcome(fold(game, events))
    except UnknownName as error:
        return error.message
    except Exception as error:  # whatever the rules stumble over in events that they never made
        return f"the events are no match of {match['game']}: {error!r}"
    if match["status"] == "over":
        stored = Outcome(match["winner"], match["reason"], tuple(match["sides"]), tuple(match["returns"]))
        if outcome != stored:
            return f"the stored outcome is {_told(stored)}, the events lead to {_told(outcome)}"
    return None


def _told(outcome: Outcome | None) -> str:
    return "none" if outcome is None else f"{outcome.winner} ({outcome.reason})"
