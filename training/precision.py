"""bf16 arithmetic with fp32 weights: the fast copy computes, the exact one is updated.

On processors with bf16 matrix instructions this halves the time of a training step (``python -m benchmarks.train``); on
others bf16 is emulated, and takes twenty times as long as fp32.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any, Final

import torch
from torch import Tensor

_ROWS: Final = 512
"""Of the product that is timed: a quarter of what a training step multiplies at once."""


@cache
def fast_dtype() -> torch.dtype:
    """bf16 where this processor multiplies it faster than fp32, else fp32: timed, for a few milliseconds."""
    return torch.bfloat16 if _product_s(torch.bfloat16) < _product_s(torch.float32) else torch.float32


def bf16_is_fast() -> bool:
    """Whether what learns here, a GPU or else this processor, multiplies bf16 faster than fp32."""
    return torch.cuda.is_available() or fast_dtype() is torch.bfloat16


def _product_s(dtype: torch.dtype) -> float:
    """Seconds for one product of a training step's kind, the best of three."""
    a, b = torch.ones(_ROWS, 128, dtype=dtype), torch.ones(128, 384, dtype=dtype)
    took: list[float] = []
    for _ in range(4):  # the first one warms up
        began = time.perf_counter()
        torch.mm(a, b)
        took.append(time.perf_counter() - began)
    return min(took[1:])


class MasterCopy:
    """Turns ``model`` into ``dtype`` in place and keeps its parameters in fp32 beside it; an optimiser updates
    ``masters``."""

    def __init__(self, model: Any, dtype: torch.dtype = torch.bfloat16) -> None:
        self.model = model
        self.masters: list[Tensor] = [p.detach().float().clone().requires_grad_() for p in model.parameters()]
        model.to(dtype)

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
