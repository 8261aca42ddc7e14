"""Scripts as a mind: each seat of each match gets a script of its own, which reads on where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from agents.scripted.base import Script, act
from arena.decision import MindKind, TrunkRecord
from arena.rooms.minds import Answer, Request


@dataclass(slots=True)
class _Player:
    script: Script
    random: Random
    read: int = 0


class ScriptedMind:
    """Plays any number of seats with one kind of script."""

    def __init__(self, name: str, make: Callable[[Random], Script], seed: int | str) -> None:
        self._mind = "random" if name == "random" else f"scripted:{name}"
        self._make = make
        self._seed = seed
        self._players: dict[str, dict[int, _Player]] = {}

    async def decide(self, request: Request) -> Answer:
        seats = self._players.setdefault(request.match_id, {})
        player = seats.get(request.seat)
        if player is None:
            source = self._source(request.match_id, request.seat)
            player = seats[request.seat] = _Player(self._make(Random(source.getrandbits(64))), source)
        for event in request.events[player.read :]:
            player.script.see(event)
        player.read = len(request.events)
        return Answer(act(player.script, request.turn, player.random), MindKind.SCRIPT, self._mind)

    def finish(self, match_id: str) -> TrunkRecord | None:
        self._players.pop(match_id, None)
        return None

    def _source(self, match_id: str, seat: int) -> Random:
        digest = hashlib.sha256(f"{self._seed}\x1f{match_id}\x1f{seat}".encode()).digest()
        return Random(int.from_bytes(digest[:8], "big"))
