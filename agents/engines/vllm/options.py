"""Legal options as a tree of single next tokens: what has to be asked of the model, and what follows from its answers.

A fork is a place in the tree where several tokens may follow; where only one may, nothing is asked and its probability
is 1. An option that begins with another whole option cannot be reached: the walk ends at the shorter one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Tokens = tuple[int, ...]
Logprobs = Mapping[Tokens, Mapping[int, float]]
"""By the prefix of each fork: the log-probability of each token that may follow, in nats, summing to 1 as e^x."""


@dataclass(frozen=True, slots=True)
class Fork:
    """After ``prefix``, one of ``nexts`` (sorted, at least two) follows."""

    prefix: Tokens
    nexts: Tokens


def forks(options: Sequence[Tokens]) -> tuple[Fork, ...]:
    """All forks of the tree of options, the root's first."""
    assert all(options), "an option has at least one token"
    whole = set(options)
    found: list[Fork] = []
    waiting: list[Tokens] = [()]
    for prefix in waiting:  # it grows as the tree is walked
        if prefix in whole:
            continue
        at = len(prefix)
        nexts = tuple(sorted({o[at] for o in options if o[:at] == prefix}))
        if len(nexts) > 1:
            found.append(Fork(prefix, nexts))
        waiting.extend((*prefix, token) for token in nexts)
    return tuple(found)


def tempered(logprobs: Mapping[int, float], temperature: float) -> dict[int, float]:
    """Log-probabilities at temperature 1 as they are at another one, renormalised over the same tokens."""
    heated = {token: value / temperature for token, value in logprobs.items()}
    most = max(heated.values())
    whole = most + math.log(sum(math.exp(value - most) for value in heated.values()))
    return {token: value - whole for token, value in heated.items()}


def path_logprobs(option: Tokens, logprobs: Logprobs) -> tuple[float, ...]:
    """The log-probability of each token of an option, masked to the tree. (T,)"""
    return tuple(
        logprobs[option[:i]][token] if option[:i] in logprobs else 0.0 for i, token in enumerate(option)
    )  # fmt: skip


def probabilities(options: Sequence[Tokens], logprobs: Logprobs) -> tuple[float, ...]:
    """The probability of each option; they sum to 1."""
    whole = set(options)
    return tuple(
        0.0 if any(o[:i] in whole for i in range(1, len(o))) else math.exp(sum(path_logprobs(o, logprobs)))
        for o in options
    )
