"""A fixed prompt whose answer shows which weights a server really answers with.

A reload that silently did not happen looks like any other server. Its log-probabilities give it away: those of many
tokens to come next after a prompt are a fingerprint of all weights that read it. It is one question, because nobody is
answered while it is asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.engines.vllm.server import VllmServer
from agents.llm.prompt import Codec

_LINES: Final = (
    "Night 1.\n",
    "Day 1: Ada is dead. She was a villager.\n",
    "Bruno: I think that Cleo is a werewolf, she was quiet all day.\n",
    "Cleo: no, that was Bruno!\n",
)
_TOKENS: Final = 64
REPEATED: Final = 1e-3
"""How far two answers of the same weights may lie apart, in nats: others' prompts in the same batch change the order in
which numbers are added up."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The log-probability of each token, in nats."""

    logprobs: tuple[float, ...]

    @property
    def finite(self) -> bool:
        return all(map(math.isfinite, self.logprobs))

    def distance(self, other: Fingerprint) -> float:
        """The largest difference, in nats; 0 where both come from the same weights, computed alone."""
        return max(abs(a - b) for a, b in zip(self.logprobs, other.logprobs, strict=True))


def probe_prompt(codec: Codec) -> tuple[int, ...]:
    return (*codec.head, *(token for line in _LINES for token in codec.encode(line)))


async def take(server: VllmServer, model: str, prompt: Sequence[int]) -> Fingerprint:
    """
    Raises:
        EngineError: the server fails to answer.
    """
    tokens = tuple(sorted(set(prompt))[:_TOKENS])
    _, scores = await server.score(model, prompt, tokens)
    return Fingerprint(tuple(scores[token] for token in tokens))
