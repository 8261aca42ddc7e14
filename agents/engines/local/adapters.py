"""LoRA adapters: a checkpoint that holds a small change of a base checkpoint is loaded as base plus change.

The format is that of ``peft``: for a matrix W of the base there are A (rank, in) and B (out, rank); the policy plays
with W + s·BA, where s is alpha/rank (Hu et al. 2021, section 4.1), or alpha/√rank with ``use_rslora``. ``peft`` itself
is not needed for that, and importing it would hold up the decisions beside it for seconds.

The adapter is merged into a copy of the base when it is loaded, so it plays as fast as full weights and is reloaded,
pinned and dropped like them. The base is named by checkpoint id in ``arena.json`` (``training.base``) and found by
whoever looks checkpoints up; the path in ``adapter_config.json`` is never followed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from agents.checkpoints import Manifest
from arena.errors import CheckpointError

ADAPTER_CONFIG: Final = "adapter_config.json"
ADAPTER_WEIGHTS: Final = "adapter_model.safetensors"
_PREFIX: Final = "base_model.model."
_A, _B = ".lora_A.weight", ".lora_B.weight"
_NOT_PLAIN: Final = (
    "use_dora", "modules_to_save", "lora_bias", "bias", "rank_pattern", "alpha_pattern", "trainable_token_indices",
    "target_parameters", "layer_replication", "corda_config", "alora_invocation_tokens", "use_qalora",
)  # fmt: skip
_ID: Final = re.compile(r"[0-9a-f]{12}")


def is_adapter(folder: Path) -> bool:
    return (folder / ADAPTER_CONFIG).is_file()


def base_id(manifest: Manifest) -> str:
    """The checkpoint that an adapter changes.

    Raises:
        CheckpointError: its manifest names none.
    """
    base = manifest.training.get("base")
    if not isinstance(base, str) or not _ID.fullmatch(base):  # never a path: it comes from a file
        raise CheckpointError(f"Adapter {manifest.id} does not name its base: training.base must be a checkpoint's id.")
    return base


def merged(model: Any, folder: Path) -> Any:
    """The model (which is changed) with the adapter in ``folder`` added to its weights.

    Raises:
        CheckpointError: the adapter is of another kind than plain LoRA, is damaged, or does not fit the model.
    """
    try:
        config = json.loads((folder / ADAPTER_CONFIG).read_text())
        weights = load_file(folder / ADAPTER_WEIGHTS)
        _refuse_other_kinds(folder, config)
        _add(model, config, weights)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(f"The adapter in {folder} cannot be loaded: {error}") from error
    return model


def _refuse_other_kinds(folder: Path, config: dict[str, Any]) -> None:
    if config["peft_type"] != "LORA":
        raise CheckpointError(f"{folder} is an adapter of kind {config['peft_type']!r}; only LoRA is loaded.")
    for setting in _NOT_PLAIN:
        if config.get(setting) not in (None, False, "none", {}, []):
            raise CheckpointError(
                f"The adapter in {folder} uses {setting}, which is not loaded here: only plain LoRA is."
            )


@torch.no_grad()
def _add(model: Any, config: dict[str, Any], weights: dict[str, torch.Tensor]) -> None:
    rank = int(config["r"])
    scale = float(config["lora_alpha"]) / (rank**0.5 if config.get("use_rslora") else rank)
    names = {key.removesuffix(_A) for key in weights if key.endswith(_A)}
    if not names or {key for n in names for key in (n + _A, n + _B)} != set(weights):
        raise ValueError("it holds other tensors than pairs of lora_A and lora_B")
    own = dict(model.named_parameters())
    for name in sorted(names):
        first, second = weights[name + _A].float(), weights[name + _B].float()
        target = own.get(name.removeprefix(_PREFIX) + ".weight")
        if target is None or first.shape[0] != rank:
            raise ValueError(f"it does not fit its base: {name}")
        change = (second @ first) * scale
        if config.get("fan_in_fan_out"):
            change = change.T
        if change.shape != target.shape:
            raise ValueError(f"it does not fit its base: {name} is {tuple(change.shape)}, not {tuple(target.shape)}")
        target.add_(change.to(target.device, target.dtype))
