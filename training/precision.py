"""bf16 arithmetic with fp32 weights: the fast copy computes, the exact one is updated.

On processors with bf16 matrix instructions this halves the time of a training step (``python -m benchmarks.train``).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class MasterCopy:
    """Turns ``model`` into bf16 in place and keeps its parameters in fp32 beside it; an optimiser updates ``masters``."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.masters: list[Tensor] = [p.detach().float().clone().requires_grad_() for p in model.parameters()]
        model.to(torch.bfloat16)

    def take_gradients(self) -> None:
        """Move the gradients of the fast copy to the masters."""
        for master, p in zip(self.masters, self.model.parameters(), strict=True):
            master.grad = None if p.grad is None else p.grad.float()
            p.grad = None

    @torch.no_grad()
    def give_weights(self) -> None:
        """Round the masters into the fast copy."""
        for master, p in zip(self.masters, self.model.parameters(), strict=True):
            p.copy_(master)

    @torch.no_grad()
    def restore(self) -> None:
        """Make the model fp32 again, with the masters' weights."""
        self.model.to(torch.float32)
        for master, p in zip(self.masters, self.model.parameters(), strict=True):
            p.copy_(master)
