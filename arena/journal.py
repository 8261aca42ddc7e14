"""What is logged of a match, and of a room that waits for one, row by row, as one closed union.

Rooms say these rows, the log's writer stores them, and neither knows the other. A ``Batch`` is stored whole
or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from arena.decision import Decision, TrunkRecord
from arena.games.core import Event, Outcome

Purpose = Literal["room", "selfplay", "evaluation"]


@dataclass(frozen=True, slots=True)
class MatchStarted:
    """``minds`` names, seat by seat, what played when the match began; ``at`` is in seconds since the Unix epoch.

    ``terms`` is what a server needs beside the rules to go on with the match after a restart; None for matches that
    no server hosts.
    """

    match_id: str
    game: str
    options: Mapping[str, Any]
    seed: str = field(repr=False)
    purpose: Purpose
    rated: bool
    minds: tuple[str, ...]
    at: float
    terms: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SeatFilled:
    """What a seat was given when the match began. ``person`` is a handle; no model ever sees it.

    ``fill`` names the mind that plays where no person does. ``token_hash`` is the sha256 of the secret with which the
    person may come back.
    """

    match_id: str
    seat: int
    person: str | None
    train: bool
    fill: str
    token_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Change number ``n`` of who plays a seat. ``person`` is whose seat it is from now on, ``mind`` what plays it.

    ``reason`` is ``dropped``, ``stalled``, ``left`` or ``back``.
    """

    match_id: str
    n: int
    at: float
    seat: int
    person: str | None
    mind: str
    reason: str


@dataclass(frozen=True, slots=True)
class EventLogged:
    """Event number ``seq`` of the match, counted from 0 over all events, the hidden ones too."""

    match_id: str
    seq: int
    at: float
    event: Event


@dataclass(frozen=True, slots=True)
class DecisionLogged:
    """Decision number ``n`` of the match. ``act_id`` is the sender's own id of the act, where it gave one."""

    match_id: str
    n: int
    at: float
    decision: Decision
    act_id: str | None = None


@dataclass(frozen=True, slots=True)
class TrunkLogged:
    match_id: str
    trunk: TrunkRecord


@dataclass(frozen=True, slots=True)
class MatchEnded:
    match_id: str
    outcome: Outcome
    at: float


@dataclass(frozen=True, slots=True)
class MatchAbandoned:
    """The match will not be played to its end; ``reason`` is stable and short."""

    match_id: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class WaitingSeat:
    """A seat that a person holds before the match; the fields are those of ``SeatFilled``."""

    seat: int
    person: str
    train: bool
    token_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoomWaiting:
    """The whole of a room whose match has not begun, as it is from now on. The newest such row of a room counts, until
    its ``MatchStarted`` or ``RoomGone``. The room's id will be that of its match.

    ``fills`` names what plays each seat, or ``open``. ``maker_seat`` is where its maker sits, who may begin the match.
    ``opened_at`` is in seconds since the Unix epoch. Who is connected just now is not part of it.
    """

    match_id: str
    game: str
    options: Mapping[str, Any]
    seed: str = field(repr=False)
    fills: tuple[str, ...]
    terms: Mapping[str, Any]
    maker_seat: int | None
    seats: tuple[WaitingSeat, ...]
    opened_at: float


@dataclass(frozen=True, slots=True)
class RoomGone:
    """A room that waited is no more, and no match began in it."""

    match_id: str


@dataclass(frozen=True, slots=True)
class MatchRated:
    """How good the person of a seat found a match that is over, 1 to 5 ``stars``. The newest such row of a seat counts;
    ``at`` is in seconds since the Unix epoch."""

    match_id: str
    seat: int
    stars: int
    at: float


LogRow = (
    MatchStarted
    | SeatFilled
    | HandedOver
    | EventLogged
    | DecisionLogged
    | TrunkLogged
    | MatchEnded
    | MatchAbandoned
    | RoomWaiting
    | RoomGone
    | MatchRated
)
Batch = tuple[LogRow, ...]
