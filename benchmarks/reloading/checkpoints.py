"""Checkpoints to change between, and whether an answer was made by the one that it names."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, get_peft_model

from agents.checkpoints import write_checkpoint
from agents.engines.base import DecisionReply, DecisionRequest
from agents.engines.local.weights import Weights, load_weights
from agents.llm.prompt import PROMPT_VERSION

Answer = tuple[DecisionRequest, DecisionReply]
NOISE: Final = 0.02
"""Relative size of the change between two checkpoints: far more than an update's, so that a mixed-up one shows."""
TOLERANCE: Final = 1e-4


def checkpoints(source: str | Path, folder: Path, count: int) -> dict[str, Path]:
    """``count`` checkpoints near to a model by id, every second one a LoRA adapter on the full weights before it."""
    found: dict[str, Path] = {}
    full = ""
    for n in range(count):
        torch.manual_seed(n)
        adapter = n % 2 == 1
        weights = load_weights(found[full] if adapter else source)
        if adapter:
            config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
            model: Any = get_peft_model(weights.model, config)
        else:
            model = weights.model
            with torch.no_grad():
                for p in model.parameters():
                    p.add_(torch.randn_like(p) * NOISE * p.std(correction=0))
        manifest, path = write_checkpoint(
            folder, lambda target, m=model, w=weights, a=adapter: _save(target, m, w, a), parent=None, run="reload",
            games=0, tokenizer=weights.codec.fingerprint, prompt_version=PROMPT_VERSION,
            training={"base": full} if adapter else {},
        )  # fmt: skip
        full = full if adapter else manifest.id
        found[manifest.id] = path
    return found


def _save(target: Path, model: Any, weights: Weights, adapter: bool) -> None:
    model.save_pretrained(target)
    if not adapter:
        weights.codec.save(target)


def wrong_versions(found: Mapping[str, Path], answers: Sequence[Answer], sample: int) -> int:
    """How many of a sample of answers have other log-probabilities than a plain pass of the checkpoint they name."""
    loaded: dict[str, Any] = {}
    wrong = 0
    for request, reply in random.Random(0).sample(answers, min(sample, len(answers))):
        version = reply.policy_version
        if version not in loaded:
            loaded[version] = load_weights(found[version], locate=found.__getitem__).model
        wrong += not made_by(loaded[version], request, reply)
    return wrong


@torch.inference_mode()
def made_by(model: Any, request: DecisionRequest, reply: DecisionReply) -> bool:
    """Whether a plain pass of a model gives the log-probabilities of an answer."""
    prompt = [*request.trunk[: request.trunk_length], *request.branch]
    logits = model(input_ids=torch.tensor([[*prompt, *reply.tokens]]), use_cache=False).logits[0].float()
    for k, token in enumerate(reply.tokens):
        row = logits[len(prompt) + k - 1] / request.temperature
        if request.options:
            legal = sorted({o[k] for o in request.options if len(o) > k and o[:k] == reply.tokens[:k]})
            true = float(row[legal].log_softmax(-1)[legal.index(token)])
        else:
            true = float(row.log_softmax(-1)[token])
        if not abs(true - reply.logprobs[k]) <= TOLERANCE:
            return False
    return True
