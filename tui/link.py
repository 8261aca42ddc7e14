"""What the terminal needs of a connection; ``arena.client`` provides it, and tests bring a scripted one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from arena.client.happenings import Happening
from arena.client.trace import Trace
from arena.protocol.match_rows import MatchPlace
from arena.protocol.recording import Recording
from arena.protocol.server_messages import (
    ActAccepted,
    CheckpointPromoted,
    LadderListed,
    MatchesListed,
    MatchRated,
    RoomInfo,
    RoomJoined,
    RunsListed,
    Welcomed,
)


class Link(Protocol):
    """A connection that comes back when it breaks. Replies to a call are given back by the call, everything else comes
    out of the iteration.

    Every method may raise ``ArenaError``: the server refused, or it is not there at the moment. Acts wait for the
    connection instead. Events of a room may come out of the iteration before the call that joined it has returned.
    """

    @property
    def url(self) -> str: ...

    @property
    def trace(self) -> Trace: ...

    @property
    def welcome(self) -> Welcomed: ...

    async def round_trip_s(self) -> float: ...

    async def rooms(self) -> list[RoomInfo]: ...

    async def ladder(self, game: str | None = None) -> LadderListed: ...

    async def runs(self, run: str | None = None) -> RunsListed: ...

    async def promote(self, checkpoint: str) -> CheckpointPromoted: ...

    async def create(
        self,
        game: str = "werewolf",
        options: Mapping[str, Any] | None = None,
        fills: Sequence[str] | None = None,
        **terms: Any,
    ) -> RoomInfo: ...

    async def join(
        self, room: str | None = None, *, game: str = "werewolf", train: bool = False, blind: bool = False
    ) -> RoomJoined: ...

    async def resume(self, room: str, token: str) -> RoomJoined: ...

    async def begin(self, room: str) -> None: ...

    async def watch(self, room: str, *, everything: bool = False) -> RoomJoined: ...

    async def matches(self, before: MatchPlace | None = None) -> MatchesListed: ...

    async def recording(self, room: str) -> Recording: ...

    def take_turn(
        self, room: str, turn_id: str, *, text: str = "", choice: str | None = None, act_id: str | None = None
    ) -> Coroutine[Any, Any, ActAccepted]: ...

    def talk_among_dead(
        self, room: str, text: str, *, act_id: str | None = None
    ) -> Coroutine[Any, Any, ActAccepted]: ...

    async def take_seat_back(self, room: str) -> None: ...

    async def rate(self, room: str, stars: int) -> MatchRated: ...

    async def leave(self, room: str) -> None: ...

    def __aiter__(self) -> AsyncIterator[Happening]: ...
