"""What it is worth to walk away: drawn, and lowered until there is a deal that everybody would rather have."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from arena.games.chance import Chance


def walks(chance: Chance, worths: Sequence[Sequence[Sequence[int]]], needs: int, percent: int) -> tuple[int, ...]:
    """By seat: at most ``percent`` of the best that the terms could be worth to it, and about half of that at least;
    such that there is a deal that ``needs`` seats like better than walking away."""
    most = [sum(max(issue) for issue in of_seat) for of_seat in worths]
    walk = [m * (percent - chance.below(f"walk/{s}", percent // 2 + 1)) // 100 for s, m in enumerate(most)]
    totals = [tuple(map(sum, product(*of_seat))) for of_seat in worths]
    deals = list(zip(*totals, strict=True))
    while not any(sum(w > least for w, least in zip(deal, walk, strict=True)) >= needs for deal in deals):
        if not any(least > 0 for least in walk):
            break
        walk = [max(0, least - 1) for least in walk]
    return tuple(walk)
