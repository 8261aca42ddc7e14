"""What the terminal needs of a connection; ``arena.client`` provides it, and tests bring a scripted one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from arena.protocol.server_messages import ActAccepted, AnyServerMessage, RoomInfo, RoomJoined, Welcomed


class Link(Protocol):
    """One open connection. Replies to a call are given back by the call, everything else comes out of the iteration.

    Every method may raise ``ArenaError``: the server refused, or it is gone. Events of a room may come out of the
    iteration before the call that joined it has returned.
    """

    @property
    def welcome(self) -> Welcomed: ...

    async def rooms(self) -> list[RoomInfo]: ...

    async def create(self, game: str = "werewolf", options: Mapping[str, Any] | None = None) -> RoomInfo: ...

    async def join(self, room: str | None = None, seat: int | None = None) -> RoomJoined: ...

    async def watch(self, room: str) -> RoomJoined: ...

    async def take_turn(
        self, room: str, turn_id: str, *, text: str = "", choice: str | None = None, act_id: str | None = None
    ) -> ActAccepted: ...

    async def leave(self, room: str) -> None: ...

    def __aiter__(self) -> AsyncIterator[AnyServerMessage]: ...
