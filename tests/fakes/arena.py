"""A fake arena for the terminal's tests: the canned game, told to the app message by message on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from arena.client.client import RequestRefused
from arena.games.core import Act, Turn
from arena.protocol.server_messages import ActAccepted, AnyServerMessage, RoomInfo, RoomJoined
from tui.canned import CannedGame
from tui.canned_link import CannedLink


class FakeArena(CannedLink):
    """``held`` keeps back what the game says after an act until ``release``; ``refuse_next`` refuses one act."""

    def __init__(self, me: int | None = 0, seed: int = 6, options: Mapping[str, Any] | None = None) -> None:
        super().__init__(CannedGame(me, seed, options))
        self.acts: list[tuple[str, str, str | None]] = []
        self.asked: list[str] = []
        self.created: list[dict[str, Any]] = []
        self.held: list[AnyServerMessage] = []
        self.hold = False
        self.refuse_next: tuple[str, str] | None = None

    def put(self, *messages: AnyServerMessage) -> None:
        if getattr(self, "hold", False):
            self.held.extend(messages)
        else:
            super().put(*messages)

    def release(self, until: Callable[[AnyServerMessage], bool] = lambda _: False) -> None:
        """Deliver what is held, up to and including the first message that ``until`` accepts."""
        self.hold = False
        while self.held:
            message = self.held.pop(0)
            super().put(message)
            if until(message):
                self.hold = True
                return

    def skip_to(self, turn: str, answer: Callable[[Turn], Act] | None = None) -> None:
        """Play my own turns up to the one whose id begins with ``turn``; the app sees all of it at once."""

        def player(open_turn: Turn) -> Act | None:
            if open_turn.id.startswith(turn):
                return None
            return (answer or quiet)(open_turn)

        self.put(*self.game.play(player))

    async def create(self, game: str = "werewolf", options: Mapping[str, Any] | None = None) -> RoomInfo:
        self.created.append(dict(options or {}))
        return await super().create(game, options)

    async def join(self, room: str | None = None, seat: int | None = None) -> RoomJoined:
        self.asked.append(f"join {room}")
        if room is None and self.created == [] and self.game.state.winner is not None:
            self.game = CannedGame(self.game.me, self.game.seed + 1)
        return await super().join(room, seat)

    async def watch(self, room: str) -> RoomJoined:
        self.asked.append(f"watch {room}")
        return await super().watch(room)

    async def take_turn(
        self, room: str, turn_id: str, *, text: str = "", choice: str | None = None, act_id: str | None = None
    ) -> ActAccepted:
        self.acts.append((turn_id, text, choice))
        if self.refuse_next is not None:
            code, message = self.refuse_next
            self.refuse_next = None
            raise RequestRefused(message, code=code)
        return await super().take_turn(room, turn_id, text=text, choice=choice, act_id=act_id)


def quiet(turn: Turn) -> Act:
    """The first choice, and few words."""
    return Act(choice=turn.choices[0]) if turn.choices else Act(text="I listen.")
