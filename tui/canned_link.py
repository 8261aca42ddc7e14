"""A connection to the canned game instead of to a server: for screenshots, and the base of the tests' fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from arena.errors import ArenaError
from arena.games.core import Act, checked
from arena.protocol.server_messages import (
    ActAccepted,
    AnyServerMessage,
    RoomInfo,
    RoomJoined,
    SeatInfo,
    Welcomed,
)
from tui.canned import ROOM, CannedGame


class CannedLink:
    """Plays ``game`` for whoever joins; messages lie in ``queue`` until they are read."""

    def __init__(self, game: CannedGame | None = None) -> None:
        self.game = game or CannedGame()
        self.queue: asyncio.Queue[AnyServerMessage | None] = asyncio.Queue()
        self.left = False
        self.welcome = Welcomed(server="arena.example", games=["werewolf"], live_checkpoint="tiny-12")

    def put(self, *messages: AnyServerMessage) -> None:
        for message in messages:
            self.queue.put_nowait(message)

    def close(self) -> None:
        """The server is gone."""
        self.queue.put_nowait(None)

    async def rooms(self) -> list[RoomInfo]:
        return sample_rooms()

    async def create(self, game: str = "werewolf", options: Mapping[str, Any] | None = None) -> RoomInfo:
        return self.game.info("waiting")

    async def join(self, room: str | None = None, seat: int | None = None) -> RoomJoined:
        joined = self.game.joined()
        self.put(*self.game.run())
        return joined

    async def watch(self, room: str) -> RoomJoined:
        self.game = CannedGame(me=None, seed=self.game.seed)
        return await self.join(room)

    async def take_turn(
        self, room: str, turn_id: str, *, text: str = "", choice: str | None = None, act_id: str | None = None
    ) -> ActAccepted:
        """
        Raises:
            IllegalAct: the rules refuse it.
        """
        turn = self.game.opened
        if turn is None or turn.id != turn_id:
            raise ArenaError("That turn is over.", code="act/stale_turn")
        act = checked(turn, Act(text, choice))
        self.put(*self.game.act(act), *self.game.run())
        return ActAccepted(room=ROOM, turn_id=turn_id, act_id=act_id or "")

    async def leave(self, room: str) -> None:
        self.left = True

    async def __aiter__(self) -> AsyncIterator[AnyServerMessage]:
        while (message := await self.queue.get()) is not None:
            yield message


def sample_rooms() -> list[RoomInfo]:
    """A lobby with something in it."""

    def room(name: str, status: Any, phase: str, people: int, open_seats: int, **options: Any) -> RoomInfo:
        minds = ["person"] * people + ["open"] * open_seats + ["model"] * (7 - people - open_seats)
        seats = [SeatInfo(seat=i, name=None, mind=mind) for i, mind in enumerate(minds)]
        return RoomInfo(room=name, game="werewolf", status=status, seats=seats, options=options, phase=phase)

    return [
        room("quiet-mill", "waiting", "", 1, 2, talk_rounds=2, discussion="rounds"),
        room("red-barn", "waiting", "", 0, 1, talk_rounds=1, discussion="parallel"),
        room("old-well", "playing", "Day 2", 2, 0, talk_rounds=1, discussion="rounds"),
        room("north-gate", "playing", "Night 1", 0, 0, talk_rounds=1, discussion="parallel"),
        room("long-field", "over", "Day 3", 1, 0, talk_rounds=1, discussion="rounds"),
    ]
