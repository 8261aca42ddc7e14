"""The list of rooms as it is sent. Making it takes milliseconds, so all who ask at about the same
time share one.

Whoever has just changed something gets a list that shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from arena.clock import Clock
from arena.protocol.server_messages import RoomsListed
from arena.server.limits import Limits

if TYPE_CHECKING:
    from arena.server.lobby import Lobby

_FRESH_S: Final = 0.25


class Listing:
    def __init__(self, lobby: Lobby, limits: Limits, clock: Clock) -> None:
        self._lobby = lobby
        self._limits = limits
        self._clock = clock
        self._made_at = float("-inf")
        self._encoded = b""

    def encoded(self, changed_at: float) -> bytes:
        """A ``RoomsListed`` that is younger than ``changed_at`` and at most a quarter of a second old."""
        now = self._clock.monotonic_s()
        if self._made_at <= changed_at or now - self._made_at > _FRESH_S:
            rooms = self._lobby.infos()[: self._limits.rooms_listed]
            self._encoded = RoomsListed(rooms=rooms).model_dump_json().encode()
            self._made_at = now
        return self._encoded
