"""Bargaining over several issues with private values: two people, three or four issues.

Each issue's options go from what the first person wants to what the second wants. What an issue weighs, each knows for
itself, so both gain when each gives way where it costs little (logrolling). At less difficulty there are issues in
which both want the same without knowing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from arena.games.chance import Chance
from arena.games.scenario.families.cast import guesses_of_issue, people, secret
from arena.games.scenario.families.walking import walks
from arena.games.scenario.spec import Issue, Part, Scenario, Terms

_WEIGHTS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9)
_ALIKE: Final = {1: 50, 2: 20, 3: 0}
"""Percent of issues in which both want the same, by difficulty."""
_WALK: Final = {1: 20, 2: 30, 3: 38}
"""What having no agreement is worth at most, in percent of the most that the terms could be worth."""


@dataclass(frozen=True, slots=True)
class Theme:
    """``wants``: the goal of the first and of the second. ``issues`` go from the first's wish to the second's."""

    title: str
    situation: str
    wants: tuple[str, str]
    issues: tuple[Issue, ...]


THEMES: Final = (
    Theme(
        "The flat",
        "{0} wants to rent the flat that {1} lets.",
        ("Rent the flat on terms that suit you.", "Let the flat on terms that suit you."),
        (
            Issue("rent", ("low", "fair", "high")),
            Issue("deposit", ("none", "half", "full")),
            Issue("start", ("May", "June", "July")),
            Issue("pets", ("welcome", "small", "forbidden")),
        ),
    ),
    Theme(
        "The job",
        "{0} has been offered a job by {1}.",
        ("Get good terms for your work.", "Win a good worker on good terms."),
        (
            Issue("pay", ("high", "fair", "low")),
            Issue("hours", ("few", "usual", "many")),
            Issue("travel", ("never", "monthly", "weekly")),
            Issue("start", ("July", "June", "May")),
        ),
    ),
    Theme(
        "The kitchen",
        "{0} wants a new kitchen, and {1} is to build it.",
        ("Get the kitchen built as you like it.", "Get the work on terms that pay."),
        (
            Issue("price", ("low", "fair", "high")),
            Issue("wood", ("oak", "beech", "pine")),
            Issue("payment", ("after", "half", "before")),
            Issue("noise", ("evenings", "afternoons", "mornings")),
        ),
    ),
    Theme(
        "The stall",
        "{0} and {1} plan a stall at the market together.",
        ("Get a stall that suits you.", "Get a stall that suits you."),
        (
            Issue("goods", ("bread", "soup", "cake")),
            Issue("place", ("gate", "square", "bridge")),
            Issue("hours", ("mornings", "afternoons", "evenings")),
            Issue("share", ("low", "half", "high")),
        ),
    ),
    Theme(
        "The trip",
        "{0} and {1} want to travel together.",
        ("Have the trip that you dream of.", "Have the trip that you dream of."),
        (
            Issue("place", ("sea", "city", "mountains")),
            Issue("length", ("short", "usual", "long")),
            Issue("bed", ("tent", "hostel", "hotel")),
            Issue("start", ("May", "June", "July")),
        ),
    ),
)


def make(chance: Chance, seats: int, difficulty: int, number: str) -> Scenario:
    theme = chance.pick("theme", THEMES)
    cast = people(chance, seats)
    names = tuple(c.name for c in cast)
    issues = tuple(
        i for i in theme.issues if i in chance.shuffled("issues", theme.issues)[: 3 + chance.below("four", 2)]
    )
    weights = [chance.shuffled(f"weights/{s}", _WEIGHTS)[: len(issues)] for s in range(seats)]
    worths = tuple(
        tuple(_worths(chance, s, i, len(issue.options), weights[s][i], difficulty) for i, issue in enumerate(issues))
        for s in range(seats)
    )
    terms = Terms(issues, worths, walks(chance, worths, seats, _WALK[difficulty]), needs=seats)
    return Scenario(
        id=f"bargain-{number}",
        family="bargain",
        title=theme.title,
        situation=theme.situation.format(*names),
        parts=tuple(Part(c, theme.wants[s], secret(chance, s)) for s, c in enumerate(cast)),
        terms=terms,
        guesses=guesses_of_issue(terms, names, "What matters most to {}?"),
    )


def _worths(chance: Chance, seat: int, issue: int, options: int, weight: int, difficulty: int) -> tuple[int, ...]:
    """The first seat likes the first option best, the second the last; where they are alike, both like the same end."""
    alike = chance.below(f"alike/{issue}", 100) < _ALIKE[difficulty]
    likes_first = chance.below(f"end/{issue}", 2) == 0 if alike else seat == 0
    rising = tuple(weight * n for n in range(options))
    return rising[::-1] if likes_first else rising
