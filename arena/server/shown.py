"""A room's facts as the messages that clients get. What all who see an event are sent alike is encoded once."""

from __future__ import annotations

import json

from arena.games.core import Event, Turn
from arena.protocol.server_messages import MatchEnded, SeatInfo, TurnOpened
from arena.rooms.room import Room

_compact = json.JSONEncoder(separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False).encode


def mind_of_fill(fill: str) -> str:
    """What everybody may know of a seat that this filling plays."""
    return "script" if fill == "random" or fill.startswith("scripted:") else "model"


def seat_info(room: Room, seat: int, *, to_itself: bool = False) -> SeatInfo:
    """A seat as everybody may see it: in a blind room not even whether a person plays. The seat itself may know."""
    spec = room.seats[seat]
    mind = "person" if spec.by_person else mind_of_fill(spec.fill)
    blind = room.terms.blind and room.outcome is None and not to_itself
    return SeatInfo(seat=seat, name=room.names[seat] if room.names else None, mind="hidden" if blind else mind)


def turn_opened(room: Room, turn: Turn, deadline: float | None, now: float) -> TurnOpened:
    return TurnOpened(
        room=room.match_id,
        turn_id=turn.id,
        kind=turn.kind,
        question=turn.question,
        choices=list(turn.choices),
        text_limit=turn.text_limit,
        may_pass=turn.may_pass,
        deadline_s=None if deadline is None else room.wall(deadline),
        remaining_s=None if deadline is None else deadline - now,
    )


def match_ended(room: Room) -> MatchEnded:
    outcome = room.outcome
    assert outcome is not None
    return MatchEnded(
        room=room.match_id,
        winner=outcome.winner,
        reason=outcome.reason,
        sides=list(outcome.sides),
        returns=list(outcome.returns),
    )


def encoded_body(event: Event, line: str) -> bytes:
    """An event without its number, which differs from seat to seat.

    Sorted, so that the bytes depend on the data alone: the order in which a dictionary was filled may tell what the
    dictionary does not, and is lost when a match is read from the log again.
    """
    shown = {"kind": event.kind, "data": dict(event.data), "public": event.audience.is_public, "line": line}
    return _compact(shown).encode()


def event_message(room: str, seq: int, body: bytes) -> bytes:
    """An ``EventHappened`` with its number spliced in."""
    return b'{"type":"event_happened","room":"%s","seq":%d,%s' % (room.encode(), seq, body[1:])
