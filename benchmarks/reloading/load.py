"""Games in flight while an engine's weights change: what it was asked, what it answered and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from agents.engines.base import DecisionReply, DecisionRequest, Engine
from agents.llm.policy import PolicyMind
from agents.llm.prompt import Codec
from agents.runner import Lineup, no_log, play_matches
from arena.errors import EngineError
from arena.games.registry import game_by_name
from benchmarks.reloading.checkpoints import Answer

_LOOK_S: Final = 0.005
_CALM: Final = 3
"""Decisions a game before the first reload."""


class Reloading(Engine, Protocol):
    async def reload(self, source: str | Path) -> str: ...


@dataclass(slots=True)
class Watched:
    """An engine, and an account of what minds had from it. All times are on ``time.perf_counter``'s clock."""

    engine: Reloading
    asked: int = 0
    failed: int = 0
    answers: list[Answer] = field(default_factory=list)
    decided_at: list[float] = field(default_factory=list)
    """When each of the answers came."""
    turns: list[tuple[str, int, str]] = field(default_factory=list)
    """Match, seat and turn of each logged decision. (A model may be asked twice in a turn: an empty message.)"""
    reloaded: list[tuple[float, float]] = field(default_factory=list)
    """When each reload began and was over."""
    loaded_until: float = 0.0
    """No new games from then on."""
    lags_s: list[float] = field(default_factory=list)
    """How late a timer on the event loop fired."""
    early_bytes: int = 0
    """Resident memory after a fifth of the reloads, and after all of them."""
    late_bytes: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _wake_at: int = 0

    @property
    def codec(self) -> Codec:
        return self.engine.codec

    @property
    def context_tokens(self) -> int | None:
        return self.engine.context_tokens

    def forget(self, match_id: str, policy: str) -> None:
        self.engine.forget(match_id, policy)

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        self.asked += 1
        try:
            reply = await self.engine.decide(request)
        except EngineError:
            self.failed += 1
            raise
        self.decided_at.append(time.perf_counter())
        self.answers.append((request, reply))
        if len(self.answers) >= self._wake_at:
            self._wake.set()
        return reply

    async def answered(self, count: int) -> None:
        """Until so many more decisions have been answered."""
        self._wake_at = len(self.answers) + count
        self._wake.clear()
        await self._wake.wait()

    @property
    def lost(self) -> int:
        return self.asked - self.failed - len(self.answers)

    @property
    def doubled(self) -> int:
        return len(self.turns) - len(set(self.turns))

    def gaps_s(self) -> tuple[list[float], list[float]]:
        """The times between one answer and the next: before the first reload, and from there on under load."""
        first = self.reloaded[0][0]
        pairs = list(zip(self.decided_at, self.decided_at[1:], strict=False))
        calm = [b - a for a, b in pairs if b <= first]
        return calm, [b - a for a, b in pairs if b > first and a <= self.loaded_until]


async def play(
    watched: Watched, sources: Sequence[Path], games: int, reloads: int, resident_bytes: Callable[[], int]
) -> None:
    """Keep ``games`` matches going while weights change: after every quarter of a decision a game to the next of
    ``sources``, of which the first is live already. Every match that was begun is played to its end."""
    game = game_by_name("werewolf")
    over = False

    def lineups() -> Iterator[Lineup]:
        n = 0
        while not over or n < games:
            yield Lineup(f"reload/{n}", ("self",) * 7)
            n += 1

    async def watch() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(_LOOK_S)
            watched.lags_s.append(time.perf_counter() - begun - _LOOK_S)

    async def reload() -> None:
        nonlocal over
        try:
            await watched.answered(_CALM * games)
            for n in range(1, reloads + 1):
                await watched.answered(games // 4)
                begun = time.perf_counter()
                await watched.engine.reload(sources[n % len(sources)])
                watched.reloaded.append((begun, time.perf_counter()))
                if n == max(1, reloads // 5):
                    watched.early_bytes = resident_bytes()
            watched.late_bytes = resident_bytes()
            await watched.answered(games // 4)
        finally:
            over = True
            watched.loaded_until = time.perf_counter()

    watching, reloading = asyncio.create_task(watch()), asyncio.create_task(reload())
    minds = {"self": PolicyMind(watched)}
    try:
        matches = play_matches(game, game.options({}), lineups(), minds, no_log, purpose="selfplay", at_once=games)
        async for match in matches:
            watched.turns.extend((match.match_id, d.seat, d.turn_id) for d in match.decisions)
        await reloading
    finally:
        for task in (watching, reloading):
            task.cancel()
        await asyncio.gather(watching, reloading, return_exceptions=True)
