"""Dividing things, or chores: every issue is a thing, and its options are the people at the table."""

from __future__ import annotations

from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families.cast import guesses_of_issue, people, secret
from arena.games.scenario.families.walking import lowered, walks
from arena.games.scenario.spec import Issue, Part, Scenario, Terms

GOODS: Final = ("clock", "piano", "car", "boat", "ring", "books")
CHORES: Final = ("dishes", "windows", "garden", "laundry", "stairs", "trash")
_UNDONE: Final = 6
"""What it costs all together that a chore is left undone; more where they all loathe the chores."""
_MORE: Final = {1: 2, 2: 1, 3: 0}
"""How many things there are more than people, by difficulty: the fewer, the harder."""


def make(chance: Chance, seats: int, difficulty: int, number: str) -> Scenario:
    cast = people(chance, seats)
    names = tuple(c.name for c in cast)
    chores = chance.below("chores", 2) == 0
    count = max(3, seats + _MORE[difficulty])
    things = chance.shuffled("things", CHORES if chores else GOODS)[:count]
    values = [tuple(1 + chance.below(f"value/{s}/{t}", 9) for t in things) for s in range(seats)]
    worths = tuple(
        tuple(tuple((-v if chores else v) * (name == names[s]) for name in names) for v in values[s])
        for s in range(seats)
    )
    undone = (-_UNDONE * count // seats,) * seats
    walk = lowered(undone, worths, seats) if chores else walks(chance, worths, seats, 0)
    terms = Terms(tuple(Issue(t, names) for t in things), worths, walk, needs=seats)
    everybody = f"{', '.join(names[:-1])} and {names[-1]}"
    return Scenario(
        id=f"split-{number}",
        family="split",
        title="The chores" if chores else "The heirloom",
        situation=f"{everybody} share a house, and somebody has to do the chores."
        if chores
        else f"{everybody} have inherited some things and divide them.",
        parts=tuple(
            Part(c, "Get away with little work." if chores else "Get what you like best.", secret(chance, s))
            for s, c in enumerate(cast)
        ),
        terms=terms,
        guesses=guesses_of_issue(
            terms, names, "What would {} least like to do?" if chores else "What does {} want most?"
        ),
    )
