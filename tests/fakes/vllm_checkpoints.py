"""Other weights for the shipped model: full ones and LoRA adapters, as whole checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from agents.checkpoints import read_checkpoint, write_checkpoint
from agents.engines.local.codec import HubCodec
from agents.llm.prompt import PROMPT_VERSION
from agents.models import shipped_folder


def fresh_model() -> Any:
    """The shipped model."""
    return AutoModelForCausalLM.from_pretrained(shipped_folder(), dtype=torch.float32)


def other_weights(folder: Path, seed: int, width: float = 0.1) -> Path:
    """The shipped model with noise on all that it is made of, relative to the size of each part's numbers."""
    model = fresh_model()
    noise = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=noise) * width * weight.std())
    return _written(folder, model, whole=True)


def adapter(folder: Path, seed: int, rank: int = 4, width: float = 0.1, *, silent: bool = False) -> tuple[Path, Any]:
    """A random LoRA adapter, and the shipped model with it. A ``silent`` one changes nothing, like any new one."""
    torch.manual_seed(seed)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    model: Any = get_peft_model(fresh_model(), LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets))
    if not silent:
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if "lora_B" in name:
                    weight.normal_(0, width)
    return _written(folder, model, whole=False), model.eval()


def _written(folder: Path, model: Any, *, whole: bool) -> Path:
    codec, shipped = HubCodec(shipped_folder()), read_checkpoint(shipped_folder()).id

    def save(target: Path) -> None:
        model.save_pretrained(target)
        if whole:
            codec.save(target)

    _, path = write_checkpoint(
        folder,
        save,
        parent=shipped,
        run="tests",
        games=0,
        tokenizer=codec.fingerprint,
        prompt_version=PROMPT_VERSION,
        training={} if whole else {"base": shipped},
    )
    return path
