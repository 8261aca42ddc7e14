"""What a room wants done. The shell performs a call's effects in their order; the room never waits for them.

Nothing leaves the server before it is stored: what people are told goes out when the ``Append`` before it is durable
(and where a call has none, when the room's last ``Append`` is). So nobody has seen what a crash can take back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from arena.games.core import Event, Outcome, Turn
from arena.journal import Batch

CloseReason = Literal["acted", "timed_out", "ended", "handed_over"]


@dataclass(frozen=True, slots=True)
class Append:
    """Log these rows, all or none, after all earlier ones of this room."""

    rows: Batch


@dataclass(frozen=True, slots=True)
class Tell:
    """Show an event to the person in a seat, or to those who watch (``seat`` None). ``seq`` counts that stream from 0.

    Seats that minds play are not told: their stream is in ``Request.events``.
    """

    seat: int | None
    seq: int
    event: Event
    line: str


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """It is a person's turn. ``deadline`` is on the room's clock, the one that ``now`` is read from."""

    turn: Turn
    deadline: float | None


@dataclass(frozen=True, slots=True)
class WarnTurn:
    """A person's time is almost up."""

    turn: Turn
    deadline: float


@dataclass(frozen=True, slots=True)
class HandOver:
    """Somebody else plays the seat from now on: a stand-in, or again its person."""

    seat: int


@dataclass(frozen=True, slots=True)
class CloseTurn:
    """A turn is over for whoever had it: a person is told, a mind that still thinks is stopped."""

    seat: int
    turn_id: str
    reason: CloseReason


@dataclass(frozen=True, slots=True)
class Ask:
    """A mind must answer this turn: ``Room.request(turn)`` is what it is asked with."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Accepted:
    """The act with the sender's ``act_id`` counts. A repeated act gives the same answer and changes nothing."""

    seat: int
    turn_id: str
    act_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The match is over; its last events and ``MatchEnded`` are in the ``Append`` of the same call.

    The minds' trunks belong to the same batch: the shell takes them (``Mind.finish``) before it appends.
    """

    outcome: Outcome


Effect = Append | Tell | OpenTurn | WarnTurn | CloseTurn | HandOver | Ask | Accepted | Ended
Effects = tuple[Effect, ...]
