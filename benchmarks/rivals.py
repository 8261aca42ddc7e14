"""Other ways to make the same decisions, each as CPU seconds a decision, with the same weights on one thread.

They answer decisions that a run of self-play has logged: the same prompts, as many tokens as were sampled there.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig

from agents.engines.local.attention import IN_SLOTS, Pass, flat_logits
from agents.engines.local.cache import TRUNK, NewTokens, Slots
from agents.engines.local.weights import load_weights
from agents.runner import Played

BATCH = 64


@dataclass(frozen=True, slots=True)
class Logged:
    """One decision: its prompt, and how many tokens were sampled; ``number`` counts within its match."""

    prompt: list[int]
    sampled: int
    talk: bool
    number: int


def logged(matches: Sequence[Played]) -> list[Logged]:
    return [
        Logged([*m.trunks[0].tokens[: r.trunk_length], *r.branch], len(r.sampled), not r.options, n)
        for m in matches
        for n, d in enumerate(m.decisions)
        if (r := d.tokens) is not None
    ]


@torch.inference_mode()
def each_alone(source: str | Path, decisions: Sequence[Logged], count: int) -> float:
    """Each decision by itself through ``generate``."""
    model = load_weights(source).model
    picked = random.Random(0).sample(decisions, min(count, len(decisions)))
    begun = time.process_time()
    for d in picked:
        prompt = torch.tensor([d.prompt])
        model.generate(prompt, do_sample=True, min_new_tokens=d.sampled, max_new_tokens=d.sampled, pad_token_id=0)
    return (time.process_time() - begun) / len(picked)


@torch.inference_mode()
def batched(source: str | Path, decisions: Sequence[Logged], batches: int) -> float:
    """Batches across matches through ``generate``, nothing kept between them.

    A batch holds up to 64 decisions that stand at the same place in their matches, talk and choices apart, padded at
    the left; it goes on until its longest answer is whole.
    """
    model = load_weights(source).model
    groups: dict[tuple[bool, int], list[Logged]] = defaultdict(list)
    for d in decisions:
        groups[d.talk, d.number].append(d)
    whole = [g[:BATCH] for g in groups.values() if len(g) >= min(BATCH, len(decisions) // 60)]
    picked = random.Random(0).sample(whole, min(batches, len(whole)))
    begun = time.process_time()
    for group in picked:
        width = max(len(d.prompt) for d in group)
        ids = torch.tensor([[0] * (width - len(d.prompt)) + d.prompt for d in group])
        mask = torch.tensor([[0] * (width - len(d.prompt)) + [1] * len(d.prompt) for d in group])
        most = max(d.sampled for d in group)
        model.generate(
            ids, attention_mask=mask, do_sample=True, min_new_tokens=most, max_new_tokens=most, pad_token_id=0
        )
    return (time.process_time() - begun) / sum(map(len, picked))


def continuous(source: str | Path, decisions: Sequence[Logged], count: int) -> float:
    """The library's own continuous batching, with its block memory and its sharing of prefixes."""
    model: Any = load_weights(source).model
    picked = random.Random(0).sample(decisions, min(count, len(decisions)))
    config = GenerationConfig(do_sample=True, pad_token_id=0, eos_token_id=-1)
    begun = time.process_time()
    with model.continuous_batching_context_manager(generation_config=config, warmup=False) as manager:
        for d in picked:
            manager.add_request(d.prompt, max_new_tokens=d.sampled)
        left = len(picked)
        while left:
            result = manager.get_result(timeout=1)
            left -= result is not None and result.is_finished()
    return (time.process_time() - begun) / len(picked)


@torch.inference_mode()
def raw_decode(source: str | Path, rows: int, context: int, steps: int = 24) -> float:
    """Tokens a CPU second of the bare model with no game around it: ``rows`` lines go on side by side behind
    ``context`` tokens each, nothing is admitted, masked or sampled."""
    model = load_weights(source).model
    model.set_attn_implementation(IN_SLOTS)
    slots = Slots()
    memories = [slots.open() for _ in range(rows)]
    for memory in memories:
        reading = Pass(slots)
        reading.add(memory, [NewTokens(TRUNK, tuple(5 + i % 500 for i in range(context)), 0, context)])
        flat_logits(model, reading, [0])
    branches = [memory.new_branch() for memory in memories]
    best = float("inf")
    for n in range(steps):
        begun = time.process_time()
        reading = Pass(slots)
        for memory, branch in zip(memories, branches, strict=True):
            reading.add(memory, [NewTokens(branch, (7,), context + n, context)], single=True)
        flat_logits(model, reading, range(rows))
        best = min(best, time.process_time() - begun)
    return rows / best
