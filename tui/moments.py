"""The moments that decided a match, as the face of a game finds them in its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MOST: Final = 3
"""So many are told."""


@dataclass(frozen=True, slots=True)
class Moment:
    """``when`` in the game's own words, such as "Day 2"; ``text`` a sentence about who did what. ``weight`` says how
    much of the outcome hung on it, compared with other moments of this match only."""

    when: str
    text: str
    weight: int


def decisive(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """The few that weigh most, in the order in which they came; of equals the later ones."""
    found = list(moments)
    ranked = sorted(range(len(found)), key=lambda n: (found[n].weight, n), reverse=True)[:MOST]
    return tuple(found[n] for n in sorted(ranked))
