"""What it is worth to walk away, lowered until there is a deal that enough seats would rather have."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from arena.games.chance import Chance


def walks(chance: Chance, worths: Sequence[Sequence[Sequence[int]]], needs: int, percent: int) -> tuple[int, ...]:
    """By seat: at most ``percent`` of the best that the terms could be worth to it, and about half of that at least;
    such that there is a deal that ``needs`` seats like better than walking away."""
    most = [sum(max(issue) for issue in of_seat) for of_seat in worths]
    walk = [m * (percent - chance.below(f"walk/{s}", percent // 2 + 1)) // 100 for s, m in enumerate(most)]
    deals = _deals(worths)
    while not _some_deal(deals, walk, needs) and any(least > 0 for least in walk):
        walk = [max(0, least - 1) for least in walk]
    return tuple(walk)


def lowered(walk: Sequence[int], worths: Sequence[Sequence[Sequence[int]]], needs: int) -> tuple[int, ...]:
    """``walk``, or as much less for all, below nothing too, as makes for a deal that ``needs`` seats like better."""
    deals, less = _deals(worths), 0
    while not _some_deal(deals, [least - less for least in walk], needs):
        less += 1
    return tuple(least - less for least in walk)


def _deals(worths: Sequence[Sequence[Sequence[int]]]) -> list[tuple[int, ...]]:
    """What every deal is worth, by deal and seat."""
    return list(zip(*(map(sum, product(*of_seat)) for of_seat in worths), strict=True))


def _some_deal(deals: Sequence[Sequence[int]], walk: Sequence[int], needs: int) -> bool:
    return any(sum(w > least for w, least in zip(deal, walk, strict=True)) >= needs for deal in deals)
