"""A fixed prompt whose answer shows which weights a server really answers with.

A reload that silently did not happen looks like any other server. Its log-probabilities give it away: at a few places
of a prompt, over a few tokens, they are a fingerprint of the weights. They are asked for one place after the other, as
next tokens: vLLM's ``prompt_logprobs`` would give them at once, but kill a server that has adapters on a processor.
"""

from __future__ import annotations

import asyncio
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
_PLACES: Final = 6
_TOKENS: Final = 16
REPEATED: Final = 1e-3
"""How far two answers of the same weights may lie apart, in nats: others' prompts in the same batch change the order in
which numbers are added up."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """At each place the log-probability of each token, in nats, place after place."""

    logprobs: tuple[float, ...]

    @property
    def finite(self) -> bool:
        return all(map(math.isfinite, self.logprobs))

    def distance(self, other: Fingerprint) -> float:
        """The largest difference anywhere, in nats; 0 where both come from the same weights, computed alone."""
        return max(abs(a - b) for a, b in zip(self.logprobs, other.logprobs, strict=True))


def probe_prompt(codec: Codec) -> tuple[int, ...]:
    return (*codec.head, *(token for line in _LINES for token in codec.encode(line)))


async def take(server: VllmServer, model: str, prompt: Sequence[int], *, busy: bool = False) -> Fingerprint:
    """
    Args:
        busy: the server answers others as well. Then nothing comes out the same to the last bit anyway, and all places
            are asked for at once, so that they wait behind the others' questions once and not one after the other.

    Raises:
        EngineError: the server fails to answer.
    """
    tokens = tuple(sorted(set(prompt))[:_TOKENS])

    async def scored(place: int) -> list[float]:
        _, scores = await server.score(model, prompt[: len(prompt) * place // _PLACES], tokens)
        return [scores[token] for token in tokens]

    places = range(1, _PLACES + 1)
    each = await asyncio.gather(*map(scored, places)) if busy else [await scored(place) for place in places]
    return Fingerprint(tuple(logprob for one in each for logprob in one))
