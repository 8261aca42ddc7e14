"""The minds of one room: asked side by side, each with nothing but what its seat may see."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from arena.clock import Clock
from arena.decision import TrunkRecord
from arena.errors import ArenaError
from arena.games.core import Turn
from arena.journal import TrunkLogged
from arena.rooms.minds import Answer, Mind, MindSource
from arena.rooms.room import Room

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """``answer`` is None where the mind failed; ``reason`` says why then."""

    turn: Turn
    answer: Answer | None
    reason: str
    latency_s: float


class Asking:
    """A mind that fails, or does not answer within ``mind_s`` seconds, is reported like one that answers."""

    def __init__(
        self, room: Room, minds: MindSource, clock: Clock, mind_s: float, answered: Callable[[Answered], None]
    ) -> None:
        self._room = room
        self._minds = minds
        self._clock = clock
        self._mind_s = mind_s
        self._answered = answered
        self._asks: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._used: dict[str, Mind] = {}

    def ask(self, turn: Turn) -> None:
        self._asks[turn.seat, turn.id] = asyncio.create_task(self._ask(turn))

    def withdraw(self, seat: int, turn_id: str) -> bool:
        """Stop a mind that still thinks; False where none was asked."""
        ask = self._asks.pop((seat, turn_id), None)
        if ask is not None:
            ask.cancel()
        return ask is not None

    def stop(self) -> None:
        for ask in self._asks.values():
            ask.cancel()
        self._asks.clear()

    def trunks(self) -> list[TrunkLogged]:
        """Let the minds forget the match, and take what they recorded of it."""
        trunks: dict[tuple[str, str], TrunkRecord] = {}
        used, self._used = self._used, {}
        for mind in {id(m): m for m in used.values()}.values():
            trunk = mind.finish(self._room.match_id)
            if trunk is None:
                continue
            known = trunks.get(key := (trunk.tokenizer, trunk.prompt_version))
            trunks[key] = trunk if known is None else known.with_rows_of(trunk)
        return [TrunkLogged(self._room.match_id, trunk) for trunk in trunks.values()]

    async def _ask(self, turn: Turn) -> None:
        began = self._clock.monotonic_s()
        answer, reason = None, "mind/timeout"
        try:
            async with asyncio.timeout(self._mind_s):
                answer = await self._mind_of(turn.seat).decide(self._room.request(turn))
        except TimeoutError:
            log.warning("room %s: the mind of seat %d did not answer", self._room.match_id, turn.seat)
        except ArenaError as error:
            reason = f"{error.code}: {error}"
            log.warning("room %s: the mind of seat %d failed: %s", self._room.match_id, turn.seat, reason)
        except Exception as error:  # a mind is foreign code: whatever it raises costs it the turn, not the match
            reason = f"{type(error).__name__}: {error}"
            log.exception("room %s: the mind of seat %d failed", self._room.match_id, turn.seat)
        key = (turn.seat, turn.id)
        if self._asks.get(key) is not asyncio.current_task():
            return  # withdrawn, and answered all the same; the turn may be somebody else's by now
        del self._asks[key]
        self._answered(Answered(turn, answer, reason, self._clock.monotonic_s() - began))

    def _mind_of(self, seat: int) -> Mind:
        fill = self._room.seats[seat].fill
        if fill not in self._used:
            self._used[fill] = self._minds.mind(fill, self._room.game.name)
        return self._used[fill]
