"""Keeping a secret while being asked for it. One asks, the other knows; both wonder about the other."""

from __future__ import annotations

from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families.cast import people
from arena.games.scenario.spec import Guess, Part, Scenario, Secret

PLACES: Final = ("cellar", "garden", "attic", "garage", "kitchen")
MOTIVES: Final = ("curious", "worried", "jealous", "bored")
HIDDEN: Final = ("the gift", "the key", "the letter", "the party")


def make(chance: Chance, seats: int, difficulty: int, number: str) -> Scenario:
    keeper, asker = people(chance, seats)
    what = chance.pick("what", HIDDEN)
    places = chance.shuffled("places", PLACES)[: 2 + difficulty]
    place, motive = chance.pick("place", places), chance.pick("motive", MOTIVES)
    return Scenario(
        id=f"secret-{number}",
        family="secret",
        title="The secret",
        situation=f"{keeper.name} knows where {what} is, and {asker.name} would like to know it too.",
        parts=(
            Part(keeper, f"Keep secret where {what} is, and stay friends.", Secret(f"It is in the {place}.", (place,))),
            Part(asker, f"Find out where {what} is.", knows=(f"You ask because you are {motive}.",)),
        ),
        guesses=(
            Guess(0, 1, f"Why does {asker.name} ask?", MOTIVES, motive),
            Guess(1, 0, f"Where is {what}?", places, place, hidden=True),
        ),
    )
