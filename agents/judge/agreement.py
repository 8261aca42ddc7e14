"""How far two scorings of the same seats agree, with an interval that respects that seats of one match hang together.

Letters: N pairs of scores, M matches, D bootstrap draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 2_000
LEVEL: Final = 0.95
_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Pair:
    """One seat's two scores on one dimension; None where one is missing."""

    match_id: str
    first: int | None
    second: int | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """``pairs`` counts those with both scores, ``missing`` all others. What cannot be computed is None: everything
    without pairs; ``pearson`` where one side never varies; ``kappa`` where neither varies and both are alike; its
    interval also with fewer than two matches."""

    pairs: int
    missing: int
    exact: float | None
    """The share of pairs that are equal."""
    mean_absolute_difference: float | None
    pearson: float | None
    kappa: float | None
    """Cohen's kappa with quadratic weights."""
    kappa_low: float | None
    kappa_high: float | None


def agreement(pairs: Sequence[Pair], seed: int = 0, draws: int = DRAWS) -> Agreement:
    """
    Args:
        seed: of the bootstrap, which draws whole matches with replacement; its 95 % interval is the percentiles'.
    """
    both = [(p.match_id, p.first, p.second) for p in pairs if p.first is not None and p.second is not None]
    missing = len(pairs) - len(both)
    if not both:
        return Agreement(0, missing, None, None, None, None, None, None)
    a = np.array([first for _, first, _ in both], dtype=np.float64)
    b = np.array([second for _, _, second in both], dtype=np.float64)
    matches = sorted({match for match, _, _ in both})
    number = {match: n for n, match in enumerate(matches)}
    sums = np.zeros((len(matches), 6))
    np.add.at(sums, [number[match] for match, _, _ in both], _terms(a, b))
    low, high = _interval(sums, seed, draws)
    return Agreement(
        pairs=len(both),
        missing=missing,
        exact=float(np.mean(a == b)),
        mean_absolute_difference=float(np.mean(np.abs(a - b))),
        pearson=_pearson(a, b),
        kappa=_number(_kappa(sums.sum(axis=0))),
        kappa_low=low,
        kappa_high=high,
    )


def _terms(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 6): what kappa needs summed up: 1, a, b, a², b², (a - b)²."""
    return np.stack([np.ones_like(a), a, b, a * a, b * b, (a - b) ** 2], axis=1)


def _kappa(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kappa with quadratic weights (Fleiss and Cohen 1973) of sums (…, 6), NaN where nothing can differ by chance.

    The weights' common factor falls out: it is 1 less the mean squared difference over what independent scorers with
    the same scores would have, E(a²) + E(b²) - 2 E(a) E(b).
    """
    n, a, b, aa, bb, squared = np.moveaxis(sums, -1, 0)
    by_chance = aa / n + bb / n - 2 * (a / n) * (b / n)
    return np.where(by_chance > _TINY, 1 - (squared / n) / np.maximum(by_chance, _TINY), np.nan)


def _interval(sums: NDArray[np.float64], seed: int, draws: int) -> tuple[float | None, float | None]:
    """Percentiles over draws of M matches each. Draws in which kappa is not defined are left out; None where that is
    more than half of them."""
    count = len(sums)
    if count < 2:
        return None, None
    often = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)  # (D, M)
    found = _kappa(often @ sums)
    found = found[np.isfinite(found)]
    if 2 * len(found) < draws:
        return None, None
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    if np.std(a) < _TINY or np.std(b) < _TINY:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _number(value: NDArray[np.float64]) -> float | None:
    return float(value) if np.isfinite(value) else None
