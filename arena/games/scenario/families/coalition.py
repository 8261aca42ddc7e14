"""A vote that a majority decides: who wants a plan has to win others for it."""

from __future__ import annotations

from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families.cast import guesses_of_option, people, secret
from arena.games.scenario.spec import Issue, Part, Scenario, Terms

PLANS: Final = ("fountain", "playground", "library", "market", "theatre", "garden", "bridge", "pool")
_COUNT: Final = {1: 3, 2: 4, 3: 5}
"""How many plans there are, by difficulty."""
_NOTHING: Final = {1: 1, 2: 3, 3: 4}
"""What it is worth to everybody that nothing is built."""


def make(chance: Chance, seats: int, difficulty: int, number: str) -> Scenario:
    cast = people(chance, seats)
    names = tuple(c.name for c in cast)
    plans = chance.shuffled("plans", PLANS)[: _COUNT[difficulty]]
    levels = (9, 7, 5, 2, 0)[: len(plans)]
    worths = tuple((chance.shuffled(f"likes/{s}", levels),) for s in range(seats))
    terms = Terms((Issue("plan", plans),), worths, (_NOTHING[difficulty],) * seats, needs=seats // 2 + 1)
    return Scenario(
        id=f"coalition-{number}",
        family="coalition",
        title="The council",
        situation=f"The council ({', '.join(names)}) decides by majority what the town builds.",
        parts=tuple(Part(c, "Have built what you like.", secret(chance, s)) for s, c in enumerate(cast)),
        terms=terms,
        guesses=guesses_of_option(terms, names, "Which plan does {} like best?"),
    )
