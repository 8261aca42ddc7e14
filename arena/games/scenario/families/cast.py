"""People for generated scenarios."""

from __future__ import annotations

from typing import Final

from arena.games.chance import Chance
from arena.games.names import NAMES
from arena.games.scenario.spec import Character, Guess, Secret, Terms

OCCUPATIONS: Final = (
    "nurse", "baker", "teacher", "driver", "clerk", "gardener", "plumber", "librarian", "cook", "student", "tailor",
    "painter", "farmer", "dentist", "lawyer", "waiter", "carpenter", "pilot", "singer", "retired", "mechanic", "barber",
)  # fmt: skip
TRAITS: Final = ("patient", "proud", "shy", "cheerful", "stubborn", "frank", "careful", "curious", "warm", "dry")
VALUES: Final = ("family", "fairness", "freedom", "security", "honesty", "success", "tradition", "friendship")
SECRETS: Final = (
    Secret("You have another offer.", ("another offer", "other offer", "somebody else")),
    Secret("You have to settle this today.", ("today", "in a hurry")),
    Secret("You have already promised it at home.", ("at home", "promised")),
    Secret("You have lost your job.", ("lost my job", "no job")),
    Secret("You would rather not see the others again.", ("see you again", "never again")),
    Secret("You have debts.", ("debts", "owe money")),
)


def people(chance: Chance, seats: int) -> tuple[Character, ...]:
    names = chance.shuffled("names", NAMES)[:seats]
    jobs = chance.shuffled("jobs", OCCUPATIONS)
    return tuple(
        Character(
            name=name,
            age=19 + chance.below(f"age/{s}", 60),
            occupation=jobs[s],
            traits=(chance.pick(f"trait/{s}", TRAITS),),
            values=(chance.pick(f"value/{s}", VALUES),),
        )
        for s, name in enumerate(names)
    )


def secret(chance: Chance, seat: int) -> Secret:
    return chance.pick(f"secret/{seat}", SECRETS)


def neighbour(seat: int, seats: int) -> int:
    """Whom a seat is asked about."""
    return (seat + 1) % seats


def guesses_of_issue(terms: Terms, names: tuple[str, ...], question: str) -> tuple[Guess, ...]:
    """Every seat guesses the issue that moves its neighbour most. ``question`` has a place for the name."""
    choices = tuple(issue.name for issue in terms.issues)
    moved = [[max(w) - min(w) for w in of_seat] for of_seat in terms.worths]
    return _guesses(names, question, choices, [choices[m.index(max(m))] for m in moved])


def guesses_of_option(terms: Terms, names: tuple[str, ...], question: str) -> tuple[Guess, ...]:
    """Every seat guesses the option of the first issue that its neighbour likes best."""
    options = terms.issues[0].options
    return _guesses(names, question, options, [options[w[0].index(max(w[0]))] for w in terms.worths])


def _guesses(names: tuple[str, ...], question: str, choices: tuple[str, ...], truths: list[str]) -> tuple[Guess, ...]:
    seats = len(names)
    about = [neighbour(s, seats) for s in range(seats)]
    return tuple(Guess(s, a, question.format(names[a]), choices, truths[a]) for s, a in enumerate(about))
