"""Logged log-probabilities beside those of a plain forward pass, unpacked and without any cache."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
import torch

from agents.engines.base import DecisionReply, DecisionRequest
from agents.runner import Played

_ROWS: Final = 32
"""Rows that go through the model together."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """An answer to be scored. With ``options`` each token is scored among those of the options still possible."""

    prompt: Sequence[int]
    tokens: Sequence[int]
    options: Sequence[Sequence[int]] = ()
    temperature: float = 1.0


def assert_played_by(played: Played, models: Mapping[str, Any], temperature: float = 1.0) -> int:
    """Every decision with tokens was made by the version that it names. Gives their number."""
    (trunk,) = played.trunks
    records = [d.tokens for d in played.decisions if d.tokens]
    for version in {r.policy_version for r in records}:
        made = [r for r in records if r.policy_version == version]
        answers = [Sampled([*trunk.read_by(r), *r.branch], r.sampled, r.options, temperature) for r in made]
        for record, expected in zip(made, plain_logprobs(models[version], answers), strict=True):
            assert len(record.sampled) > 0
            assert record.logprobs == pytest.approx(expected, abs=1e-4)
    return len(records)


def assert_true(request: DecisionRequest, reply: DecisionReply, model: Any) -> None:
    """The reply's log-probabilities and those of all options are the model's own."""
    prompt = [*request.trunk[: request.trunk_length], *request.branch]
    answers = [Sampled(prompt, t, request.options, request.temperature) for t in (reply.tokens, *request.options)]
    expected, *alone = plain_logprobs(model, answers)
    assert reply.logprobs == pytest.approx(expected, abs=1e-4)
    assert reply.choice_probs == pytest.approx([math.exp(sum(logprobs)) for logprobs in alone], abs=1e-4)


@torch.inference_mode()
def plain_logprobs(model: Any, answers: Sequence[Sampled]) -> list[list[float]]:
    """The log-probability of each token of each answer, in nats. (B, T)"""
    found: list[list[float]] = []
    for at in range(0, len(answers), _ROWS):
        batch = answers[at : at + _ROWS]
        rows = [[*a.prompt, *a.tokens] for a in batch]
        longest = max(map(len, rows))
        ids = torch.tensor([[*row, *(0,) * (longest - len(row))] for row in rows])  # causal: what follows is not seen
        logits = model(input_ids=ids, use_cache=False).logits.float()
        found += [_logprobs(a, row[len(a.prompt) - 1 :]) for a, row in zip(batch, logits, strict=True)]
    return found


def _logprobs(answer: Sampled, logits: torch.Tensor) -> list[float]:
    found = []
    for i, token in enumerate(answer.tokens):
        here = logits[i] / answer.temperature
        if answer.options:
            so_far = list(answer.tokens[:i])
            legal = sorted({o[i] for o in answer.options if list(o[:i]) == so_far and len(o) > i})
            assert token in legal
            here = torch.full_like(here, -torch.inf).index_copy(0, torch.tensor(legal), here[legal])
        found.append(float(here.log_softmax(-1)[token]))
    return found
