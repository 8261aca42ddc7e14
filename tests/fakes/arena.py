"""A fake arena for the terminal's tests: the canned game, told to the app message by message on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from arena.client.client import RequestRefused
from arena.client.happenings import Happening
from arena.games.core import Act, Turn
from arena.protocol.match_rows import MatchPlace
from arena.protocol.server_messages import (
    ActAccepted,
    CheckpointPromoted,
    LadderListed,
    MatchesListed,
    RoomInfo,
    RoomJoined,
    RunsListed,
)
from tui.canned import CannedGame
from tui.canned_link import CannedLink
from tui.canned_match import CannedMatch


class FakeArena(CannedLink):
    """``held`` keeps back what the game says after an act until ``release``; ``refuse_next`` refuses one act."""

    def __init__(
        self,
        me: int | None = 0,
        seed: int = 6,
        options: Mapping[str, Any] | None = None,
        game: CannedMatch[Any, Any] | None = None,
    ) -> None:
        super().__init__(game or CannedGame(me, seed, options))
        self.acts: list[tuple[str, str, str | None]] = []
        self.asked: list[str] = []
        self.created: list[dict[str, Any]] = []
        self.terms: list[dict[str, Any]] = []
        self.held: list[Happening] = []
        self.hold = False
        self.blind = False
        self.refuse_next: tuple[str, str] | None = None
        self.refuse_boards: tuple[str, str] | None = None

    def put(self, *messages: Happening) -> None:
        if getattr(self, "hold", False):
            self.held.extend(messages)
        else:
            super().put(*messages)

    def release(self, until: Callable[[Any], bool] = lambda _: False) -> None:
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

    async def ladder(self, game: str | None = None) -> LadderListed:
        self.asked.append(f"ladder {game}")
        self._refuse_board()
        return await super().ladder(game)

    async def runs(self, run: str | None = None) -> RunsListed:
        self.asked.append(f"runs {run}")
        self._refuse_board()
        return await super().runs(run)

    async def matches(self, before: MatchPlace | None = None) -> MatchesListed:
        self.asked.append(f"matches {before}")
        self._refuse_board()
        return await super().matches(before)

    async def promote(self, checkpoint: str) -> CheckpointPromoted:
        self.asked.append(f"promote {checkpoint}")
        self._refuse_board()
        return await super().promote(checkpoint)

    def _refuse_board(self) -> None:
        if self.refuse_boards is not None:
            raise RequestRefused(self.refuse_boards[1], code=self.refuse_boards[0])

    async def create(
        self,
        game: str = "werewolf",
        options: Mapping[str, Any] | None = None,
        fills: Sequence[str] | None = None,
        **terms: Any,
    ) -> RoomInfo:
        self.created.append(dict(options or {}))
        self.terms.append({**terms, "fills": fills})
        return await super().create(game, options)

    async def join(
        self, room: str | None = None, *, game: str = "werewolf", train: bool = False, blind: bool = False
    ) -> RoomJoined:
        self.asked.append(f"join {room}{' train' if train else ''}{' blind' if blind else ''}")
        if self.blind and not blind:
            raise RequestRefused("Nobody is told there who is a person.", code="room/blind")
        if room is None and self.created == [] and self.game.over:
            self.game = self.game.another(self.game.me, self.game.seed + 1)
        return await super().join(room)

    async def resume(self, room: str, token: str) -> RoomJoined:
        self.asked.append(f"resume {room} {token}")
        return await super().join(room)

    async def begin(self, room: str) -> None:
        self.asked.append(f"begin {room}")

    async def take_seat_back(self, room: str) -> None:
        self.asked.append(f"take back {room}")

    async def talk_among_dead(self, room: str, text: str, *, act_id: str | None = None) -> ActAccepted:
        self.asked.append(f"to the dead: {text}")
        return await super().talk_among_dead(room, text, act_id=act_id)

    async def watch(self, room: str, *, everything: bool = False) -> RoomJoined:
        self.asked.append(f"watch {room}{' everything' if everything else ''}")
        return await super().watch(room, everything=everything)

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
