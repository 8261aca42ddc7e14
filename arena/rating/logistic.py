"""Ridge logistic regression on counted rows, by Newton's method.

Letters: U different rows, D coefficients.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

MOST_STEPS: Final = 60
SMALL_STEP: Final = 1e-8
"""Stop when no coefficient moves by more than this (in logits)."""


def most_likely(
    rows: Floats, scores: Floats, counts: Floats, prior_mean: Floats, prior_sd: float, start: Floats | None = None
) -> Floats:
    """The coefficients w (D,) that maximise

        Σ_u n_u [y_u log p_u + (1 − y_u) log(1 − p_u)] − |w − m|² / 2σ²        p_u = 1 / (1 + exp(−x_u · w))

    ``rows`` x (U, D), ``scores`` y (U,) in 0..1, ``counts`` n (U,), ``prior_mean`` m (D,), ``prior_sd`` σ > 0. The
    prior makes the maximum unique and finite. A step that would overshoot it is halved, so the search cannot run away.
    """
    precision = prior_sd**-2

    def objective(w: Floats) -> float:
        logits = rows @ w
        fit = counts @ (scores * logits - np.logaddexp(0.0, logits))
        return float(fit - 0.5 * precision * np.sum((w - prior_mean) ** 2))

    w = np.array(prior_mean if start is None else start, dtype=np.float64)
    reached = objective(w)
    for _ in range(MOST_STEPS):
        p = chance(rows @ w)
        slope = rows.T @ (counts * (scores - p)) - precision * (w - prior_mean)
        curvature = (rows * (counts * p * (1 - p))[:, None]).T @ rows + precision * np.eye(len(w))
        step = np.linalg.solve(curvature, slope)
        if np.max(np.abs(step), initial=0.0) < SMALL_STEP:
            break
        while (value := objective(w + step)) < reached and np.max(np.abs(step)) >= SMALL_STEP:
            step /= 2
        if value < reached:
            break
        w, reached = w + step, value
    return w


def chance(logits: Floats) -> Floats:
    """1 / (1 + exp(−x)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits))
