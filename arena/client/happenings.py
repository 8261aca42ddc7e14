"""What happens to a connection that comes back, beside what the server says on it."""

from __future__ import annotations

from dataclasses import dataclass

from arena.protocol.server_messages import AnyServerMessage


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """There is no connection. The next attempt, the ``attempt``-th since it was lost, comes in ``retry_in_s``."""

    why: str
    attempt: int
    retry_in_s: float


@dataclass(frozen=True, slots=True)
class ConnectionBack:
    """Connected again, and every seat is taken up or said to be gone. What was missed follows."""


@dataclass(frozen=True, slots=True)
class SeatGone:
    """A seat, or a room that was watched, could not be taken up again. ``code`` is one of ``arena.protocol.codes``."""

    room: str
    code: str
    message: str


Happening = AnyServerMessage | ConnectionLost | ConnectionBack | SeatGone
