"""A common pot with talk before it: giving helps all, keeping helps oneself. Promises bind nobody."""

from __future__ import annotations

from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families.cast import neighbour, people
from arena.games.scenario.spec import Giving, Guess, Part, Scenario, Secret

WISHES: Final = ("bicycle", "piano", "camera", "boat", "guitar")
_PERCENT: Final = {1: 180, 2: 160, 3: 140}
"""By how much the pot grows, by difficulty; for two seats a single coin then comes back as 90, 80 or 70 percent."""


def make(chance: Chance, seats: int, difficulty: int, number: str) -> Scenario:
    cast = people(chance, seats)
    names = tuple(c.name for c in cast)
    purse = 4 * (1 + chance.below("purse", 5))
    wishes = [chance.pick(f"wish/{s}", WISHES) for s in range(seats)]
    about = [neighbour(s, seats) for s in range(seats)]
    return Scenario(
        id=f"pot-{number}",
        family="pot",
        title="The pot",
        situation=f"{', '.join(names[:-1])} and {names[-1]} can put coins into a pot that grows, to be shared evenly.",
        parts=tuple(
            Part(
                c,
                "Have as many coins as you can in the end.",
                Secret(f"You save for a {wishes[s]}.", (wishes[s],)),
            )
            for s, c in enumerate(cast)
        ),
        giving=Giving(purse, _PERCENT[difficulty]),
        guesses=tuple(
            Guess(s, a, f"What does {names[a]} save for?", WISHES, wishes[a], hidden=True) for s, a in enumerate(about)
        ),
    )
