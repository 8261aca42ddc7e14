"""What ``benchmarks.credit`` reads from the gradients of batches."""

from __future__ import annotations

import math

import torch

from benchmarks.credit import loudness

PARAMETERS, SIZE = 4_000, 16


def _gradients(signal: float, noise: float, batches: int, seed: int) -> torch.Tensor:
    """Of batches of ``SIZE`` matches whose gradients have this length in common and that of noise each."""
    draws = torch.Generator().manual_seed(seed)
    common = torch.randn(PARAMETERS, generator=draws)
    of_batches = torch.randn(batches, PARAMETERS, generator=draws) / math.sqrt(PARAMETERS * SIZE)
    return signal * common / common.norm() + noise * of_batches


def test_the_scale_is_where_the_signal_is_as_long_as_the_noise() -> None:
    inside = 0
    for seed in range(20):
        found = loudness(_gradients(signal=1.0, noise=12.0, batches=10, seed=seed), SIZE)
        assert abs(found.scale / 144 - 1) < 0.25
        assert abs(found.batch - math.sqrt(1 + 144 / SIZE)) < 0.1
        inside += found.least <= 144 <= found.most
    assert inside >= 16  # of 20 with bounds of 95 %; theirs come from ten batches


def test_noise_alone_has_no_scale_that_is_certain() -> None:
    for seed in range(20):
        found = loudness(_gradients(signal=0.0, noise=12.0, batches=10, seed=seed), SIZE)
        assert found.most == math.inf or found.least > 20_000
        assert found.to_json()["most"] is None or found.scale > 20_000
