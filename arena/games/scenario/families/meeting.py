"""Finding a time that suits all: everybody knows only its own calendar."""

from __future__ import annotations

from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families.cast import guesses_of_option, people, secret
from arena.games.scenario.families.walking import walks
from arena.games.scenario.spec import Issue, Part, Scenario, Terms

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
HOURS: Final = ("morning", "noon", "evening")
OCCASIONS: Final = ("a party", "a rehearsal", "a picnic", "a reading", "a match")
_WALK: Final = {1: 25, 2: 40, 3: 55}


def make(chance: Chance, seats: int, difficulty: int, number: str) -> Scenario:
    cast = people(chance, seats)
    names = tuple(c.name for c in cast)
    worths = tuple(
        (
            tuple(2 * n for n in chance.shuffled(f"days/{s}", range(len(DAYS)))),
            tuple(2 * n for n in chance.shuffled(f"hours/{s}", range(len(HOURS)))),
        )
        for s in range(seats)
    )
    issues = (Issue("day", DAYS), Issue("time", HOURS))
    terms = Terms(issues, worths, walks(chance, worths, seats, _WALK[difficulty]), needs=seats)
    occasion = chance.pick("occasion", OCCASIONS)
    return Scenario(
        id=f"meeting-{number}",
        family="meeting",
        title="The date",
        situation=f"{', '.join(names[:-1])} and {names[-1]} look for a time for {occasion}.",
        parts=tuple(Part(c, "Find a time that suits you.", secret(chance, s)) for s, c in enumerate(cast)),
        terms=terms,
        guesses=guesses_of_option(terms, names, "Which day suits {} best?"),
    )
