"""Selling one thing: each side has a limit that the other does not know."""

from __future__ import annotations

from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families.cast import people
from arena.games.scenario.spec import Guess, Issue, Part, Scenario, Secret, Terms

THINGS: Final = ("bicycle", "lamp", "piano", "boat", "coat", "clock", "ring", "sofa", "camera", "guitar")
LEVELS: Final = 9
_ZONE: Final = {1: (5, 7), 2: (3, 5), 3: (2, 3)}
"""How many prices both can live with, least and most, by difficulty."""


def make(chance: Chance, seats: int, difficulty: int, number: str) -> Scenario:
    seller, buyer = people(chance, seats)
    thing = chance.pick("thing", THINGS)
    step = chance.pick("step", (2, 5, 10))
    prices = tuple(step * (n + 1) for n in range(LEVELS))
    low, high = _ZONE[difficulty]
    zone = low + chance.below("zone", high - low + 1)
    least = chance.below("least", LEVELS - zone + 1)
    most = least + zone - 1
    options = tuple(map(str, prices))
    worths = ((tuple(n - least + 1 for n in range(LEVELS)),), (tuple(most - n + 1 for n in range(LEVELS)),))
    limits = (
        Secret(
            f"You would take {prices[least]}, not less.",
            (f"at least {prices[least]}", f"less than {prices[least]}", f"below {prices[least]}"),
        ),
        Secret(
            f"You would pay {prices[most]}, not more.",
            (f"at most {prices[most]}", f"more than {prices[most]}", f"above {prices[most]}"),
        ),
    )
    asks = (f"What is the most that {buyer.name} would pay?", f"What is the least that {seller.name} would take?")
    return Scenario(
        id=f"sale-{number}",
        family="sale",
        title="The sale",
        situation=f"{seller.name} sells a {thing}, and {buyer.name} would like to buy it.",
        parts=(
            Part(seller, f"Sell the {thing} for as much as you can.", limits[0]),
            Part(buyer, f"Buy the {thing} for as little as you can.", limits[1]),
        ),
        terms=Terms((Issue("price", options),), worths, (0, 0), needs=2),
        guesses=(
            Guess(0, 1, asks[0], options, options[most], hidden=True),
            Guess(1, 0, asks[1], options, options[least], hidden=True),
        ),
    )
