"""A LoRA adapter that learns while the weights under it stay (Hu et al. 2021), by ``peft``.

A checkpoint of it holds the small change alone and names the checkpoint that it changes, for
``agents.engines.local.adapters`` to load. Where a model is large, the optimiser's state and the checkpoints are a
hundredth of those of full weights.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from agents.engines.local.adapters import ADAPTER_CONFIG, merged
from arena.errors import CheckpointError

_ALPHA: Final = 2.0
"""alpha over rank: what the change is multiplied by."""


class Adapter:
    """Puts trainable layers beside the matrices of ``model``, in place; everything else of it is frozen.

    Args:
        rank: of the change.
        folder: an adapter to go on with.

    Raises:
        CheckpointError: that one is of another rank, or does not fit the model.
    """

    def __init__(self, model: Any, rank: int, folder: Path | None = None) -> None:
        self._plain = copy.deepcopy(model)
        """What the change is added to for play: the model itself may compute in fewer bits."""
        if folder is None:
            config = LoraConfig(r=rank, lora_alpha=int(_ALPHA * rank), target_modules="all-linear", lora_dropout=0.0)
            self._wrapped: Any = get_peft_model(model, config)
            return
        own = rank_of(folder)
        if own != rank:
            raise CheckpointError(f"The adapter in {folder} has rank {own}, not {rank}: go on with --lora {own}.")
        try:
            self._wrapped = PeftModel.from_pretrained(model, str(folder), is_trainable=True)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise CheckpointError(f"The adapter in {folder} does not fit its base: {error}") from error

    @contextmanager
    def off(self) -> Iterator[None]:
        """The model without the change, for this while."""
        with self._wrapped.disable_adapter():
            yield

    def merged(self) -> Any:
        """A copy of the plain model with the change, as it is now, added to its weights: what a checkpoint of it is."""
        with TemporaryDirectory() as folder:
            self.save(Path(folder))
            return merged(copy.deepcopy(self._plain), Path(folder))

    def save(self, folder: Path) -> None:
        """Write the change, and nothing that says where the model under it lies."""
        for config in self._wrapped.peft_config.values():
            config.base_model_name_or_path = None
        self._wrapped.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)

    def to_bf16(self) -> None:
        """Compute in bf16; the change itself stays in fp32, where small steps count."""
        for p in self._wrapped.parameters():
            if not p.requires_grad:
                p.data = p.data.to(torch.bfloat16)


def rank_of(folder: Path) -> int:
    return int(json.loads((folder / ADAPTER_CONFIG).read_text())["r"])
