"""Minds for tests: they answer at once, from nothing but the request."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field

from arena.decision import MindKind, TrunkRecord
from arena.errors import EngineError, UnknownName
from arena.games.chance import Chance
from arena.games.core import Act, Turn
from arena.rooms.minds import Answer, Mind, Request


def drawn_act(turn: Turn, chance: Chance, key: str) -> Act:
    """A legal act, drawn."""
    choice = chance.pick(f"{key}/choice", turn.choices) if turn.choices else None
    text = f"I am {chance.below(f'{key}/text', 1000)}."[: turn.text_limit] if turn.text_limit else ""
    return Act(text, choice)


def public_act(turn: Turn, salt: str = "") -> Act:
    """A legal act that is a function of the turn alone, so that two worlds which look alike to a seat get the same."""
    digest = hashlib.sha256(repr((turn, salt)).encode()).hexdigest()
    return drawn_act(turn, Chance(digest), "act")


def blind_act(turn: Turn) -> Act:
    """A legal act that depends on the kind and id of the turn alone, never on who holds which secret."""

    def rank(choice: str) -> str:
        return hashlib.sha256(f"{turn.kind}/{turn.id}/{choice}".encode()).hexdigest()

    choice = min(turn.choices, key=rank) if turn.choices else None
    return Act(f"It is {turn.id}." if turn.text_limit else "", choice)


class BlindMind:
    async def decide(self, request: Request) -> Answer:
        return Answer(blind_act(request.turn), MindKind.SCRIPT, "blind")

    def finish(self, match_id: str) -> TrunkRecord | None:
        return None


class BlindMinds:
    def usual(self, game: str) -> str:
        return "self"

    def mind(self, fill: str, game: str) -> Mind:
        return BlindMind()


@dataclass(slots=True)
class RandomMind:
    """Answers with a drawn legal act. ``delay_s`` makes it think, ``broken`` fail; ``silent`` never answers."""

    seed: str = "0"
    delay_s: float = 0.0
    broken: bool = False
    silent: bool = False
    asked: list[Request] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    async def decide(self, request: Request) -> Answer:
        self.asked.append(request)
        if self.silent:
            await asyncio.Event().wait()
        if self.broken:
            raise EngineError("the fake engine is broken")
        await asyncio.sleep(self.delay_s)
        key = f"{request.match_id}/{request.seat}/{request.turn.id}"
        return Answer(drawn_act(request.turn, Chance(self.seed), key), MindKind.SCRIPT, "random")

    def finish(self, match_id: str) -> TrunkRecord | None:
        self.finished.append(match_id)
        return TrunkRecord("fake", "p0", (1, 2, 3))


@dataclass(slots=True)
class FakeMinds:
    """A ``MindSource`` that gives every fill but ``nobody`` the same mind."""

    one: RandomMind = field(default_factory=RandomMind)

    def usual(self, game: str) -> str:
        return "self"

    def mind(self, fill: str, game: str) -> Mind:
        if fill == "nobody":
            raise UnknownName("Nothing has the name 'nobody'.")
        return self.one
