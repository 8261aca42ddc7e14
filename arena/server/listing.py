"""The list of rooms. Making it takes milliseconds, so all who ask at about the same time share the most of one.

Whoever has just changed something, and was told so, gets a list that shows it. Nothing is listed before it is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from arena.clock import Clock
from arena.protocol.server_messages import RoomInfo
from arena.server.connection import Connection
from arena.server.limits import Limits

if TYPE_CHECKING:
    from arena.server.lobby import Lobby
    from arena.server.lobby_room import LobbyRoom

_FRESH_S: Final = 0.25


class Listing:
    def __init__(self, lobby: Lobby, limits: Limits, clock: Clock) -> None:
        self._lobby = lobby
        self._limits = limits
        self._clock = clock
        self._made_at = float("-inf")
        self._public: list[RoomInfo] = []

    def rooms(self, connection: Connection) -> list[RoomInfo]:
        """The rooms that everybody may find, and those that this connection made or has a part in. Its own private ones
        come first, then those that wait, then the others, the youngest first."""
        now = self._clock.monotonic_s()
        if self._made_at <= connection.changed_at or now - self._made_at > _FRESH_S:
            found = sorted((r for r in self._rooms() if not r.terms.private), key=_waiting_first)
            self._public = [self._info(room) for room in found[: self._limits.rooms_listed]]
            self._made_at = now
        mine = [r for r in self._rooms() if r.terms.private and _takes_part(connection, r)]
        return [*(self._info(room) for room in sorted(mine, key=_waiting_first)), *self._public]

    def _rooms(self) -> Iterator[LobbyRoom]:
        return (room for room in self._lobby.rooms.values() if room.is_stored)

    def _info(self, room: LobbyRoom) -> RoomInfo:
        """A room as it is stored."""
        return room.info(self._clock.monotonic_s(), taken=room.stored_seats)


def _waiting_first(room: LobbyRoom) -> tuple[bool, float]:
    return room.task is not None, -room.made_at


def _takes_part(connection: Connection, room: LobbyRoom) -> bool:
    return room.maker is connection or room.id in connection.seats or room.id in connection.watching
