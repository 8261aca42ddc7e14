"""The mind of a chat model: asks its endpoint, reads the answer, asks once more where it could not be read.

Its acts are a foreign model's: logged without tokens, never trained on. What it thought goes into ``Act.thought`` and
nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from agents.chat.answer import NotRead, Read, read_answer
from agents.chat.client import ChatClient, Session
from agents.chat.dialect import Message
from agents.chat.prompt import answer_schema, asked_again, seat_messages
from agents.chat.thought import joined
from agents.chat.transport import UNREADABLE
from agents.chat.wire import Reply
from arena.decision import MindKind, TrunkRecord
from arena.errors import EngineError
from arena.games.core import Act, Turn
from arena.rooms.minds import Answer, Request

KIND: Final = "openai"
"""The kind of filling: ``openai:NAME``."""
DECLINED: Final = "engine/declined"
CHARACTERS_PER_TOKEN: Final = 4
"""So much of a thought is kept for each token that it may have."""


class Outcome(StrEnum):
    """What became of a turn that a chat model was asked for."""

    CLEAN = "clean"
    FORGIVEN = "forgiven"
    """The answer was not in the form that was asked for, but its meaning was plain."""
    ASKED_AGAIN = "asked_again"
    """The first answer could not be used, the second could."""
    FALLBACK = "fallback"
    """Neither could, and the turn was passed."""
    REFUSED = "refused"
    """The model or its server declined to answer twice."""
    FAILED = "failed"
    """The endpoint gave no answer."""


class ChatMind:
    """Plays any seats of any matches with one model of one endpoint.

    ``outcomes`` counts turns of matches that are over: a number that moved at night would tell who has something to do.
    """

    def __init__(self, client: ChatClient) -> None:
        self._client = client
        self._mind = f"{KIND}:{client.name}"
        self.outcomes: Counter[Outcome] = Counter()
        self._pending: dict[str, Counter[Outcome]] = {}

    def report(self) -> dict[str, Any]:
        """What became of its turns, and what they took, as JSON values."""
        usage, spent = self._client.usage, self._client.money
        counted = {str(outcome): self.outcomes[outcome] for outcome in Outcome}
        return {
            "mind": self._mind,
            **counted,
            "tokens_read": usage.read,
            "tokens_written": usage.written,
            "tokens_estimated": usage.estimated,
            "money": round(spent, 6),
        }

    async def decide(self, request: Request) -> Answer:
        """
        Raises:
            EngineError: the endpoint gave no answer, or none for a turn that may not be passed.
        """
        counts = self._pending.setdefault(request.match_id, Counter())
        try:
            async with self._client.session(request.match_id) as session:
                outcome, answer = await self._decided(session, request)
        except EngineError:
            counts[Outcome.FAILED] += 1
            raise
        counts[outcome] += 1
        if answer.fallback is not None and not request.turn.may_pass:
            code, _, message = answer.fallback.partition(": ")
            raise EngineError(message, code=code)
        return answer

    def finish(self, match_id: str) -> TrunkRecord | None:
        self._client.purse.close(match_id)
        self.outcomes += self._pending.pop(match_id, Counter())
        return None

    async def _decided(self, session: Session, request: Request) -> tuple[Outcome, Answer]:
        turn, asks = request.turn, self._client.endpoint.ask_for_thought
        messages: Sequence[Message] = seat_messages(request, ask_for_thought=asks)
        schema = answer_schema(turn, ask_for_thought=asks)
        first = await session.ask(messages, schema)
        read = _read(first, turn)
        thought = joined(first.thought, read.thought)
        if isinstance(read, Read):
            return (Outcome.FORGIVEN if read.forgiven else Outcome.CLEAN), self._answer(read.act, thought)
        second = await session.ask(asked_again(messages, first.content, read.reason), schema)
        read = _read(second, turn)
        thought = joined(thought, second.thought, read.thought)
        if isinstance(read, Read):
            return Outcome.ASKED_AGAIN, self._answer(read.act, thought)
        if second.refusal is not None:
            return Outcome.REFUSED, self._answer(Act(), thought, f"{DECLINED}: The model declined to answer.")
        return Outcome.FALLBACK, self._answer(Act(), thought, f"{UNREADABLE}: {read.reason}")

    def _answer(self, act: Act, thought: str, fallback: str | None = None) -> Answer:
        e = self._client.endpoint
        kept = thought[: CHARACTERS_PER_TOKEN * (e.thought_tokens + e.answer_tokens)]
        return Answer(Act(act.text, act.choice, kept or None), MindKind.MODEL, self._mind, fallback=fallback)


def _read(reply: Reply, turn: Turn) -> Read | NotRead:
    if reply.refusal is not None:
        return NotRead("You declined. It is a game among players who know that it is one.")
    read = read_answer(reply.content, turn)
    if isinstance(read, NotRead) and reply.cut:
        return NotRead("It was too long and was cut off. Be brief.", read.thought)
    return read
