"""What is traded in Simple Negotiation, and how a trade is written. No events here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

GOODS: Final = ("wheat", "wood", "ore")
NUMBERS: Final = ("one", "two")
"""How many of a good one side of a trade may give."""
NOTHING: Final = "nothing"
Basket = tuple[int, ...]
"""How many of each good, in the order of ``GOODS``."""


@dataclass(frozen=True, slots=True)
class Trade:
    """``give`` and ``take`` are places in ``GOODS``, as whoever offers sees it; not both amounts are more than 1."""

    give: int
    take: int
    given: int = 1
    taken: int = 1

    def __str__(self) -> str:
        """ "two wheat for one ore" """
        gives = f"{NUMBERS[self.given - 1]} {GOODS[self.give]}"
        return f"{gives} for {NUMBERS[self.taken - 1]} {GOODS[self.take]}"


TRADES: Final = {
    str(trade): trade
    for give, take in permutations(range(len(GOODS)), 2)
    for trade in (Trade(give, take), Trade(give, take, 2, 1), Trade(give, take, 1, 2))
}
"""All that can be offered, by its words."""


def possible(mine: Basket, theirs: Basket) -> tuple[str, ...]:
    """What somebody who has ``mine`` may offer to somebody who has ``theirs``."""
    return tuple(w for w, t in TRADES.items() if mine[t.give] >= t.given and theirs[t.take] >= t.taken)


def traded(mine: Basket, theirs: Basket, trade: Trade) -> tuple[Basket, Basket]:
    """Both baskets after the trade, that of whoever offered it first."""
    moved = [0] * len(GOODS)
    moved[trade.give] -= trade.given
    moved[trade.take] += trade.taken
    return tuple(a + m for a, m in zip(mine, moved, strict=True)), tuple(
        a - m for a, m in zip(theirs, moved, strict=True)
    )


def worth(basket: Basket, values: Sequence[int]) -> int:
    return sum(n * value for n, value in zip(basket, values, strict=True))


def in_words(basket: Sequence[int]) -> str:
    """ "4 wheat, 2 wood, 3 ore" """
    return ", ".join(f"{n} {good}" for n, good in zip(basket, GOODS, strict=True))
