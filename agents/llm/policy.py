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
from agents.llm.prompt import PROMPT_VERSION, SeatReader, memory_key, option_tokens, room_for, trunk_limit
from agents.llm.reading import MatchReader, Read
from agents.llm.thinking import NO_THINKING, Thinking, Thought, most_tokens, think
from arena.decision import TALK_AGAIN, TALK_EMPTY, MindKind, TokenRecord, TrunkRecord
from arena.games.core import Act, Event, Game, Question, Turn
from arena.rooms.minds import Answer, Request


@dataclass(slots=True)
class _Match:
    reader: MatchReader
    decided: dict[int, int] = field(default_factory=dict)
    """By row, the farthest place that a decision was made at: what came later is nobody's prompt and is not
    recorded."""
    forgotten: set[int] = field(default_factory=set)


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
        match, (reader, place, row) = self._read(request.match_id, request.game, request.seat, request.events)
        match.decided[place.epoch] = max(match.decided.get(place.epoch, 0), place.length)
        options = option_tokens(codec, turn)
        asking = DecisionRequest(
            match_id=memory_key(request.match_id, place.epoch),
            trunk=row,
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
                trunk_limit=match.reader.limit,
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

        return await think(
            ask, codec, thinking, reader.asked(codec, turn.choices, codec.encode_own(thinking.opens), room)
        )

    async def believe(
        self, match_id: str, game: Game[Any, Any], events: Sequence[Event], question: Question
    ) -> tuple[float, ...]:
        """What a seat of a match that this mind plays in believes just now: the probability of each choice.

        ``events`` is the seat's stream, as in a request. The match goes on as if nobody had asked.

        Raises:
            EngineError: the engine has stopped, or the probe failed in it.
        """
        _, read = self._read(match_id, game, question.seat, events)
        context = self._engine.context_tokens
        reply = await self._engine.decide(
            probe_request(self._engine.codec, read, question, memory=match_id, context=context, policy=self._policy)
        )
        assert len(reply.choice_probs) == len(question.choices), "a probe gives probabilities"
        return reply.choice_probs

    def _read(self, match_id: str, game: Game[Any, Any], seat: int, events: Sequence[Event]) -> tuple[_Match, Read]:
        """Read a seat's stream on; the match, and where the seat has come to."""
        match = self._matches.get(match_id)
        if match is None:
            limit = trunk_limit(self._engine.context_tokens, self._thinking.tokens)
            match = self._matches[match_id] = _Match(MatchReader(self._engine.codec, game, limit))
        read = match.reader.read_on(seat, events)
        for row in match.reader.over() - match.forgotten:
            self._engine.forget(memory_key(match_id, row), self._policy)
            match.forgotten.add(row)
        return match, read

    def finish(self, match_id: str) -> TrunkRecord | None:
        match = self._matches.pop(match_id, None)
        if match is None:
            self._engine.forget(match_id, self._policy)
            return None
        rows = match.reader.rows()
        for row in rows:
            self._engine.forget(memory_key(match_id, row), self._policy)
        if not match.decided:
            return None
        full = match.reader.over()
        tokens: list[int] = []
        starts: list[int] = []
        for row in range(max(match.decided) + 1):
            starts.append(len(tokens))
            written = rows.get(row, [])
            tokens.extend(written if row in full else written[: match.decided.get(row, 0)])
        fingerprint = self._engine.codec.fingerprint
        return TrunkRecord(fingerprint, PROMPT_VERSION, tuple(tokens), tuple(starts), match.reader.limit)
