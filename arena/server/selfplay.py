"""Self-play: a number of rooms that minds fill alone, each followed by the next one when it is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from arena.errors import ArenaError
from arena.games.registry import game_by_name
from arena.server.lobby import Lobby
from arena.server.lobby_room import LobbyRoom

log = logging.getLogger(__name__)

PAUSE_AFTER_FAILURE_S: Final = 2.0


class SelfPlay:
    """Keeps ``rooms`` matches going in the lobby, where they can be watched. All of them are logged as ``selfplay``.

    At most ``per_minute`` of them begin in a minute (0: no limit): a match takes some 30 KiB of the log, and scripts
    alone would play thousands a minute for as long as the server runs.
    """

    def __init__(
        self,
        lobby: Lobby,
        rooms: int,
        game: str,
        options: Mapping[str, Any],
        usual: Callable[[str], str],
        per_minute: float = 0.0,
    ) -> None:
        """``usual`` gives the filling of all seats of a game."""
        self._lobby = lobby
        self._rooms = rooms
        self._game = game
        self._options = options
        self._usual = usual
        self._spacing_s = 60.0 / per_minute if per_minute else 0.0
        self._next_start = 0.0
        self._restored: list[LobbyRoom] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Matches that an earlier server left open are played to their end first."""
        self._restored = [r for r in self._lobby.rooms.values() if r.purpose == "selfplay"]
        self._tasks = [asyncio.create_task(self._play_on(), name=f"selfplay-{n}") for n in range(self._rooms)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _play_on(self) -> None:
        game = game_by_name(self._game)
        seats = game.seat_count(game.options(self._options))
        while self._restored:
            room = self._restored.pop()
            assert room.task is not None
            await room.task.ended.wait()
            self._lobby.finish(room)
        while True:
            await self._turn_to_start()
            fills = [self._usual(self._game)] * seats
            try:
                room = self._lobby.open_room(self._game, self._options, fills, purpose="selfplay")
            except ArenaError as error:
                log.error("self-play cannot open a room: %s", error)
                await asyncio.sleep(PAUSE_AFTER_FAILURE_S)
                continue
            task = self._lobby.start(room)
            await task.ended.wait()
            self._lobby.finish(room)
            if task.failed:
                await asyncio.sleep(PAUSE_AFTER_FAILURE_S)

    async def _turn_to_start(self) -> None:
        """Wait until the next match may begin. The first of each room begin at once."""
        now = asyncio.get_running_loop().time()
        if self._next_start == 0.0:
            self._next_start = now - self._rooms * self._spacing_s
        start = max(self._next_start, now - self._rooms * self._spacing_s)
        self._next_start = start + self._spacing_s
        if start > now:
            await asyncio.sleep(start - now)
