"""Minds are foreign code: what they do after they were told to stop concerns nobody."""

from __future__ import annotations

import asyncio

from arena.clock import SystemClock
from arena.decision import MindKind, TrunkRecord
from arena.games.core import Act
from arena.rooms.minds import Answer, Mind, Request
from arena.server.asking import Answered, Asking
from tests.rooms.play import werewolf_room


class Stubborn:
    """The first question is answered although it was withdrawn, the others not at all."""

    def __init__(self) -> None:
        self.asked = 0

    def usual(self, game: str) -> str:
        return "self"

    def mind(self, fill: str, game: str) -> Mind:
        return self

    async def decide(self, request: Request) -> Answer:
        self.asked += 1
        first = self.asked == 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not first:
                raise
        return Answer(Act("late"), MindKind.MODEL, "stubborn")

    def finish(self, match_id: str) -> TrunkRecord | None:
        return None


async def test_an_answer_after_the_question_was_withdrawn_is_nobodys() -> None:
    room = werewolf_room()
    room.start(0.0)
    turn = room.open_turns[0]
    answers: list[Answered] = []
    asking = Asking(room, Stubborn(), SystemClock(), 60.0, answers.append)
    asking.ask(turn)
    await asyncio.sleep(0)
    assert asking.withdraw(turn.seat, turn.id)
    asking.ask(turn)
    for _ in range(5):
        await asyncio.sleep(0)
    assert answers == []
    assert asking.withdraw(turn.seat, turn.id), "the second question was forgotten"
