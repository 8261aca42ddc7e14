"""What the terminal needs of a connection; ``arena.client`` provides it, and tests bring a scripted one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from arena.protocol.server_messages import AnyServerMessage


class Link(Protocol):
    """One open connection. Answers come as messages of the stream, or as the return value, or both.

    Every method may raise ``ArenaError``: the server refused, or it is gone.
    """

    async def rooms(self) -> Any: ...

    async def create(self, game: str = "werewolf", options: Mapping[str, Any] | None = None) -> Any: ...

    async def join(self, room: str | None = None, seat: int | None = None) -> Any: ...

    async def watch(self, room: str) -> Any: ...

    async def take_turn(
        self, room: str, turn_id: str, text: str = "", choice: str | None = None, act_id: str | None = None
    ) -> Any: ...

    async def leave(self, room: str) -> Any: ...

    def __aiter__(self) -> AsyncIterator[AnyServerMessage]: ...
