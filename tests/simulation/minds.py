"""Minds that answer after a drawn time: late, wrongly, not at all, or although they were told to stop. Their version
changes in mid-match."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

from arena.decision import MindKind, TokenRecord, TrunkRecord
from arena.errors import EngineError
from arena.games.core import Act, Turn
from arena.rooms.minds import Answer, Mind, Request
from tests.simulation.scenario import MIND_S, MindHabits


class Foreign(Exception):
    """What foreign code may raise."""


def drawn(turn: Turn, random: Random) -> Act:
    """A legal act."""
    choice = random.choice(turn.choices) if turn.choices else None
    return Act(f"Word {random.randrange(1000)}." if turn.text_limit else "", choice)


class SimulatedMinds:
    """One server's minds. ``versions`` holds for each turn those that were live when somebody was asked."""

    def __init__(self, habits: MindHabits, random: Random, counts: Counter[str], versions: Versions) -> None:
        self._habits = habits
        self._random = random
        self._counts = counts
        self._versions = versions
        self._minds: dict[str, SimulatedMind] = {}

    def usual(self, game: str) -> str:
        return "self"

    def mind(self, fill: str, game: str) -> Mind:
        if fill not in self._minds:
            self._minds[fill] = SimulatedMind(fill, self._habits, self._random, self._counts, self._versions)
        return self._minds[fill]


class Versions:
    """The version that is live, over all servers of a simulation."""

    def __init__(self) -> None:
        self.live = 1
        self.asked: dict[tuple[str, int, str], set[str]] = {}

    @property
    def name(self) -> str:
        return f"v{self.live}"


class SimulatedMind:
    def __init__(self, fill: str, habits: MindHabits, random: Random, counts: Counter[str], versions: Versions) -> None:
        self._fill = fill
        self._habits = habits
        self._random = random
        self._counts = counts
        self._versions = versions

    async def decide(self, request: Request) -> Answer:
        random, habits, turn = self._random, self._habits, request.turn
        version = self._versions.name
        self._versions.asked.setdefault((request.match_id, request.seat, turn.id), set()).add(version)
        luck = random.random()
        thinks_s = random.expovariate(1.0) * habits.usual_s
        act = drawn(turn, random)
        if luck < habits.late:
            self._counts["late minds"] += 1
            thinks_s = MIND_S * random.uniform(0.9, 1.5)
        elif (luck := luck - habits.late) < habits.fails:
            self._counts["failing minds"] += 1
            await asyncio.sleep(thinks_s)
            raise random.choice((EngineError("the engine is ill"), Foreign("an accident")))
        elif (luck := luck - habits.fails) < habits.illegal:
            self._counts["illegal minds"] += 1
            act = Act("x" * (turn.text_limit + 1), "nobody at all")
        elif luck - habits.illegal < habits.stubborn:
            try:
                await asyncio.sleep(thinks_s)
            except asyncio.CancelledError:
                self._counts["stubborn minds"] += 1
            thinks_s = 0.0
        if thinks_s:
            await asyncio.sleep(thinks_s)
        if version != self._versions.name:
            self._counts["reloads in mid-turn"] += 1
        if self._fill.startswith("scripted"):
            return Answer(act, MindKind.SCRIPT, self._fill)
        tokens = TokenRecord(version, "t", "p", 0, (1,), (2, 3), (-0.5, -1.0))
        return Answer(act, MindKind.MODEL, f"checkpoint:{version}", tokens)

    def finish(self, match_id: str) -> TrunkRecord | None:
        return TrunkRecord("t", "p", (1, 2, 3))
