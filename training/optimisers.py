"""Which tensors of a model go to which optimiser.

Muon (Jordan et al. 2024) makes every step of a matrix turn all of its directions alike, so the few that many tokens
pull at cannot drown the others. In lessons it was well ahead of AdamW; in self-play it came as far with half the
passes: docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor


def split(named: Iterable[tuple[str, Any]], tensors: Iterable[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The matrices of the layers, which Muon is for, and the rest: embeddings and norms.

    Args:
        named: a model's parameters, which tell by their names what they are.
        tensors: what the optimiser is to update in their places, in the same order.
    """
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for (name, _), tensor in zip(named, tensors, strict=True):
        (matrices if tensor.ndim == 2 and "embed" not in name and "lm_head" not in name else others).append(tensor)
    return matrices, others


def muon(matrices: Sequence[Tensor], lr: float, momentum: float, weight_decay: float = 0.0) -> torch.optim.Muon:
    """Muon with steps as large as AdamW's would be at this rate, so that both can have the same one."""
    return torch.optim.Muon(
        matrices, lr=lr, weight_decay=weight_decay, momentum=momentum, adjust_lr_fn="match_rms_adamw"
    )
