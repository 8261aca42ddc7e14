"""The generators by name. Five are for training; the others are kept for seeing what carries over (``TRANSFER``).

A scenario is made from a number: even ones are for training, odd ones for tests, so no scenario is ever made for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families import bargain, coalition, meeting, pot, sale, secret, split, trait
from arena.games.scenario.spec import Scenario
from arena.games.scenario.state import ScenarioOptions

Make = Callable[[Chance, int, int, str], Scenario]
NUMBERS: Final = 2**40
"""How many numbers there are for each split."""


@dataclass(frozen=True, slots=True)
class Family:
    """``make(chance, seats, difficulty, number)`` for between ``seats[0]`` and ``seats[1]`` people."""

    make: Make
    seats: tuple[int, int]


FAMILIES: Final[dict[str, Family]] = {
    "bargain": Family(bargain.make, (2, 2)),
    "split": Family(split.make, (2, 4)),
    "sale": Family(sale.make, (2, 2)),
    "pot": Family(pot.make, (2, 8)),
    "trait": Family(trait.make, (2, 2)),
    "meeting": Family(meeting.make, (2, 8)),
    "coalition": Family(coalition.make, (3, 8)),
    "secret": Family(secret.make, (2, 2)),
}
TRANSFER: Final = ("meeting", "coalition", "secret")
GROUPS: Final = {
    "any": tuple(FAMILIES),
    "training": tuple(f for f in FAMILIES if f not in TRANSFER),
    "transfer": TRANSFER,
}
"""What may stand in the place of one family: one of these is drawn."""


def families_for(seats: int, group: str = "any") -> tuple[str, ...]:
    """Those of a group that fit so many seats."""
    return tuple(f for f in GROUPS[group] if FAMILIES[f].seats[0] <= seats <= FAMILIES[f].seats[1])


def draw(options: ScenarioOptions, chance: Chance) -> Scenario:
    """The scenario of a match; all that is drawn of it follows from a number and the options."""
    group = families_for(options.seats, options.family) if options.family in GROUPS else (options.family,)
    family = chance.pick("family", group)
    number = 2 * chance.below("number", NUMBERS) + (options.split == "test")
    name = f"{options.seats}-{options.difficulty}-{number}"
    return FAMILIES[family].make(Chance(f"{family}/{name}"), options.seats, options.difficulty, name)
