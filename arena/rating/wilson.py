"""Wilson's interval for a rate: honest for few games and for rates near 0 or 1."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson(won: float, games: int, level: float = 0.95) -> tuple[float, float]:
    """The lowest and highest rate that fit ``won`` of ``games`` (Wilson 1927). No games fit any rate: (0, 1).

    ``won`` may hold halves for draws; it lies between 0 and ``games``.
    """
    assert 0 <= won <= games, "more won than played"
    if games == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    rate, spread = won / games, z * z / games
    middle = (rate + spread / 2) / (1 + spread)
    half = z * sqrt(rate * (1 - rate) / games + spread / (4 * games)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
