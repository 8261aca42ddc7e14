"""Weights from a folder (or a hub name), checked before they may answer.

A checkpoint with the same configuration and tokenizer as one that is loaded already is read into a copy of that model:
milliseconds of Python instead of hundreds, so that a reload does not slow down the decisions beside it.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from transformers.utils.logging import disable_progress_bar

from agents.checkpoints import MANIFEST, Manifest, read_checkpoint
from agents.engines.local.adapters import base_id, is_adapter, merged
from agents.engines.local.codec import HubCodec, first_line
from arena.errors import ArenaError, CheckpointError

_one_at_a_time = threading.Lock()
"""``from_pretrained`` builds models under process-wide switches (default device and dtype): two threads that load at
once, a reload and a pinned checkpoint, would get half-made models."""


_WEIGHTS = "model.safetensors"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")


@dataclass(frozen=True, slots=True)
class Weights:
    """A model ready to decide. ``version`` is the checkpoint's id; of a bare hub model, its name. ``manifest`` is None
    where there is no checkpoint."""

    version: str
    model: Any
    codec: HubCodec
    manifest: Manifest | None = None


def load_weights(
    source: str | Path,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
    *,
    like: Weights | None = None,
    locate: Callable[[str], Path] | None = None,
) -> Weights:
    """Load and try a checkpoint folder, a plain model folder or a hub name.

    Args:
        like: weights that are loaded already; what is the same in both is not loaded again.
        locate: finds the folder of the checkpoint that a LoRA adapter names as its base.

    Raises:
        CheckpointError: it is not whole, not loadable, or its answer to a probe prompt is not a number.
    """
    folder = Path(source)
    version, manifest = str(source), None
    if (folder / MANIFEST).exists():
        manifest = read_checkpoint(folder)
        version = manifest.id
    elif folder.is_absolute() and not folder.exists():
        raise CheckpointError(f"There is no checkpoint at {folder}.")
    if is_adapter(folder):
        weights = _adapted(folder, manifest, device, dtype, like, locate)
    else:
        weights = _copied(folder, manifest, like, dtype) or _loaded(source, version, manifest, device, dtype)
    _probe(source, weights)
    return weights


def _loaded(source: str | Path, version: str, manifest: Manifest | None, device: str, dtype: torch.dtype) -> Weights:
    """As the library loads it."""
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
    return Weights(version, model, codec, manifest)


def _copied(folder: Path, manifest: Manifest | None, like: Weights | None, dtype: torch.dtype) -> Weights | None:
    """The weights in ``folder`` in a copy of the model that is loaded; None where the two differ in more than weights.

    Raises:
        CheckpointError: the file of weights is damaged.
    """
    if like is None or like.manifest is None or manifest is None or like.model.dtype != dtype:
        return None
    if is_adapter(folder) or _WEIGHTS not in manifest.files or _WEIGHTS not in like.manifest.files:
        return None
    if any(manifest.files.get(f) != like.manifest.files.get(f) for f in ("config.json", *_TOKENIZER_FILES)):
        return None
    try:
        state = load_file(folder / _WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"No model can be loaded from {folder}: {first_line(error)}") from error
    model = copy.deepcopy(like.model)
    own = model.state_dict()
    tied = set(getattr(model, "all_tied_weights_keys", None) or ())
    if not set(state) <= set(own) or not set(own) - set(state) <= tied:
        return None
    if any(own[name].shape != tensor.shape for name, tensor in state.items()):
        return None
    with torch.no_grad():
        for name, tensor in state.items():
            own[name].copy_(tensor)
    return Weights(manifest.id, model, like.codec, manifest)


def _adapted(
    folder: Path,
    manifest: Manifest | None,
    device: str,
    dtype: torch.dtype,
    like: Weights | None,
    locate: Callable[[str], Path] | None,
) -> Weights:
    """A LoRA adapter, merged into its base."""
    if manifest is None:
        raise CheckpointError(f"{folder} is an adapter without {MANIFEST}, which would name its base.")
    name = base_id(manifest)
    if locate is None:
        raise CheckpointError(f"Adapter {manifest.id} is based on checkpoint {name}, which cannot be looked up here.")
    try:
        base_folder = locate(name)
    except (ArenaError, KeyError) as error:
        raise CheckpointError(f"Adapter {manifest.id} is based on checkpoint {name}: {error}") from error
    base = read_checkpoint(base_folder)
    if base.id != name or is_adapter(base_folder):
        raise CheckpointError(f"Adapter {manifest.id} is based on {name}, which is not a checkpoint of full weights.")
    full = _copied(base_folder, base, like, dtype) or _loaded(base_folder, base.id, base, device, dtype)
    model = merged(full.model, folder).to(device=device, dtype=dtype).eval().requires_grad_(False)
    # ``files`` are the base's: a later checkpoint is compared with what this model was made of.
    return Weights(manifest.id, model, full.codec, base)


def _probe(source: str | Path, weights: Weights) -> None:
    codec, model = weights.codec, weights.model
    words = codec.encode("Night 1.\n")
    if not words:
        raise CheckpointError(f"{source}: its tokenizer knows no words.")
    probe = torch.tensor([[*codec.head, *words]], device=model.device)
    try:
        with torch.inference_mode():
            finite = bool(torch.isfinite(model(input_ids=probe).logits).all())
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        raise CheckpointError(f"{source}: the model cannot read a probe prompt: {first_line(error)}") from error
    if not finite:
        raise CheckpointError(f"{source}: the model's answer to a probe prompt is not finite.")
