"""Guess what the other likes: each has a taste that it may hint at but not name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families.cast import people
from arena.games.scenario.spec import Guess, Part, Scenario, Secret

TASTES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "place": {
        "sea": ("waves", "salt air", "sand"),
        "mountains": ("snow", "steep paths", "thin air"),
        "city": ("crowds", "trams", "neon"),
        "forest": ("moss", "tall trees", "owls"),
        "desert": ("dunes", "dry heat", "camels"),
    },
    "animal": {
        "cat": ("purring", "whiskers", "naps"),
        "dog": ("long walks", "barking", "loyalty"),
        "horse": ("saddles", "stables", "galloping"),
        "bird": ("feathers", "songs at dawn", "wings"),
        "fish": ("scales", "clear water", "silence"),
    },
    "food": {
        "soup": ("spoons", "steam", "bowls"),
        "cake": ("candles", "sugar", "icing"),
        "bread": ("crusts", "ovens", "flour"),
        "cheese": ("caves", "rinds", "mould"),
        "fruit": ("orchards", "peel", "juice"),
    },
}
"""Kind of taste → what can be liked → what a hint at it may speak of."""


def make(chance: Chance, seats: int, difficulty: int, number: str) -> Scenario:
    cast = people(chance, seats)
    kind = chance.pick("kind", tuple(TASTES))
    choices = chance.shuffled("choices", tuple(TASTES[kind]))[: 2 + difficulty]
    likes = [chance.pick(f"likes/{s}", choices) for s in range(seats)]
    first, second = cast
    return Scenario(
        id=f"trait-{number}",
        family="trait",
        title="Tastes",
        situation=f"{first.name} and {second.name} get to know each other. Neither may name the {kind} they like best.",
        parts=tuple(
            Part(
                c,
                f"Find out which {kind} the other likes best, and let yours be found out.",
                Secret(f"The {kind} that you like best is: {likes[s]}.", (likes[s],)),
            )
            for s, c in enumerate(cast)
        ),
        guesses=tuple(
            Guess(s, 1 - s, f"Which {kind} does {cast[1 - s].name} like best?", choices, likes[1 - s])
            for s in range(seats)
        ),
    )
