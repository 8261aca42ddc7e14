"""A connection to the canned game instead of to a server: for screenshots, and the base of the tests' fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from arena.client.happenings import Happening
from arena.client.trace import Trace
from arena.errors import ArenaError
from arena.games.core import Act, checked
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
    SeatInfo,
    Welcomed,
)
from tui import canned_boards, canned_past
from tui.canned import CannedGame
from tui.canned_match import ROOM, CannedMatch
from tui.canned_recording import recorded


class CannedLink:
    """Plays ``game`` for whoever joins; messages lie in ``queue`` until they are read."""

    def __init__(self, game: CannedMatch[Any, Any] | None = None) -> None:
        self.game: CannedMatch[Any, Any] = game or CannedGame()
        self.queue: asyncio.Queue[Happening | None] = asyncio.Queue()
        self.left = False
        self.url = "ws://arena.example:8765"
        self.trace = Trace(lambda: 0.0)
        self.ladder_told: Callable[[str | None], LadderListed] = canned_boards.ladder
        self.runs_told: Callable[[str | None], RunsListed] = canned_boards.runs
        self.matches_told: Callable[[MatchPlace | None], MatchesListed] = canned_past.matches
        self.welcome = Welcomed(server="arena.example", games=["werewolf"], live_checkpoint="tiny-12")

    def put(self, *messages: Happening) -> None:
        for message in messages:
            self.queue.put_nowait(message)

    def close(self) -> None:
        """There will be no further connection."""
        self.queue.put_nowait(None)

    async def round_trip_s(self) -> float:
        return 0.0123

    async def rooms(self) -> list[RoomInfo]:
        return sample_rooms()

    async def ladder(self, game: str | None = None) -> LadderListed:
        return self.ladder_told(game)

    async def runs(self, run: str | None = None) -> RunsListed:
        return self.runs_told(run)

    async def promote(self, checkpoint: str) -> CheckpointPromoted:
        return CheckpointPromoted(checkpoint=checkpoint)

    async def create(
        self,
        game: str = "werewolf",
        options: Mapping[str, Any] | None = None,
        fills: Sequence[str] | None = None,
        **terms: Any,
    ) -> RoomInfo:
        return self.game.info("waiting")

    async def join(
        self, room: str | None = None, *, game: str = "werewolf", train: bool = False, blind: bool = False
    ) -> RoomJoined:
        joined = self.game.joined()
        self.put(*self.game.run())
        return joined

    async def resume(self, room: str, token: str) -> RoomJoined:
        return await self.join(room)

    async def begin(self, room: str) -> None:
        pass

    async def watch(self, room: str, *, everything: bool = False) -> RoomJoined:
        self.game = self.game.another(None, self.game.seed)
        return await self.join(room)

    async def matches(self, before: MatchPlace | None = None) -> MatchesListed:
        return self.matches_told(before)

    async def recording(self, room: str) -> Recording:
        """Of the match that was played here, or of a whole one like it."""
        match = self.game
        if not match.over:
            match = match.another(None, match.seed)
            for _ in match.run():
                pass
        return recorded(match)

    async def take_seat_back(self, room: str) -> None:
        pass

    async def talk_among_dead(self, room: str, text: str, *, act_id: str | None = None) -> ActAccepted:
        return ActAccepted(room=ROOM, turn_id="dead_talk", act_id=act_id or "")

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

    async def rate(self, room: str, stars: int) -> MatchRated:
        return MatchRated(room=room, stars=stars)

    async def leave(self, room: str) -> None:
        self.left = True

    async def __aiter__(self) -> AsyncIterator[Happening]:
        while (message := await self.queue.get()) is not None:
            yield message


def sample_rooms() -> list[RoomInfo]:
    """A lobby with something in it."""

    def room(code: str, status: Any, phase: str, minutes: int, minds: str, talk: int, **terms: Any) -> RoomInfo:
        kinds = {"p": "person", "o": "open", "m": "model", "h": "hidden"}
        seats = [SeatInfo(seat=i, name=None, mind=kinds[m]) for i, m in enumerate(minds)]
        options = {"talk_rounds": talk, "discussion": "rounds" if talk > 1 else "parallel"}
        return RoomInfo(
            room=f"room-{code.lower()}", game="werewolf", status=status, seats=seats, options=options, phase=phase,
            age_s=60.0 * minutes, code=code, **terms,
        )  # fmt: skip

    return [
        room("KRTWN", "waiting", "", 2, "poommmm", 2, private=True),
        room("BDFGH", "waiting", "", 0, "hhhhhhh", 1, blind=True),
        room("PLNTZ", "playing", "Day 2", 14, "ppmmmmm", 2, dead_talk=True),
        room("WQXVR", "playing", "Night 1", 4, "mmmmmmm", 1, show_all_after_s=60.0),
        room("JZCLM", "over", "Day 3", 135, "pmmmmmm", 2),
    ]
