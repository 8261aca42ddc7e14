"""A fixed prompt whose answer shows which weights a server really answers with.

A reload that silently did not happen looks like any other server. Its log-probabilities give it away: over a prompt of
a few dozen tokens they are a fingerprint of the weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agents.engines.vllm.server import VllmServer
from agents.llm.prompt import Codec
from arena.errors import EngineError

_LINES: Final = (
    "Night 1.\n",
    "Day 1: Ada is dead. She was a villager.\n",
    "Bruno: I think that Cleo is a werewolf, she was quiet all day.\n",
    "Cleo: no, that was Bruno!\n",
)
REPEATED: Final = 1e-4
"""How far two answers of the same weights may lie apart, in nats: others' prompts in the same batch change the order in
which numbers are added up."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The log-probability of each token of the probe prompt after the first, in nats. (T - 1,)"""

    logprobs: tuple[float, ...]

    @property
    def finite(self) -> bool:
        return all(math.isfinite(x) and x > -9999.0 for x in self.logprobs)  # -9999 is how vLLM sends what is no number

    def distance(self, other: Fingerprint) -> float:
        """The largest difference at any token, in nats; 0 where both come from the same weights, computed alone."""
        return max(abs(a - b) for a, b in zip(self.logprobs, other.logprobs, strict=True))


def probe_prompt(codec: Codec) -> tuple[int, ...]:
    return (*codec.head, *(token for line in _LINES for token in codec.encode(line)))


async def take(server: VllmServer, model: str, prompt: Sequence[int]) -> Fingerprint:
    """
    Raises:
        EngineError: the server fails to answer.
    """
    sampling = {"max_tokens": 1, "prompt_logprobs": 0, "detokenize": False}
    said = (await server.generate(model, prompt, sampling)).prompt_logprobs
    if said is None or len(said) != len(prompt):
        raise EngineError("the vLLM server gave no log-probabilities of its prompt", code="engine/model_failed")
    told = [(at or {}).get(token) for at, token in zip(said[1:], prompt[1:], strict=True)]
    return Fingerprint(tuple(float(one["logprob"]) if one else math.nan for one in told))
