"""Generalised advantage estimation (Schulman et al. 2016, eq. 16) over one finished sequence."""

from __future__ import annotations

import numpy as np

from training.credit.base import Floats


def gae(rewards: Floats, values: Floats, gamma: float, lambda_: float) -> Floats:
    """Advantages (M,) of M steps, after the last of which nothing is worth anything.

        δ_m = r_m + γ V_{m+1} − V_m        A_m = δ_m + γ λ A_{m+1}        V_{M+1} = A_{M+1} = 0

    ``rewards`` and ``values`` are (M,); M may be 0.
    """
    advantages = np.zeros(len(rewards))
    advantage = next_value = 0.0
    pairs = zip(rewards.tolist(), values.tolist(), strict=True)
    for m, (reward, value) in reversed(list(enumerate(pairs))):
        advantage = reward + gamma * next_value - value + gamma * lambda_ * advantage
        advantages[m] = advantage
        next_value = value
    return advantages
