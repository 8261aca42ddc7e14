"""Weights from a folder (or a hub name), checked before they may answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

from agents.checkpoints import MANIFEST, read_checkpoint
from agents.engines.local.codec import HubCodec, first_line
from arena.errors import CheckpointError

_one_at_a_time = threading.Lock()
"""``from_pretrained`` builds models under process-wide switches (default device and dtype): two threads that load at
once, a reload and a pinned checkpoint, would get half-made models."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model ready to decide. ``version`` is the checkpoint's id; of a bare hub model, its name."""

    version: str
    model: Any
    codec: HubCodec


def load_weights(source: str | Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Weights:
    """Load and try a checkpoint folder, a plain model folder or a hub name.

    Raises:
        CheckpointError: it is not whole, not loadable, or its answer to a probe prompt is not a number.
    """
    folder = Path(source)
    version = str(source)
    if (folder / MANIFEST).exists():
        version = read_checkpoint(folder).id
    elif folder.is_absolute() and not folder.exists():
        raise CheckpointError(f"There is no checkpoint at {folder}.")
    codec = HubCodec(source)
    disable_progress_bar()
    try:
        with _one_at_a_time:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                str(source), dtype=dtype, use_safetensors=True, trust_remote_code=False, attn_implementation="sdpa",
                output_loading_info=True,
            )  # fmt: skip
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"No model can be loaded from {source}: {first_line(error)}") from error
    model, report = loaded
    if lacking := sorted(report["missing_keys"]):
        raise CheckpointError(f"{source} is not whole: it lacks {lacking[0]} and {len(lacking) - 1} more weights.")
    model.to(device).eval()
    if model.config.vocab_size < len(codec):
        raise CheckpointError(
            f"{source}: the model knows {model.config.vocab_size} tokens, its tokenizer {len(codec)}; they do not fit."
        )
    probe = torch.tensor([[*codec.head, *codec.encode("Night 1.\n")]], device=device)
    with torch.inference_mode():
        if not bool(torch.isfinite(model(input_ids=probe).logits).all()):
            raise CheckpointError(f"{source}: the model's answer to a probe prompt is not finite.")
    return Weights(version, model, codec)
