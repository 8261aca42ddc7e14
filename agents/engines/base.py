"""What a policy engine is: prompts in, sampled tokens with their log-probabilities and their policy's version out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.llm.prompt import Codec

LIVE = "live"
"""The policy that follows reloads."""


@dataclass(frozen=True, slots=True)
class DecisionRequest:
    """One decision to make.

    ``trunk`` is the match's growing token list: between two requests it is only ever appended to, so an engine may keep
    what it computed for a prefix. This decision's prompt is ``trunk[:trunk_length] + branch``. With ``options`` the
    answer is one of these token sequences, sampled by the policy's probabilities renormalised over them; without, it is
    free text up to and including the first token that ends a line.
    """

    match_id: str
    trunk: Sequence[int]
    trunk_length: int
    branch: tuple[int, ...]
    options: tuple[tuple[int, ...], ...] = ()
    policy: str = LIVE
    temperature: float = 1.0
    max_tokens: int = 48


@dataclass(frozen=True, slots=True)
class DecisionReply:
    """``logprobs[i]`` is of ``tokens[i]`` in nats, after temperature and masking; ``choice_probs`` go by option."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    policy_version: str
    choice_probs: tuple[float, ...] = ()


class Engine(Protocol):
    @property
    def codec(self) -> Codec: ...

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        """
        Raises:
            EngineError: the decision failed or the engine has stopped; the caller passes the turn.
        """
        ...

    def forget(self, match_id: str, policy: str) -> None:
        """Drop what is kept for a match."""
        ...
