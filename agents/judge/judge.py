"""Scoring finished scenario matches with a chat model: one request for each seat, at temperature 0.

One request a seat and not one a match: an answer stays short enough for a small model (twelve scores with reasons, not
twelve for each of up to eight people), scores of one person are not set against those of the person before, a failure
costs one seat, and requests run side by side. The transcript comes first in all of them, so an endpoint that keeps
prefixes reads it once; one that does not reads it once a seat.

Retries, waiting, the form of structured output and the budget are the chat client's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agents.chat.budget import BYTES_PER_TOKEN, estimated_tokens
from agents.chat.client import ChatClient, Session
from agents.chat.dialect import Message
from agents.chat.mind import DECLINED, KIND
from agents.chat.prompt import asked_again
from agents.chat.transport import UNREADABLE
from agents.judge.answer import Score, faults, merged, read_scores
from agents.judge.episode import Episode
from agents.judge.prompt import JUDGE_PROMPT_VERSION, TRANSCRIPT_BYTES, judge_messages, judge_schema
from arena.errors import EngineError
from arena.games.scenario.dimensions import Dimension, overall

SCORE_TOKENS: Final = 150
"""Room in the answer for one dimension."""
SECOND_ASKING_TOKENS: Final = 1_000
"""Room in the prompt for an answer that could not be used, and why."""
_NO_OBJECT: Final = "It holds no JSON object with the scores."
_CUT: Final = "It was too long and was cut off. Be brief."


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one judge made of one seat. ``scores`` has an entry for every dimension that was asked for, a missing one
    where there is no score. ``failure`` (``code: sentence``) says why there is none at all."""

    match_id: str
    judge: str
    prompt_version: str
    seat: int
    scores: Mapping[Dimension, Score]
    failure: str | None = None

    @property
    def overall(self) -> float | None:
        """The mean of the seven dimensions of SOTOPIA-EVAL; None when one is missing."""
        return overall({d: s.value for d, s in self.scores.items()})

    @property
    def whole(self) -> bool:
        """Whether no score is missing."""
        return all(s.value is not None for s in self.scores.values())


class Judge:
    """One chat model as a judge. Use it in one event loop; closing the client is the caller's.

    Args:
        client: the endpoint, with the purse that pays.
        dimensions: what is scored.
    """

    def __init__(self, client: ChatClient, dimensions: Sequence[Dimension] = tuple(Dimension)) -> None:
        assert dimensions, "a judge scores something"
        self._client = client
        self.name = f"{KIND}:{client.name}"
        self.dimensions = tuple(dimensions)

    async def judge(self, episode: Episode) -> tuple[Judgement, ...]:
        """A judgement for each seat, in the order of the seats. Failures are in there; nothing is raised for them."""
        account = f"judge {episode.match_id}"
        try:
            seats = sorted(p.seat for p in episode.people)
            return tuple(await asyncio.gather(*(self._seat(episode, seat, account) for seat in seats)))
        finally:
            self._client.purse.close(account)

    async def judge_all(
        self, episodes: Sequence[Episode], judged: Callable[[tuple[Judgement, ...]], Awaitable[None]] | None = None
    ) -> list[tuple[Judgement, ...]]:
        """Several episodes, as many at a time as the endpoint takes requests, in their order.

        Args:
            judged: told of each as soon as it is done. What it raises ends the rest.
        """
        gate = asyncio.Semaphore(self._client.endpoint.requests_at_once)

        async def one(episode: Episode) -> tuple[Judgement, ...]:
            async with gate:
                found = await self.judge(episode)
            if judged is not None:
                await judged(found)
            return found

        tasks = [asyncio.create_task(one(episode)) for episode in episodes]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()

    async def _seat(self, episode: Episode, seat: int, account: str) -> Judgement:
        failure = None
        scores: dict[Dimension, Score] = {}
        try:
            async with self._client.session(account) as session:
                await self._ask(session, episode, seat, scores)
        except EngineError as error:
            if not scores:  # what was scored is not lost because the second asking failed
                failure = f"{error.code}: {error.message}"
                scores = {d: Score(None, missing=failure) for d in self.dimensions}
        return Judgement(episode.match_id, self.name, JUDGE_PROMPT_VERSION, seat, scores, failure)

    async def _ask(self, session: Session, episode: Episode, seat: int, scores: dict[Dimension, Score]) -> None:
        """Fill ``scores`` from the endpoint's answer, and from a second one where the first leaves something missing.

        Raises:
            EngineError: an answer could not be had; or none held any score, and ``scores`` is empty.
        """
        messages, schema = self._messages(episode, seat), judge_schema(self.dimensions)
        asked = messages
        for again in (False, True):
            reply = await session.ask(asked, schema, temperature=0.0, max_tokens=self._answer_tokens)
            if reply.refusal is not None:
                raise EngineError("The model declined to judge.", code=DECLINED)
            read = read_scores(reply.content, self.dimensions)
            if read is not None:
                scores.update(merged(scores, read))
            wrong = faults(scores) if scores else _NO_OBJECT
            if not wrong:
                return
            if again and not scores:
                raise EngineError(f"No answer could be read. {_CUT if reply.cut else wrong}", code=UNREADABLE)
            asked = asked_again(messages, reply.content, _CUT if reply.cut else wrong)

    @property
    def _answer_tokens(self) -> int:
        e = self._client.endpoint
        return e.thought_tokens + max(e.answer_tokens, SCORE_TOKENS * len(self.dimensions))

    def _messages(self, episode: Episode, seat: int) -> tuple[Message, ...]:
        room = self._client.endpoint.context_tokens
        if room is None:
            return judge_messages(episode, seat, self.dimensions)
        bare = estimated_tokens(m["content"] for m in judge_messages(episode, seat, self.dimensions, 0))
        left = room - self._answer_tokens - SECOND_ASKING_TOKENS - bare
        most = max(0, min(TRANSCRIPT_BYTES, int(left * BYTES_PER_TOKEN)))
        return judge_messages(episode, seat, self.dimensions, most)
