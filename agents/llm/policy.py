"""The mind of a language model: keeps each match's trunk, asks an engine, reads the answer.

It sees nothing but each seat's own events; the trunk is made of the public ones among them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agents.engines.base import DecisionReply, DecisionRequest, Engine
from agents.llm.parse import read_choice, read_talk
from agents.llm.probe import probe_request
from agents.llm.prompt import (
    PROMPT_VERSION,
    Place,
    SeatReader,
    Trunk,
    memory_key,
    option_tokens,
    room_for,
    trunk_limit,
)
from agents.llm.thinking import NO_THINKING, Thinking, Thought, most_tokens, think
from arena.decision import TALK_AGAIN, TALK_EMPTY, MindKind, TokenRecord, TrunkRecord
from arena.games.core import Act, Event, Game, Question, Turn
from arena.rooms.minds import Answer, Request


@dataclass(slots=True)
class _Match:
    trunk: Trunk
    readers: dict[int, SeatReader] = field(default_factory=dict)
    decided: Place | None = None
    """The farthest place that a decision was made at: what came later is nobody's prompt and is not recorded."""


class PolicyMind:
    """Plays any seats of any matches with one policy of one engine.

    Args:
        policy: ``live`` follows reloads; a checkpoint id stays with those weights.
        temperature: of thoughts, talk and choices alike; log-probabilities are recorded after it.
        max_tokens: of a message.
        thinking: whether it writes a hidden thought before each answer.
    """

    def __init__(
        self,
        engine: Engine,
        policy: str = "live",
        temperature: float = 1.0,
        max_tokens: int = 48,
        thinking: Thinking = NO_THINKING,
    ) -> None:
        self._engine = engine
        self._policy = policy
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._thinking = thinking
        self._matches: dict[str, _Match] = {}

    async def decide(self, request: Request) -> Answer:
        """
        Raises:
            EngineError: the engine has stopped, or this decision failed in it.
        """
        codec, turn = self._engine.codec, request.turn
        match, reader, place = self._read(request.match_id, request.game, request.seat, request.events)
        match.decided = max(match.decided or place, place)
        options = option_tokens(codec, turn)
        asking = DecisionRequest(
            match_id=memory_key(request.match_id, place.epoch),
            trunk=match.trunk.epochs[place.epoch],
            trunk_length=place.length,
            branch=(),
            policy=self._policy,
            temperature=self._temperature,
            max_tokens=self._max_tokens,
        )
        cue = request.game.cue(reader.names, turn)
        answer = max(map(len, options), default=self._max_tokens)
        room = room_for(self._engine.context_tokens, place, answer)
        thought = None
        if self._thinking.tokens:
            thought = await self._think(asking, reader, turn, cue, room)
            branch = (*thought.before, *codec.encode(cue))
        else:
            branch = reader.branch(codec, turn, room)
        asking = replace(asking, branch=branch, options=options)
        reply = await self._engine.decide(asking)
        said, note = ("", None) if options else read_talk(codec.decode(reply.tokens), turn, cue)
        if note == TALK_EMPTY:
            reply = await self._engine.decide(asking)
            said, note = read_talk(codec.decode(reply.tokens), turn, cue)
            note = TALK_AGAIN if said else note
        choice = read_choice(options, reply.tokens, turn) if options else None
        made_by = {reply.policy_version} | (frozenset() if thought is None else thought.versions)
        return Answer(
            act=Act(said, choice, thought and thought.text),
            kind=MindKind.MODEL,
            mind=f"checkpoint:{reply.policy_version}",
            tokens=TokenRecord(
                policy_version=reply.policy_version,
                tokenizer=codec.fingerprint,
                prompt_version=PROMPT_VERSION,
                trunk_length=place.length,
                branch=branch,
                sampled=reply.tokens,
                logprobs=reply.logprobs,
                options=options,
                choice_probs=reply.choice_probs,
                temperature=self._temperature,
                epoch=place.epoch,
                trunk_limit=match.trunk.limit,
                thought=thought and thought.record,
                trainable=len(made_by) == 1 and reply.trainable and (thought is None or thought.trainable),
            ),
            fallback=note,
        )

    async def _think(
        self, asking: DecisionRequest, reader: SeatReader, turn: Turn, cue: str, room: int | None
    ) -> Thought:
        codec, thinking = self._engine.codec, self._thinking
        if room is not None:
            room -= most_tokens(codec, thinking) + len(codec.encode(cue))

        def ask(branch: tuple[int, ...], tokens: int) -> Awaitable[DecisionReply]:
            return self._engine.decide(replace(asking, branch=branch, max_tokens=tokens))

        return await think(ask, codec, thinking, reader.asked(codec, turn.choices, thinking.opens, room))

    async def believe(
        self, match_id: str, game: Game[Any, Any], events: Sequence[Event], question: Question
    ) -> tuple[float, ...]:
        """What a seat of a match that this mind plays in believes just now: the probability of each choice.

        ``events`` is the seat's stream, as in a request. The match goes on as if nobody had asked.

        Raises:
            EngineError: the engine has stopped, or the probe failed in it.
        """
        match, reader, _ = self._read(match_id, game, question.seat, events)
        context = self._engine.context_tokens
        reply = await self._engine.decide(
            probe_request(
                self._engine.codec, match.trunk, reader, question,
                memory=match_id, context=context, policy=self._policy,
            )
        )  # fmt: skip
        assert len(reply.choice_probs) == len(question.choices), "a probe gives probabilities"
        return reply.choice_probs

    def _read(
        self, match_id: str, game: Game[Any, Any], seat: int, events: Sequence[Event]
    ) -> tuple[_Match, SeatReader, Place]:
        """Read a seat's stream on; the match, its reader, and the place in the trunk that it has come to."""
        codec = self._engine.codec
        match = self._matches.get(match_id)
        if match is None:
            limit = trunk_limit(self._engine.context_tokens, self._thinking.tokens)
            match = self._matches[match_id] = _Match(Trunk.open(codec, limit))
        reader = match.readers.get(seat)
        if reader is None:
            reader = match.readers[seat] = SeatReader(game)
        before = len(match.trunk.epochs)
        reader.read_on(codec, match.trunk, events)
        for over in range(before - 1, len(match.trunk.epochs) - 1):
            self._engine.forget(memory_key(match_id, over), self._policy)
        return match, reader, match.trunk.places[reader.public_events]

    def finish(self, match_id: str) -> TrunkRecord | None:
        match = self._matches.pop(match_id, None)
        for epoch in range(1 if match is None else len(match.trunk.epochs)):
            self._engine.forget(memory_key(match_id, epoch), self._policy)
        if match is None or match.decided is None:
            return None
        tokens: list[int] = []
        starts: list[int] = []
        for epoch, written in enumerate(match.trunk.epochs[: match.decided.epoch + 1]):
            starts.append(len(tokens))
            tokens.extend(written if epoch < match.decided.epoch else written[: match.decided.length])
        fingerprint, limit = self._engine.codec.fingerprint, match.trunk.limit
        return TrunkRecord(fingerprint, PROMPT_VERSION, tuple(tokens), tuple(starts), limit)
