"""Which tensors of a model go to which optimiser.

Muon (Jordan et al. 2024) makes every step of a matrix turn all of its directions alike, so the few that many tokens
pull at cannot drown the others. In lessons it was well ahead of AdamW; in self-play it came as far with half the
passes: docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import torch
from torch import Tensor

from training.plan import LearnPlan

MOMENTUM: Final = 0.9
"""Of Muon in self-play: over about ten steps, of which an update of the usual size has three to six."""


def optimizers_of(
    model: Any, trained: Sequence[Tensor], critic: torch.nn.Module, plan: LearnPlan
) -> list[torch.optim.Optimizer]:
    """For self-play. The first group of each is the policy's.

    Args:
        trained: the fp32 tensors that are updated in the places of the model's.
    """
    policy, first = list(trained), list[torch.optim.Optimizer]()
    if plan.muon:
        matrices, policy = split(model.named_parameters(), policy)
        first = [muon(matrices, plan.muon, MOMENTUM)]
    groups = [{"params": policy, "lr": plan.lr}, {"params": list(critic.parameters()), "lr": plan.critic_lr}]
    return [*first, torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=0.0)]


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
