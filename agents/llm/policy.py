"""The mind of a language model: keeps each match's trunk, asks an engine, reads the answer.

It sees nothing but each seat's own events; the trunk is made of the public ones among them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.engines.base import DecisionRequest, Engine
from agents.llm.parse import read_choice, read_talk
from agents.llm.prompt import PROMPT_VERSION, SeatReader, Trunk, option_tokens
from arena.decision import MindKind, TokenRecord, TrunkRecord
from arena.games.core import Act
from arena.rooms.minds import Answer, Request


@dataclass(slots=True)
class _Match:
    trunk: Trunk
    readers: dict[int, SeatReader] = field(default_factory=dict)


class PolicyMind:
    """Plays any seats of any matches with one policy of one engine.

    Args:
        policy: ``live`` follows reloads; a checkpoint id stays with those weights.
        temperature: of talk and choices alike; log-probabilities are recorded after it.
    """

    def __init__(self, engine: Engine, policy: str = "live", temperature: float = 1.0, max_tokens: int = 48) -> None:
        self._engine = engine
        self._policy = policy
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._matches: dict[str, _Match] = {}

    async def decide(self, request: Request) -> Answer:
        """
        Raises:
            EngineError: the engine has stopped, or this decision failed in it.
        """
        codec = self._engine.codec
        match = self._matches.get(request.match_id)
        if match is None:
            match = self._matches[request.match_id] = _Match(Trunk.open(codec))
        reader = match.readers.get(request.seat)
        if reader is None:
            reader = match.readers[request.seat] = SeatReader(request.game)
        reader.read_on(codec, match.trunk, request.events)
        branch = reader.branch(codec, request.turn)
        options = option_tokens(codec, request.turn)
        trunk_length = match.trunk.ends[reader.public_events]
        reply = await self._engine.decide(
            DecisionRequest(
                match_id=request.match_id,
                trunk=match.trunk.tokens,
                trunk_length=trunk_length,
                branch=branch,
                options=options,
                policy=self._policy,
                temperature=self._temperature,
                max_tokens=self._max_tokens,
            )
        )
        if options:
            act, fallback = Act(choice=read_choice(options, reply.tokens, request.turn)), None
        else:
            text, fallback = read_talk(codec.decode(reply.tokens), request.turn)
            act = Act(text=text)
        return Answer(
            act=act,
            kind=MindKind.MODEL,
            mind=f"checkpoint:{reply.policy_version}",
            tokens=TokenRecord(
                policy_version=reply.policy_version,
                tokenizer=codec.fingerprint,
                prompt_version=PROMPT_VERSION,
                trunk_length=trunk_length,
                branch=branch,
                sampled=reply.tokens,
                logprobs=reply.logprobs,
                options=options,
                choice_probs=reply.choice_probs,
                temperature=self._temperature,
            ),
            fallback=fallback,
        )

    def finish(self, match_id: str) -> TrunkRecord | None:
        match = self._matches.pop(match_id, None)
        self._engine.forget(match_id, self._policy)
        if match is None:
            return None
        return TrunkRecord(self._engine.codec.fingerprint, PROMPT_VERSION, tuple(match.trunk.tokens))
