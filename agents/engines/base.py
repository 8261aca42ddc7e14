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

    ``trunk`` is a growing token list that ``match_id`` names (a match whose trunk was shortened goes on under another
    name): between two requests it is only ever appended to, so an engine may keep what it computed for a prefix. This
    decision's prompt is ``trunk[:trunk_length] + branch``. With ``options`` the answer is one of these token sequences,
    sampled by the policy's probabilities renormalised over them; without, it is free text up to and including the first
    token that ends a line.

    ``deadline_s`` is on ``time.monotonic``'s clock: an answer after it helps nobody, so an engine may give the request
    up then (``engine/deadline``). None waits for ever. A ``probe`` has options and samples none of them: only
    ``choice_probs`` are wanted.
    """

    match_id: str
    trunk: Sequence[int]
    trunk_length: int
    branch: tuple[int, ...]
    options: tuple[tuple[int, ...], ...] = ()
    policy: str = LIVE
    temperature: float = 1.0
    max_tokens: int = 48
    deadline_s: float | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a decision waited before the model read it, and how long the model was at it, in seconds."""

    queued_s: float
    decided_s: float


@dataclass(frozen=True, slots=True)
class DecisionReply:
    """``logprobs[i]`` is of ``tokens[i]`` in nats, after temperature and masking; ``choice_probs`` go by option.

    The answer to a probe has no tokens. ``trainable`` is False where no single version made all of the tokens (weights
    were changed while they were sampled).
    """

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    policy_version: str
    choice_probs: tuple[float, ...] = ()
    timing: Timing | None = None
    trainable: bool = True


class Engine(Protocol):
    @property
    def codec(self) -> Codec: ...

    @property
    def context_tokens(self) -> int | None:
        """How many tokens the live policy reads at most, prompt and answer together; None where that is not known."""
        ...

    async def decide(self, request: DecisionRequest) -> DecisionReply:
        """
        Raises:
            EngineError: the decision failed or the engine has stopped; the caller passes the turn. Its code says why:
                ``engine/stopped``, ``engine/deadline``, ``engine/context_full``, ``engine/unknown_policy``,
                ``engine/model_failed``, ``engine/unreachable``.
        """
        ...

    def forget(self, match_id: str, policy: str) -> None:
        """Drop what is kept for a match."""
        ...
