"""What a scenario is: the situation that everybody knows, and the part of each seat that only it knows.

A scenario holds at most one *matter* that a computer can settle: ``terms`` to agree on or ``giving`` into a pot, and
``guesses`` that are made when the talk is over. One without a matter is for people and judges.

Letters: S seats, I issues.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

Json = Any

SEATS: Final = (2, 8)
"""The fewest and the most seats of a scenario."""
MOST_ISSUES: Final = 6


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody to be. Name, age and occupation are known to the whole table, the rest to whoever plays them."""

    name: str
    age: int
    occupation: str
    traits: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Secret:
    """What a seat had better not say. ``tells``: whoever says one of these words has let it out."""

    text: str
    tells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One seat: who it is and what only it knows. ``relations`` maps the names of others to what they are to it."""

    character: Character
    goal: str
    secret: Secret | None = None
    knows: tuple[str, ...] = ()
    relations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to be settled, as one of its ``options``."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Something to agree on. The issues and ``needs`` (how many seats must agree) are public.

    ``worths[seat][issue][option]`` and ``walk[seat]`` (what it is worth to have no agreement) are known to the seat
    alone.
    """

    issues: tuple[Issue, ...]
    worths: tuple[tuple[tuple[int, ...], ...], ...]
    walk: tuple[int, ...]
    needs: int


@dataclass(frozen=True, slots=True)
class Giving:
    """A common pot: each has ``purse`` coins and gives some of them in secret; what is given grows by ``percent`` and
    is shared out evenly."""

    purse: int
    percent: int


@dataclass(frozen=True, slots=True)
class Guess:
    """What ``seat`` is asked about the seat ``about`` when the talk is over. ``hidden``: the other had rather it were
    not found out. Only the server knows ``truth``."""

    seat: int
    about: int
    question: str
    choices: tuple[str, ...]
    truth: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole scenario. ``family`` names the generator that made it, or is ``written``."""

    id: str
    family: str
    title: str
    situation: str
    parts: tuple[Part, ...]
    terms: Terms | None = None
    giving: Giving | None = None
    guesses: tuple[Guess, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(part.character.name for part in self.parts)

    def guess_of(self, seat: int) -> Guess | None:
        return next((g for g in self.guesses if g.seat == seat), None)

    def to_json(self) -> dict[str, Json]:
        return json.loads(json.dumps(asdict(self)))  # lists for tuples, as an event holds them

    @classmethod
    def from_json(cls, raw: Mapping[str, Json]) -> Scenario:
        terms, giving = raw["terms"], raw["giving"]
        return cls(
            id=raw["id"],
            family=raw["family"],
            title=raw["title"],
            situation=raw["situation"],
            parts=tuple(_part(p) for p in raw["parts"]),
            terms=None if terms is None else _terms(terms),
            giving=None if giving is None else Giving(**giving),
            guesses=tuple(Guess(**{**g, "choices": tuple(g["choices"])}) for g in raw["guesses"]),
        )


def _part(raw: Mapping[str, Json]) -> Part:
    person, secret = raw["character"], raw["secret"]
    return Part(
        character=Character(**{**person, "traits": tuple(person["traits"]), "values": tuple(person["values"])}),
        goal=raw["goal"],
        secret=None if secret is None else Secret(secret["text"], tuple(secret["tells"])),
        knows=tuple(raw["knows"]),
        relations=tuple((name, text) for name, text in raw["relations"]),
    )


def _terms(raw: Mapping[str, Json]) -> Terms:
    return Terms(
        issues=tuple(Issue(i["name"], tuple(i["options"])) for i in raw["issues"]),
        worths=worths_of(raw["worths"]),
        walk=tuple(raw["walk"]),
        needs=raw["needs"],
    )


def worths_of(raw: Sequence[Sequence[Sequence[int]]]) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """Nested lists, as JSON has them, as tuples (S, I, options)."""
    return tuple(tuple(tuple(options) for options in issues) for issues in raw)
